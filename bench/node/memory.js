'use strict';

/*
 * What a credential takes of memory, one line of JSON each: the resident size that its `require` and its first token add.
 *
 *     memory.js rolebridge.TokenSource | rolebridge.createAuthClient | 'google-auth-library'
 */

const { readFileSync } = require('node:fs');

/** In bytes. */
const resident = () => 1024 * Number(readFileSync('/proc/self/smaps_rollup', 'utf8').match(/^Rss:\s+(\d+)/m)[1]);

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];

const WAYS = {
  'rolebridge.TokenSource': () => {
    const { TokenSource } = require('rolebridge');
    return () => TokenSource.fromEnv().token();
  },
  'rolebridge.createAuthClient': () => {
    const library = require('google-auth-library');
    const { createAuthClient } = require('rolebridge');
    return () => createAuthClient({ library, scopes }).getAccessToken();
  },
  'google-auth-library': () => {
    const { ExternalAccountClient } = require('google-auth-library');
    const file = JSON.parse(readFileSync(process.env.GOOGLE_APPLICATION_CREDENTIALS, 'utf8'));
    return () => {
      const client = ExternalAccountClient.fromJSON(file);
      client.scopes = scopes;
      return client.getAccessToken();
    };
  },
};

async function main(who) {
  const subject = who === 'rolebridge.TokenSource' ? 'a token' : "a credential for Google's clients";
  const before = resident();
  const warm = WAYS[who]();
  const imported = resident();
  await warm();
  const warmed = resident();
  const added = { require: imported - before, 'first token': warmed - imported };
  for (const [what, value] of Object.entries(added)) {
    console.log(JSON.stringify({ section: 'memory', what: `Node: ${subject}, ${what}`, who, value }));
  }
}

main(process.argv[2]);
