'use strict';

/* Where copies of google-auth-library are installed, for loaders that cannot be asked what they load. */

const { existsSync, readdirSync, realpathSync } = require('node:fs');
const { dirname, join } = require('node:path');

/** The folders of all copies in the `node_modules` of these folders and of those above, links followed. */
function installedCopies(folders) {
  const found = new Set();
  const seen = new Set();
  for (let folder of folders) {
    for (;;) {
      search(join(folder, 'node_modules'), found, seen);
      if (dirname(folder) === folder) break;
      folder = dirname(folder);
    }
  }
  return [...found];
}

/** Looks at each package of a `node_modules`, and into the `node_modules` of each. Links may lead in a circle. */
function search(modules, found, seen) {
  const names = entries(modules);
  if (names.length === 0) return;
  const real = realpathSync(modules);
  if (seen.has(real)) return;
  seen.add(real);
  for (const name of names) {
    const path = join(modules, name);
    if (name.startsWith('@')) search(path, found, seen);
    // pnpm: one folder for each package and version, with a `node_modules` for it and what it needs.
    if (name === '.pnpm') for (const store of entries(path)) search(join(path, store, 'node_modules'), found, seen);
    if (name.startsWith('.')) continue;
    if (existsSync(join(path, 'build/src/auth/externalclient.js'))) found.add(realpathSync(path));
    search(join(path, 'node_modules'), found, seen);
  }
}

function entries(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

module.exports = { installedCopies };
