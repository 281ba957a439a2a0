'use strict';

/* Which copy of google-auth-library a program means that names none. */

const { createRequire } = require('node:module');
const { isAbsolute, join } = require('node:path');
const { errorFrom } = require('./errors.js');

/** The file that a copy is loaded by, of every major. */
const MAIN_FILE = /[\\/]build[\\/]src[\\/]index\.js$/;

/**
 * The copy that the process has loaded, if it is one; else the one that the caller's file would load, the main script,
 * the working folder or, last, this package. `door` is the function that the caller has called.
 */
function applicationLibrary(door) {
  const loaded = loadedCopies();
  if (loaded.length === 1) return loaded[0];
  const places = placesFor(door);
  for (const [, place] of places) {
    const load = createRequire(place);
    const file = resolved(load);
    if (file !== undefined) return load(file);
  }
  const all = places.map(([what, place]) => `${what} (${place})`).join(', ');
  throw errorFrom({
    kind: 'config',
    step: 'config',
    message: `google-auth-library is not loaded, and it is not in a node_modules beside or above ${all}`,
    hint: 'install it beside the program; a program that bundles it passes it as `library`',
    causes: [],
  });
}

/** Google's library is a CommonJS module, whoever imports it. */
function loadedCopies() {
  const copies = [];
  for (const file of Object.keys(require.cache)) {
    if (!MAIN_FILE.test(file)) continue;
    const { exports } = require.cache[file];
    if (typeof exports?.AwsClient === 'function' && typeof exports.GoogleAuth === 'function') copies.push(exports);
  }
  return copies;
}

function placesFor(door) {
  const places = [
    ['the caller', callerOf(door)],
    ['the main script', require.main?.filename ?? process.argv[1]],
    ['the working folder', join(process.cwd(), 'index.js')],
    ['Rolebridge', __filename],
  ];
  return places.filter(([, place]) => place && (isAbsolute(place) || place.startsWith('file:')));
}

/** The file that has called a function: a path, or a module's URL. */
function callerOf(door) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const here = {};
  try {
    Error.prepareStackTrace = (_, sites) => sites[0]?.getFileName();
  } catch {
    // Under `node --frozen-intrinsics` the caller is not to be known, and the other places are looked at.
    return undefined;
  }
  try {
    Error.stackTraceLimit = 1;
    Error.captureStackTrace(here, door);
    return here.stack;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

function resolved(load) {
  try {
    return load.resolve('google-auth-library');
  } catch {
    return undefined;
  }
}

module.exports = { applicationLibrary };
