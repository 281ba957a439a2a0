'use strict';

/* Checks the programs of this folder, once for each of its projects. */

const { spawnSync } = require('node:child_process');
const { readdirSync } = require('node:fs');
const { join } = require('node:path');

const projects = readdirSync(__dirname).filter((name) => name.endsWith('.json'));
const compiler = require.resolve('typescript/package.json');
const program = join(compiler, '..', require(compiler).bin.tsc);
const wrong = projects.filter((name) => {
  const { status } = spawnSync(process.execPath, [program, '--project', join(__dirname, name)], { stdio: 'inherit' });
  return status !== 0;
});
if (wrong.length > 0) console.error(`wrong types: ${wrong.join(', ')}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
