'use strict';

/*
 * What Google's class is told of a credential file: as much as core has checked, and no option that only a program may
 * choose.
 */

/**
 * The members of a file that core has checked. Google's class would take others as options of its own: where to look for
 * a project with our token in hand, through what to send every request.
 */
const CHECKED = {
  type: true,
  audience: true,
  subject_token_type: true,
  token_url: true,
  credential_source: {
    environment_id: true,
    region_url: true,
    url: true,
    imdsv2_session_token_url: true,
    regional_cred_verification_url: true,
  },
  service_account_impersonation_url: true,
  service_account_impersonation: { token_lifetime_seconds: true },
  client_id: true,
  client_secret: true,
};

function checkedMembers(file, checked = CHECKED) {
  const members = Object.entries(checked).filter(([name]) => file[name] !== undefined && file[name] !== null);
  return Object.fromEntries(
    members.map(([name, inner]) => [name, inner === true ? file[name] : checkedMembers(file[name], inner)]),
  );
}

/**
 * A file's text for core: of all that core checks, what Google's class would read, and the other members of the file, so
 * that core can say what is wrong with them. Objects of other names are options of the program, merged into the file.
 */
function textOf(file) {
  const others = Object.entries(file).filter(([, value]) => typeof value !== 'object');
  return JSON.stringify({ ...Object.fromEntries(others), ...wholeMembers(file, CHECKED) });
}

/** The members of these names, in which an object keeps its other members too. They may be getters of a class. */
function wholeMembers(file, names) {
  const members = {};
  for (const [name, inner] of Object.entries(names)) {
    const value = file[name];
    const isObject = inner !== true && typeof value === 'object' && value !== null && !Array.isArray(value);
    if (value !== undefined) members[name] = isObject ? { ...value, ...wholeMembers(value, inner) } : value;
  }
  return members;
}

const isText = (value) => typeof value === 'string';
const isFlag = (value) => typeof value === 'boolean';
/** Text holds no function: what has one comes from the program. */
const isTransporter = (value) => typeof value?.request === 'function';
/** An hour: with more, Google's class would take every token for ended. */
const MOST_EAGER = 3_600_000;

/** Options of a program that may have been merged with its file, where they are of no use to a stranger's. */
const HARMLESS = {
  scopes: (value) => isText(value) || (Array.isArray(value) && value.every(isText)),
  quotaProjectId: isText,
  transporter: isTransporter,
  useAuthRequestParameters: isFlag,
  forceRefreshOnFailure: isFlag,
  eagerRefreshThresholdMillis: (value) => typeof value === 'number' && value <= MOST_EAGER,
};

function harmlessOptions(options) {
  const names = Object.keys(HARMLESS).filter((name) => HARMLESS[name](options[name]));
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

/** Options that Google's class takes without a word, for a client that can only say what is wrong with its own. */
const STAND_IN = {
  type: 'external_account',
  audience: '',
  subject_token_type: 'urn:ietf:params:aws:token-type:aws4_request',
  credential_source: {
    environment_id: 'aws1',
    regional_cred_verification_url: 'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
  },
};

/** As a file that names this provider and this account would say it to Google's class, which sends nothing there itself. */
function membersOf(audience, serviceAccount, universe) {
  const accounts = `https://iamcredentials.${universe}/v1/projects/-/serviceAccounts`;
  const url = serviceAccount && `${accounts}/${serviceAccount}:generateAccessToken`;
  return { ...STAND_IN, audience, service_account_impersonation_url: url };
}

module.exports = { STAND_IN, checkedMembers, harmlessOptions, membersOf, textOf };
