'use strict';

/* Where copies of google-auth-library are found: nested, in a scope, under pnpm, and with links that lead in a circle. */

const assert = require('node:assert/strict');
const { mkdirSync, realpathSync, symlinkSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { installedCopies } = require('../installed-copies.js');
const { folder } = require('./helpers/program.js');

const FILE = 'build/src/auth/externalclient.js';
const PLACES = [
  'node_modules/google-auth-library',
  'node_modules/client/node_modules/google-auth-library',
  'node_modules/@scope/client/node_modules/google-auth-library',
  'node_modules/.pnpm/google-auth-library@9.0.0/node_modules/google-auth-library',
  'packages/app/node_modules/renamed',
];

test('every copy is found once, from the folder and those above', () => {
  const files = Object.fromEntries(PLACES.map((place) => [join(place, FILE), '']));
  const top = folder({ ...files, 'node_modules/.cache/google-auth-library/build/src/auth/externalclient.js': '' }, {});
  const app = join(top, 'packages/app');
  // Workspaces each of which needs all: with no end but the system's for a path, if each way were gone.
  const workspaces = ['app', 'one', 'two'];
  for (const from of workspaces) {
    mkdirSync(join(top, 'packages', from, 'node_modules'), { recursive: true });
    for (const to of workspaces) {
      symlinkSync(join(top, 'packages', to), join(top, 'packages', from, 'node_modules', to), 'dir');
    }
  }
  const found = installedCopies([app, top]);
  const real = realpathSync(top);
  assert.deepEqual(found.map((path) => path.slice(real.length + 1)).sort(), [...PLACES].sort());
});
