'use strict';

/*
 * One line of warning where `rolebridge/register` was asked for and a copy of google-auth-library makes an AWS client of
 * its own all the same: a bundle, a test runner or a loader hook loads modules without Node's own `require`.
 */

const { EventEmitter } = require('node:events');
const { ADOPTED } = require('./adopt.js');

/** Where the class of a client was loaded from: the frame of its constructor in a stack. */
const PLACE = /new AwsClient \((?:file:\/\/)?(.*?):\d+:\d+\)/;
/** Enough frames for the constructors of a client and who called them. */
const FRAMES = 20;

let isWatching = false;

/** Every client of every copy is an `EventEmitter` of Node's, which calls `init` when it is made. */
function watch() {
  if (isWatching || EventEmitter.init[ADOPTED]) return;
  isWatching = true;
  const { init } = EventEmitter;
  EventEmitter.init = function rolebridgeInit(options) {
    init.call(this, options);
    if (isWatching && this.constructor?.name === 'AwsClient' && !this.constructor[ADOPTED]) look();
  };
  Object.defineProperty(EventEmitter.init, ADOPTED, { value: true });
}

/** A program may have frozen `Error`: then the stack is as long as it is. */
function stackOf(frames) {
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = frames;
  } catch {
    return new Error().stack;
  }
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}

/** Warns if the library made the client for a file; a program may make one for itself. */
function look() {
  const stack = stackOf(FRAMES);
  if (!/\bfromJSON\b/.test(stack)) return;
  isWatching = false;
  const [, place] = PLACE.exec(stack) ?? [];
  const message =
    `rolebridge/register does not reach google-auth-library${place ? ` in ${place}` : ''}, which was loaded without Node’s ` +
    'require: AWS credential files are read by Google’s own class there. Pass createAuthClient({ library }) as authClient; ' +
    'under Jest, name rolebridge/register in setupFiles; under Vitest, use the pool threads or forks';
  process.emitWarning(message, { type: 'RolebridgeWarning', code: 'ROLEBRIDGE_UNREACHED' });
}

module.exports = { watch };
