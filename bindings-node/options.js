'use strict';

/*
 * The options of every function, checked by name. One that is unknown or holds nothing is a TypeError: passed over in
 * silence, it would have another identity looked for than the one that was meant.
 */

const { fileURLToPath } = require('node:url');
const { isUint8Array } = require('node:util/types');

function text(name, value) {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`);
  if (value === '') throw new TypeError(`${name} is empty: leave it out, or give it a value`);
  return value;
}

/** A string is a list of one. */
function list(name, value) {
  if (typeof value === 'string') return [text(name, value)];
  if (!Array.isArray(value)) throw new TypeError(`${name} must be a string or an array of strings`);
  if (value.length === 0) throw new TypeError(`${name} is empty: leave it out, or give it a value`);
  return value.map((item) => text(`each of ${name}`, item));
}

/** Bytes of any realm; a text would have to be encoded, and only its owner knows how. */
function bytes(name, value) {
  if (!isUint8Array(value)) throw new TypeError(`${name} must be a Buffer or a Uint8Array`);
  return value;
}

function flag(name, value) {
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean`);
  return value;
}

function signal(name, value) {
  if (typeof value?.addEventListener !== 'function' || typeof value.aborted !== 'boolean') {
    throw new TypeError(`${name} must be an AbortSignal`);
  }
  return value;
}

/** The path of a file that is named by a path or by a `file:` URL. */
function path(name, value) {
  if (typeof value === 'object' && typeof value?.href === 'string') {
    if (value.protocol !== 'file:') throw new TypeError(`${name} is a URL of another scheme than file:`);
    return fileURLToPath(value.href);
  }
  if (typeof value !== 'string') throw new TypeError(`${name} must be a path or a file: URL`);
  return text(name, value);
}

/** A credential file's content as an object. */
function content(name, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} must be the object that a credential file holds; keyFilename takes a path`);
  }
  if (typeof value.token === 'function') {
    throw new TypeError(`${name} is a TokenSource and not a credential file: give its own file here`);
  }
  if (Reflect.ownKeys(value).length === 0 && Object.getPrototypeOf(value) === Object.prototype) {
    throw new TypeError(`${name} is empty: leave it out, or give it a value`);
  }
  return value;
}

function library(name, value) {
  for (const member of ['AuthClient', 'AwsClient', 'GoogleAuth']) {
    if (typeof value?.[member] !== 'function') {
      throw new TypeError(`${name} must be a loaded google-auth-library, 9 to 11: it has no ${member}`);
    }
  }
  return value;
}

/** A function, or google-auth-library's supplier of AWS credentials. */
function identity(name, value) {
  const methods = [value?.getAwsSecurityCredentials, value?.getAwsRegion];
  if (typeof value === 'function' || methods.every((method) => typeof method === 'function')) return value;
  throw new TypeError(
    `${name} must be a function that gives AWS credentials, as the AWS SDK's providers are, or an object with ` +
      'getAwsSecurityCredentials and getAwsRegion',
  );
}

const SOURCE = {
  scopes: list,
  quotaProjectId: text,
  universeDomain: text,
  allowEndpoints: list,
  profile: text,
  roleArn: text,
  roleSessionName: text,
  externalId: text,
  identity,
};
const CLIENT = {
  keyFilename: path,
  keyFile: path,
  credentials: content,
  audience: text,
  serviceAccount: text,
  library,
  ...SOURCE,
};
const WAIT = { signal };
const ID_TOKEN = { includeEmail: flag, ...WAIT };

function sourceOptions(options) {
  return checked(options, SOURCE);
}

function waitOptions(options) {
  return checked(options, WAIT);
}

function idTokenOptions(options) {
  return checked(options, ID_TOKEN);
}

/** The options of createAuthClient, with the file under one name. */
function clientOptions(options) {
  const { keyFile, keyFilename = keyFile, ...others } = checked(options, CLIENT);
  const named = ['keyFilename', 'keyFile', 'credentials', 'audience'].filter((name) => options?.[name] !== undefined);
  if (named.length > 1) throw new TypeError(`${named.join(' and ')} each name a credential: give one of them`);
  if (others.serviceAccount !== undefined && others.audience === undefined) {
    throw new TypeError('serviceAccount goes with audience: a credential file names its own');
  }
  return { keyFilename, ...others };
}

function checked(options, known) {
  if (options === undefined) return {};
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`options must be an object with some of ${Object.keys(known).join(', ')}`);
  }
  const values = {};
  for (const name in options) {
    if (!Object.hasOwn(known, name)) throw new TypeError(unknown(name, Object.keys(known)));
    const value = options[name];
    if (value === undefined || value === null) {
      throw new TypeError(`${name} is ${value}: leave it out, or give it a value`);
    }
    values[name] = known[name](name, value);
  }
  return values;
}

function unknown(name, known) {
  const distances = known.map((other) => distance(simple(name), simple(other)));
  const least = Math.min(...distances);
  const nearest = known[distances.indexOf(least)];
  if (least <= Math.max(2, nearest.length / 3)) return `there is no option ${name}; the nearest is ${nearest}`;
  return `there is no option ${name}; there are ${known.join(', ')}`;
}

function simple(name) {
  return name.replaceAll('_', '').toLowerCase();
}

/** How many letters have to be added, removed or changed to make one text of another (Levenshtein's distance). */
function distance(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at++) {
      next.push(Math.min(next[at] + 1, row[at + 1] + 1, row[at] + (letter === to[at] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length];
}

module.exports = { bytes, clientOptions, idTokenOptions, list, path, sourceOptions, text, waitOptions };
