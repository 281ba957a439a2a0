'use strict';

/*
 * Rolebridge for Node: what `require('rolebridge')` gives. The behaviour is native; token-source.js is the way to it.
 */

const {
  RolebridgeError,
  ConfigError,
  IdentityError,
  RefusedError,
  UnavailableError,
  MalformedError,
  InternalError,
} = require('./errors.js');
const { TokenSource } = require('./token-source.js');
const { version } = require('../package.json');

/** Google's library comes into play here only: a program that just wants tokens does not load it. */
function createAuthClient(options) {
  return require('./create-auth-client.js').createAuthClient(options, createAuthClient);
}

/** A source that is dropped at once still leaves its token to the others of its configuration. */
function warm(options) {
  if (options?.identity !== undefined) {
    throw new TypeError('identity is no option of warm, since no other source has that supplier: use source.warm()');
  }
  try {
    TokenSource.fromEnv(options).warm();
  } catch (problem) {
    // What is wrong with the file is told to the first call that wants the token; a wrong option is told here.
    if (problem instanceof TypeError) throw problem;
  }
}

// Spelt out, so that `import { RefusedError } from 'rolebridge'` finds them.
module.exports = {
  TokenSource,
  createAuthClient,
  warm,
  version,
  RolebridgeError,
  ConfigError,
  IdentityError,
  RefusedError,
  UnavailableError,
  MalformedError,
  InternalError,
};
