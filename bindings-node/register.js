'use strict';

/*
 * `node --require rolebridge/register`: every copy of google-auth-library that is loaded reads AWS credential files with
 * Rolebridge, and everything else by itself. A program that bundles the library cannot be reached this way; it calls
 * `createAuthClient`.
 */

const Module = require('node:module');
const { clientFor } = require('./external-account.js');

/** A copy by name, or by the file name that its ESM importers pass. */
const REQUEST = /(^|[\\/])google-auth-library([\\/]build[\\/]src[\\/]index\.js)?$/;
const FILE = /[\\/]google-auth-library[\\/]build[\\/]src[\\/]index\.js$/;

const seen = new WeakSet();

function adopt(library) {
  const { ExternalAccountClient, GoogleAuth } = library ?? {};
  if (typeof ExternalAccountClient !== 'function' || seen.has(ExternalAccountClient)) return;
  seen.add(ExternalAccountClient);

  // GoogleAuth of majors 10 and 11 merges a file with the program's options before it passes both on. They are taken
  // apart here, since not everything that a program may choose may be a file's choice.
  let apart;
  const makeClient = GoogleAuth.prototype.fromJSON;
  GoogleAuth.prototype.fromJSON = function fromJSON(file, options) {
    apart = { file, options };
    try {
      return makeClient.call(this, file, options);
    } finally {
      apart = undefined;
    }
  };

  const theirs = ExternalAccountClient.fromJSON;
  // Major 9 has a second argument: the program's own options.
  ExternalAccountClient.fromJSON = function fromJSON(merged, additional) {
    const { file, options } = apart ?? { file: merged, options: additional };
    const client = file && clientFor(library, file, options);
    return client ?? theirs.call(this, merged, additional);
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
