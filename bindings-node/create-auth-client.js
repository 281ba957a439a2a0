'use strict';

/* `createAuthClient`: whose credential it is that the program or the environment names, and the client for it. */

const { readFileSync } = require('node:fs');
const native = require('./native.js');
const { classFor } = require('./client-class.js');
const { membersOf, textOf } = require('./client-options.js');
const { deferredClass } = require('./deferred-client.js');
const environment = require('./snapshot.js');
const { errorFrom, guarded } = require('./errors.js');
const { applicationLibrary } = require('./library-lookup.js');
const { clientOptions } = require('./options.js');
const { TokenSource, audienceOf, universeOf } = require('./token-source.js');

/** Formats of keys that Google's library reads beside JSON, by their names as it does. */
const KEY_FILE = /\.(der|crt|pem|p12|pfx)$/i;

/** See index.d.ts. `door` is the function that the program has called. */
function createAuthClient(options, door) {
  const { audience, serviceAccount, ...others } = clientOptions(options);
  const { keyFilename, credentials, library = applicationLibrary(door), ...sourceOptions } = others;
  if (audience !== undefined) {
    const source = TokenSource.fromAudience(audience, serviceAccount, sourceOptions);
    const members = membersOf(audienceOf(source), serviceAccount, universeOf(source));
    return new (classFor(library))(members, { scopes: source.scopes }, source);
  }
  const text = credentials ? textOf(credentials) : keyFilename ? read(keyFilename) : textOfEnvironment();
  if (text !== undefined && guarded(() => native.isSupported(text))) {
    const source = TokenSource.fromJSON(text, sourceOptions);
    const Client = classFor(library);
    return new Client(JSON.parse(text), { scopes: source.scopes }, source);
  }
  return googleClient(library, credentials ?? parsed(text), { keyFilename, ...sourceOptions });
}

/** What the environment names. A damaged text is nobody's: looking elsewhere would find another identity. */
function textOfEnvironment() {
  const text = guarded(() => native.credentialText(environment.snapshot())) ?? undefined;
  if (text !== undefined && typeof text !== 'string') throw errorFrom(text);
  if (text !== undefined && parsed(text) === undefined) TokenSource.fromJSON(text);
  return text;
}

/** What is neither JSON nor, by its name, a key of another format is refused in the words of core, as in the others. */
function read(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    TokenSource.fromFile(path);
    throw cause;
  }
  if (parsed(text) === undefined && !KEY_FILE.test(path)) TokenSource.fromFile(path);
  return text;
}

/** Google's own client for what is not ours to read. */
function googleClient(library, file, { keyFilename, scopes, quotaProjectId, universeDomain }) {
  const clientOptions = defined({ quotaProjectId, universeDomain });
  if (file) {
    const client = new library.GoogleAuth({ scopes }).fromJSON(file, clientOptions);
    // A client of some types takes the file's even where that is none.
    return Object.assign(client, clientOptions);
  }
  // A key file of another format, or none: where Google's library looks by itself takes asking.
  return new (deferredClass(library))(new library.GoogleAuth({ keyFilename, scopes, clientOptions }));
}

function defined(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The object that a text stands for; undefined if it stands for none. */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { createAuthClient };
