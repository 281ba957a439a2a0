'use strict';

/* Google's clients as npm laid them out at four times, and copies of google-auth-library of which clients of ours are. */

const { createRequire } = require('node:module');
const { join } = require('node:path');

/** Copies that none of the layouts holds, by their releases. */
const LIBRARIES = { 9: require('gal9'), 10.5: require('gal10.5'), 10: require('gal10'), 11: require('gal11') };

/** Which release of the library each client of a layout carries. */
const LAYOUTS = {
  'clients-9': { bigquery: '9.15', storage: '9.15', genai: '9.15', gax: '9.15', googleapis: '9.15' },
  'clients-10.5': { bigquery: '10.9', genai: '10.5', gax: '10.5', googleapis: '10.5' },
  'clients-10': { bigquery: '10.9', storage: '9.15', genai: '10.9', gax: '10.5', googleapis: '10.5' },
  'clients-11': { bigquery: '11.3', storage: '11.3', genai: '10.9', gax: '11.3', googleapis: '11.3' },
};

/** Each client, and what brings google-auth-library along if it does not itself. */
const CARRIERS = require('../fixtures/carriers.json');

/** A `require` as a program of that layout has it. */
function layout(name) {
  return createRequire(join(__dirname, '../fixtures', name, 'package.json'));
}

/** The copy of google-auth-library that a client of a layout carries: a `require` of the package that brings it along. */
function carrier(name, client) {
  return CARRIERS[client].reduce((load, step) => createRequire(load.resolve(step)), layout(name));
}

module.exports = { LAYOUTS, LIBRARIES, carrier, layout };
