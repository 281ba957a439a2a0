'use strict';

/*
 * What `rolebridge/register` puts in the place of Google's own class for an AWS credential file: the client, or one that
 * says what is wrong with the file.
 */

const native = require('./native.js');
const { classFor } = require('./client-class.js');
const { harmlessOptions, textOf } = require('./client-options.js');
const { guarded, withRemark } = require('./errors.js');
const { TokenSource } = require('./token-source.js');

const OWN_CHECK = 'google-auth-library would have read this file: the check is one of Rolebridge’s own';

/**
 * The client for an AWS `external_account`, or undefined for anything else. What is wrong with the file is thrown when a
 * token is asked for. `file` may have been merged with options; `additional` ones are the program's own.
 */
function clientFor(library, file, additional) {
  const text = textOf(file);
  if (!guarded(() => native.isSupported(text))) return undefined;
  const Client = classFor(library);
  let source;
  try {
    source = TokenSource.fromJSON(text);
  } catch (problem) {
    const isOwnCheck = problem.kind === 'config' && isReadBy(library, text);
    return new Client(undefined, undefined, undefined, isOwnCheck ? withRemark(problem, OWN_CHECK) : problem);
  }
  return new Client(file, { ...harmlessOptions(file), ...additional }, source);
}

/** Whether Google's own class takes a file. Making one sends nothing. */
function isReadBy(library, text) {
  try {
    new library.AwsClient(JSON.parse(text));
    return true;
  } catch {
    return false;
  }
}

module.exports = { clientFor };
