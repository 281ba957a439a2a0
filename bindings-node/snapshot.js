'use strict';

const names = require('./native.js').environmentNames();

/** This thread's environment, as far as Rolebridge may see it: a worker has a `process.env` of its own. */
exports.snapshot = function snapshot() {
  const variables = {};
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) variables[name] = value;
  }
  return variables;
};
