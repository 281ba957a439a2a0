'use strict';

/*
 * Runs what depends on the runtime under the later majors of Node, as npm has them for Linux on x64. Elsewhere there is
 * only the Node that is installed, whose tests are run without this.
 */

const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const FILES = [
  'errors',
  'flights',
  'herd',
  'kept-headers',
  'library-lookup',
  'program',
  'register',
  'runtime',
  'token',
];
const files = FILES.map((name) => join(__dirname, `${name}.test.js`));

for (const name of ['node22', 'node24']) {
  const node = join(__dirname, 'fixtures/runtimes/node_modules', name, 'bin/node');
  if (!existsSync(node)) {
    console.log(`${name} is not to be had for ${process.platform} on ${process.arch}`);
    continue;
  }
  const { status } = spawnSync(node, ['--test', '--test-reporter=spec', ...files], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
