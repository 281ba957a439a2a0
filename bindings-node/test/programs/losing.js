'use strict';

/* Closes every descriptor that the first token has opened, as a daemon may, and asks for more tokens. */

const { closeSync, readdirSync, readlinkSync } = require('node:fs');
const { TokenSource } = require('rolebridge');

function descriptors() {
  const open = new Map();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      open.set(name, readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // It was that of the listing.
    }
  }
  return open;
}

async function main() {
  const before = descriptors();
  const source = TokenSource.fromFile(process.argv[2]);
  const first = await source.token();
  for (const [name, what] of descriptors()) if (before.get(name) !== what) closeSync(Number(name));
  const others = [];
  for (const scope of ['one', 'two']) others.push(await source.withScopes(`https://example.com/${scope}`).token());
  const values = new Set([first, ...others].map(({ value }) => value));
  console.log(values.size, (await source.token()) === first);
}

main();
