'use strict';

/* Which copy of google-auth-library the application itself would load. */

const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { errorFrom } = require('./errors.js');

function applicationLibrary() {
  const main = require.main?.filename ?? process.argv[1];
  const folders = new Set(main ? [dirname(main), process.cwd()] : [process.cwd()]);
  for (const folder of folders) {
    const load = createRequire(join(folder, 'index.js'));
    const file = resolved(load);
    if (file !== undefined) return load(file);
  }
  throw errorFrom({
    kind: 'config',
    step: 'config',
    message: `google-auth-library is not found from ${[...folders].join(' or ')}, nor in a node_modules above`,
    hint: 'install it beside the program; a program that bundles it passes it as `library`',
    causes: [],
  });
}

function resolved(load) {
  try {
    return load.resolve('google-auth-library');
  } catch {
    return undefined;
  }
}

module.exports = { applicationLibrary };
