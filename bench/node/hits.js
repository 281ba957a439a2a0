'use strict';

/* Node's figures, one line of JSON each: rolebridge beside google-auth-library, taking turns in one process. */

const { readFileSync } = require('node:fs');
const rolebridge = require('rolebridge');

const ROUNDS = 31;
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

const report = (section, what, who, seconds) => console.log(JSON.stringify({ section, what, who, value: seconds }));
const median = (figures) => figures.sort((a, b) => a - b)[figures.length >> 1];

async function secondsPerCall(call, count) {
  const started = process.hrtime.bigint();
  for (let i = 0; i < count; i++) await call();
  return Number(process.hrtime.bigint() - started) / 1e9 / count;
}

async function hits() {
  const file = JSON.parse(readFileSync(process.env.GOOGLE_APPLICATION_CREDENTIALS, 'utf8'));
  const calls = [];
  for (const name of ['gal9', 'gal10', 'gal11']) {
    const library = require(name);
    const major = name.slice(3);
    const theirs = library.ExternalAccountClient.fromJSON(file);
    theirs.scopes = [SCOPE];
    const ours = rolebridge.createAuthClient({ credentials: file, scopes: [SCOPE], library });
    for (const method of ['getRequestHeaders', 'getAccessToken']) {
      const what = `Node: ${method}, google-auth-library ${major}`;
      calls.push([what, 'rolebridge', () => ours[method]('https://bigquery.googleapis.com/')]);
      calls.push([what, 'google-auth-library', () => theirs[method]('https://bigquery.googleapis.com/')]);
    }
  }
  const source = rolebridge.TokenSource.fromEnv();
  calls.push(['Node: TokenSource.token()', 'rolebridge', () => source.token()]);
  const figures = calls.map(() => []);
  for (const [, , call] of calls) await secondsPerCall(call, 20_000);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, [, , call]] of calls.entries()) figures[index].push(await secondsPerCall(call, 5_000));
  }
  for (const [index, [what, who]] of calls.entries()) report('cached', what, who, median(figures[index]));
}

/** Ten thousand promises wait for one flight: from the first that is settled to the last. */
async function herd() {
  const control = process.env.BENCH_WORLD;
  const post = (path, body) => fetch(control + path, { method: 'POST', body: body && JSON.stringify(body) });
  const measured = [];
  for (let round = 0; round < 5; round++) {
    await post('/faults', { on: 'iamcredentials.generateAccessToken', times: 1, do: { hold: `node-${round}` } });
    const source = rolebridge.TokenSource.fromEnv({ scopes: [`${SCOPE}.${round}`] });
    const ends = [];
    const all = Array.from({ length: 10_000 }, () => source.token().then(() => ends.push(process.hrtime.bigint())));
    await post(`/gates/node-${round}/open`);
    await Promise.all(all);
    measured.push(Number(ends.at(-1) - ends[0]) / 1e9);
  }
  report('herd', 'Node: 10,000 promises', 'rolebridge', median(measured));
}

hits().then(herd);
