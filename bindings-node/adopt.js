'use strict';

/*
 * Makes a loaded copy of google-auth-library read AWS credential files with Rolebridge, and everything else by itself.
 * Two of its files are changed, as they are loaded: so it does not matter by which name, and for which file, a program
 * asks the library.
 */

const { dirname, join } = require('node:path');
const { debuglog } = require('node:util');
const { clientFor } = require('./external-account.js');

/** Shown where the variable NODE_DEBUG names rolebridge. */
const debug = debuglog('rolebridge');

/** The two files, in a copy of whatever name. */
const FILE = /[\\/]build[\\/]src[\\/]auth[\\/](externalclient|googleauth)\.js$/;

/** Marks what has been changed: once is enough, whoever else loaded this file, in whatever realm. */
const ADOPTED = Symbol.for('rolebridge.adopted');

/**
 * GoogleAuth of majors 10 and 11 merges a file with the program's options before it passes both on. They are kept apart
 * here while it does, since not everything that a program may choose may be a file's choice.
 */
let apart;

/** Changes what a file of the library exports, if it is one of the two. `load` is a `require` of the same loader. */
function adopt(file, exports, load) {
  if (!FILE.test(file)) return;
  const { ExternalAccountClient, GoogleAuth } = exports ?? {};
  if (isNew(ExternalAccountClient)) {
    const { AwsClient } = load(join(dirname(file), 'awsclient.js'));
    if (isNew(AwsClient)) {
      adoptClients(ExternalAccountClient, AwsClient);
      debug('AWS credential files are read by Rolebridge for %s', file.replace(FILE, ''));
    }
  }
  if (isNew(GoogleAuth)) adoptAuth(GoogleAuth);
}

function isNew(value) {
  return typeof value === 'function' && !Object.hasOwn(value, ADOPTED);
}

function mark(...classes) {
  for (const each of classes) Object.defineProperty(each, ADOPTED, { value: true });
}

function adoptClients(ExternalAccountClient, AwsClient) {
  mark(ExternalAccountClient, AwsClient);
  const theirs = ExternalAccountClient.fromJSON;
  // Major 9 has a second argument: the program's own options.
  ExternalAccountClient.fromJSON = function fromJSON(merged, additional) {
    const { file, options } = apart ?? { file: merged, options: additional };
    const client = file && clientFor({ AwsClient }, file, options);
    return client ?? theirs.call(this, merged, additional);
  };
}

function adoptAuth(GoogleAuth) {
  mark(GoogleAuth);
  const makeClient = GoogleAuth.prototype.fromJSON;
  GoogleAuth.prototype.fromJSON = function fromJSON(file, options) {
    const outer = apart;
    apart = { file, options };
    try {
      return makeClient.call(this, file, options);
    } finally {
      apart = outer;
    }
  };
}

module.exports = { ADOPTED, FILE, adopt };
