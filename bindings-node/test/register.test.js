'use strict';

/* The article's own program, unchanged, in a process of its own under the real host names. */

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');
const { ROOT, World } = require('./helpers/emulator.js');
const { folder, run } = require('./helpers/program.js');

const ARTICLE = join(ROOT, 'demo/article/query.js');
const REGISTER = ['--require', 'rolebridge/register'];
const GOOGLE = {
  token_url: 'https://sts.googleapis.com/v1/token',
  service_account_impersonation_url:
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{service_account}:generateAccessToken',
};

/** Runs a program beside a credential file, with the environment of an instance in that world. */
async function inWorld(world, args, { credential = GOOGLE, files = {} } = {}) {
  const file = credential.type ? credential : world.credential(credential);
  const cwd = folder({ 'ca.pem': world.info.ca_pem, 'credential.json': file, ...files });
  return run(args, { cwd, env: world.proxied(join(cwd, 'ca.pem')) });
}

function assertRows({ code, stdout, stderr }) {
  assert.equal(stderr, '');
  assert.equal(stdout.trim().split('\n').length, 5);
  for (const line of stdout.trim().split('\n')) assert.ok(JSON.parse(line).email);
  assert.equal(code, 0);
}

test('the article’s program prints its rows', async () => {
  const world = await World.make();
  assertRows(await inWorld(world, [...REGISTER, ARTICLE]));
  const requests = await world.requests();
  assert.deepEqual(
    requests.filter((request) => request.operation === 'proxy.refused'),
    [],
  );
  assert.equal(requests.filter((request) => request.operation === 'sts.token')[0].host, 'sts.googleapis.com');
});

test('without Rolebridge it does not, on an instance that insists on IMDSv2', async () => {
  const world = await World.make();
  const { code } = await inWorld(world, [ARTICLE]);
  assert.notEqual(code, 0);
  const requests = await world.requests();
  assert.deepEqual(
    requests.map(({ operation, status }) => [operation, status]),
    [['metadata.zone', 401]],
  );
});

test('a program of modules prints its rows', async () => {
  const world = await World.make();
  const program = `
    import { BigQuery } from '@google-cloud/bigquery';
    const bigquery = new BigQuery({ projectId: 'my-project', keyFilename: 'credential.json' });
    const [rows] = await bigquery.query('SELECT * FROM mydataset.users ORDER BY id');
    for (const row of rows) console.log(JSON.stringify(row));`;
  assertRows(await inWorld(world, [...REGISTER, 'program.mjs'], { files: { 'program.mjs': program } }));
});

test('it works too when the library was loaded before', async () => {
  const world = await World.make();
  const program = `
    const { BigQuery } = require('@google-cloud/bigquery');
    require('rolebridge/register');
    const bigquery = new BigQuery({ projectId: 'my-project', keyFilename: 'credential.json' });
    bigquery.query('SELECT * FROM mydataset.users').then(([rows]) => rows.forEach((row) => console.log(JSON.stringify(row))));`;
  assertRows(await inWorld(world, ['program.cjs'], { files: { 'program.cjs': program } }));
});

test('a refusal names its step and what to do, and shows no secret', async () => {
  const world = await World.make({ aws: { instance: { role: 'other-role' } } });
  const { code, stderr } = await inWorld(world, [...REGISTER, ARTICLE]);
  assert.equal(code, 1);
  assert.match(stderr, /RefusedError: IAM Credentials refused to impersonate/);
  assert.match(stderr, /step: 'impersonation'/);
  assert.match(stderr, /hint: .*add-iam-policy-binding/);
  const { secret_access_key, session_token } = world.info.keys;
  assert.ok(!stderr.includes(secret_access_key) && !stderr.includes(session_token));
});

test('a file that is wrong is named, not swallowed', async () => {
  const world = await World.make();
  const credential = { ...GOOGLE, token_url: 'https://sts.googleapis.com.evil.example/v1/token' };
  const { code, stderr } = await inWorld(world, [...REGISTER, ARTICLE], { credential });
  assert.equal(code, 1);
  assert.match(stderr, /ConfigError: `token_url` of the credential file/);
  assert.deepEqual(await world.operations(), []);
});

