'use strict';

/*
 * What Google's class is told of a credential file: as much as core has checked, and no option that only a program may
 * choose.
 */

/**
 * The members of a file that core has checked. Google's class would take others as options of its own: where to look for
 * a project with our token in hand, through what to send every request.
 */
const CHECKED_MEMBERS = [
  'type',
  'audience',
  'subject_token_type',
  'token_url',
  'credential_source',
  'service_account_impersonation_url',
  'service_account_impersonation',
  'client_id',
  'client_secret',
];

function checkedMembers(file) {
  return Object.fromEntries(CHECKED_MEMBERS.filter((name) => name in file).map((name) => [name, file[name]]));
}

/** What may be the program's among options that majors 10 and 11 have merged with a file, and is harmless if it is not. */
function harmlessOptions(options) {
  const { transporter, eagerRefreshThresholdMillis, forceRefreshOnFailure } = options;
  const harmless = {};
  if (isLive(transporter)) harmless.transporter = transporter;
  if (typeof eagerRefreshThresholdMillis === 'number') {
    harmless.eagerRefreshThresholdMillis = eagerRefreshThresholdMillis;
  }
  if (typeof forceRefreshOnFailure === 'boolean') harmless.forceRefreshOnFailure = forceRefreshOnFailure;
  return harmless;
}

/** Whether a value is an object of some class: such options stand beside a file's members, and are none of them. */
function isLive(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype !== null && prototype !== Object.prototype;
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

module.exports = { STAND_IN, checkedMembers, harmlessOptions, isLive };
