'use strict';

/* Reads a token a hundred thousand times in each way, and prints by how much that has grown what the process holds. */

const { readdirSync } = require('node:fs');
const library = require('google-auth-library');
const { TokenSource, createAuthClient } = require('rolebridge');

const TIMES = 100_000;

function held() {
  global.gc();
  const { heapUsed, external } = process.memoryUsage();
  const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0;
  const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return { bytes: heapUsed + external, handles: process.getActiveResourcesInfo().length, threads, descriptors };
}

async function main() {
  const source = TokenSource.fromFile(process.argv[2]);
  const client = createAuthClient({ library, keyFilename: process.argv[2] });
  const ways = [
    () => source.token(),
    () => source.headers(),
    () => client.getAccessToken(),
    () => client.getRequestHeaders(),
  ];
  for (const way of ways) for (let time = 0; time < 1000; time++) await way();
  const before = held();
  for (const way of ways) for (let time = 0; time < TIMES; time++) await way();
  const after = held();
  console.log(JSON.stringify(Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]))));
}

main();
