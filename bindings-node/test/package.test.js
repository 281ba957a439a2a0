'use strict';

/* What the package says of itself. */

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { version } = require('rolebridge');
const { ROOT } = require('./helpers/emulator.js');

const read = (name) => readFileSync(join(ROOT, name), 'utf8');

test('the package, its lock file and the crates are of one version', () => {
  const [, crates] = /\[workspace\.package\]\nversion = "([^"]+)"/.exec(read('Cargo.toml')) ?? [];
  const lock = JSON.parse(read('package-lock.json'));
  const versions = {
    package: JSON.parse(read('package.json')).version,
    lock: lock.version,
    root: lock.packages[''].version,
  };
  for (const [where, found] of Object.entries(versions)) assert.equal(found, crates, where);
  assert.equal(version, crates);
});
