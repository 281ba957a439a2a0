'use strict';

/* The programs of `examples/node`, in processes of their own, under the real host names. */

const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { ROOT, World } = require('./helpers/emulator.js');
const { folder, run } = require('./helpers/program.js');

const FOLDER = join(ROOT, 'examples/node');
const USERS = '1 aaaaa\n2 bbbbb\n3 ccccc\n4 ddddd\n5 eeeee\n';
const GOOGLE = {
  token_url: 'https://sts.googleapis.com/v1/token',
  service_account_impersonation_url:
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{service_account}:generateAccessToken',
};

/** The ways to start each program, and what it prints. */
const STARTS = [
  { args: ['query.js'], prints: USERS },
  { args: ['query.mjs'], prints: USERS },
  { args: ['--require', 'rolebridge/register', 'unchanged.js'], prints: USERS },
  { args: ['--import', 'rolebridge/register', 'unchanged.js'], prints: USERS },
  { args: ['--require', 'rolebridge/register', 'unchanged.mjs'], prints: USERS },
  { args: ['--import', 'rolebridge/register', 'unchanged.mjs'], prints: USERS },
  { args: ['unchanged.js'], env: { NODE_OPTIONS: '--require rolebridge/register' }, prints: USERS },
  { args: ['unchanged.mjs'], env: { NODE_OPTIONS: '--import rolebridge/register' }, prints: USERS },
  // Node 20's own fetch reads no HTTPS_PROXY.
  { args: ['--require', join(__dirname, 'helpers/proxied-fetch.js'), 'headers.mjs'], prints: USERS },
  { args: ['errors.mjs'], prints: 'a token of bigquery-reader@my-project.iam.gserviceaccount.com\n' },
];

/** Runs an example beside a credential file, with the environment of an instance in that world. */
function start(world, { args, env }) {
  const files = Object.fromEntries(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
  const credential = world.credential(GOOGLE);
  const cwd = folder({ ...files, 'ca.pem': world.info.ca_pem, 'credential.json': credential });
  return run(args, { cwd, env: world.proxied(join(cwd, 'ca.pem'), env) });
}

test('every example is run', () => {
  assert.deepEqual(new Set(STARTS.map(({ args }) => args.at(-1))), new Set(readdirSync(FOLDER)));
});

for (const example of STARTS) {
  test(`${example.env?.NODE_OPTIONS ?? ''} node ${example.args.join(' ')}`.trim().replace(__dirname, '.'), async () => {
    const world = await World.make();
    const { code, stdout, stderr } = await start(world, example);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: example.prints, stderr: '' });
    assert.deepEqual(await world.requests('proxy.refused'), []);
  });
}

test('errors.mjs says what is wrong', async () => {
  const world = await World.make({ aws: { instance: { role: 'another-role' } } });
  const { code, stdout, stderr } = await start(world, { args: ['errors.mjs'] });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^refused error in step impersonation: IAM Credentials refused to impersonate .*\nhint: /);
});
