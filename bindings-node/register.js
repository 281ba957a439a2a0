'use strict';

/*
 * `node --require rolebridge/register`: every copy of google-auth-library that is loaded reads AWS credential files with
 * Rolebridge, and everything else by itself. A program that bundles the library cannot be reached this way; it calls
 * `createAuthClient`.
 */

const Module = require('node:module');
const { clientFor } = require('./auth-client.js');

/** A copy by name, or by the file name that its ESM importers pass. */
const REQUEST = /(^|[\\/])google-auth-library([\\/]build[\\/]src[\\/]index\.js)?$/;
const FILE = /[\\/]google-auth-library[\\/]build[\\/]src[\\/]index\.js$/;

const seen = new WeakSet();

function adopt(library) {
  const ExternalAccountClient = library?.ExternalAccountClient;
  if (typeof ExternalAccountClient !== 'function' || seen.has(ExternalAccountClient)) return;
  seen.add(ExternalAccountClient);
  const theirs = ExternalAccountClient.fromJSON;
  // Major 9 has a second argument: the program's own options.
  ExternalAccountClient.fromJSON = function fromJSON(options, additional) {
    const client = options && clientFor(library, options, additional);
    return client ?? theirs.call(this, options, additional);
  };
}

const load = Module._load;
Module._load = function rolebridgeLoad(request, ...rest) {
  const exports = load.call(this, request, ...rest);
  if (typeof request === 'string' && REQUEST.test(request)) adopt(exports);
  return exports;
};

for (const [file, module] of Object.entries(require.cache)) {
  if (FILE.test(file)) adopt(module.exports);
}