test('credentials are taken in whatever object they come', async () => {
  const world = await World.make();
  const program = `
    const { GoogleAuth } = require('google-auth-library');
    const { runInNewContext } = require('node:vm');
    const text = require('node:fs').readFileSync('credential.json', 'utf8');
    const file = JSON.parse(text);
    const objects = [
      Object.assign(new (class Credential {})(), file),
      Object.freeze({ ...file }),
      new Proxy(file, {}),
      runInNewContext('JSON.parse(text)', { text }),
    ];
    (async () => {
      for (const credentials of objects) {
        const client = await new GoogleAuth({ credentials }).getClient();
        console.log(client.constructor.name, (await client.getAccessToken()).token.length > 100);
      }
    })();`;
  const files = { 'program.cjs': program };
  const { stdout, stderr } = await inWorld(world, [...REGISTER, 'program.cjs'], { files });
  assert.equal(stdout, 'RolebridgeClient true\n'.repeat(4), stderr);
});

test('what is not AWS is read by Google’s own class', async () => {
  const world = await World.make();
  const credential = { type: 'authorized_user', client_id: 'id', client_secret: 'no', refresh_token: 'no' };
  const program = `
    const { GoogleAuth } = require('google-auth-library');
    new GoogleAuth({ keyFilename: 'credential.json' }).getClient().then((client) => console.log(client.constructor.name));`;
  const files = { 'program.cjs': program };
  const { stdout } = await inWorld(world, [...REGISTER, 'program.cjs'], { credential, files });
  assert.equal(stdout, 'UserRefreshClient\n');
});

test('NODE_DEBUG=rolebridge names each copy that it reaches', async () => {
  const world = await World.make();
  const files = { 'program.cjs': "for (const name of ['gal9', 'gal11']) require(name);" };
  const installed = {
    rolebridge: ROOT,
    gal9: join(ROOT, 'node_modules/gal9'),
    gal11: join(ROOT, 'node_modules/gal11'),
  };
  const cwd = folder(files, installed);
  const { stderr } = await run([...REGISTER, 'program.cjs'], {
    cwd,
    env: { ...world.environment(), NODE_DEBUG: 'rolebridge' },
  });
  const lines = ['gal9', 'gal11'].map(
    (name) => `AWS credential files are read by Rolebridge for ${join(ROOT, 'node_modules', name)}`,
  );
  assert.deepEqual(stderr.match(/AWS credential files .*/g), lines);
});

test('copies of two majors in one process both read the file with Rolebridge', async () => {
  const world = await World.make();
  const program = `
    (async () => {
      for (const name of ['gal9', 'gal11']) {
        const client = await new (require(name).GoogleAuth)({ keyFilename: 'credential.json' }).getClient();
        console.log(client.constructor.name, (await client.getAccessToken()).token.length > 100);
      }
    })();`;
  const installed = {
    rolebridge: ROOT,
    gal9: join(ROOT, 'node_modules/gal9'),
    gal11: join(ROOT, 'node_modules/gal11'),
  };
  const cwd = folder({ 'credential.json': world.credential(), 'program.cjs': program }, installed);
  const { stdout, stderr } = await run([...REGISTER, 'program.cjs'], { cwd, env: world.environment() });
  assert.equal(stdout, 'RolebridgeClient true\n'.repeat(2), stderr);
});

test('GOOGLE_APPLICATION_CREDENTIALS alone is read with Rolebridge', async () => {
  const world = await World.make();
  const program = `
    const { GoogleAuth } = require('google-auth-library');
    (async () => {
      const client = await new GoogleAuth().getClient();
      console.log(client.constructor.name, (await client.getAccessToken()).token.length > 100);
    })();`;
  const cwd = folder({ 'credential.json': world.credential(), 'program.cjs': program });
  const env = { ...world.environment(), GOOGLE_APPLICATION_CREDENTIALS: join(cwd, 'credential.json') };
  const { stdout, stderr } = await run([...REGISTER, 'program.cjs'], { cwd, env });
  assert.equal(stdout, 'RolebridgeClient true\n', stderr);
});
