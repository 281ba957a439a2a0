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

/** Google's library comes into play here only: a program that just wants tokens does not load it. */
function createAuthClient(options) {
  return require('./auth-client.js').createAuthClient(options);
}

// Spelt out, so that `import { RefusedError } from 'rolebridge'` finds them.
module.exports = {
  TokenSource,
  createAuthClient,
  RolebridgeError,
  ConfigError,
  IdentityError,
  RefusedError,
  UnavailableError,
  MalformedError,
  InternalError,
};
