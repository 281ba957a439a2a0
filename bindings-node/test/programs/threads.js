'use strict';

/* Prints how many threads there are at each stage of a program. */

const { readdirSync } = require('node:fs');
const threads = () => readdirSync('/proc/self/task').length;

async function main() {
  const counts = { start: threads() };
  const { TokenSource, createAuthClient } = require('rolebridge');
  counts.required = threads();
  const source = TokenSource.fromFile(process.argv[2]);
  createAuthClient({ keyFilename: process.argv[2] });
  counts.made = threads();
  await source.token();
  counts.minted = threads();
  console.log(JSON.stringify(counts));
}

main();
