'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { join } = require('node:path');
const test = require('node:test');
const { setTimeout } = require('node:timers/promises');
const { inspect } = require('node:util');
const { Worker } = require('node:worker_threads');
const { TokenSource, createAuthClient } = require('rolebridge');
const native = require('../native.js');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { folder, run, start } = require('./helpers/program.js');

const program = (name) => join(__dirname, 'programs', name);

/** Runs a test in a world, with the environment of an instance in it. */
async function inWorld(specification, body) {
  const world = await World.make(specification);
  return withEnvironment(world.environment(), () => body(world, (options) => sourceOf(world, options)));
}

function sourceOf(world, { credential, ...options } = {}) {
  return TokenSource.fromJSON(world.credential(credential), options);
}

/** Counts the calls that reach native code while `body` runs. */
async function nativeRequests(body) {
  const { request } = native.TokenSource.prototype;
  let count = 0;
  native.TokenSource.prototype.request = function counted(...rest) {
    count += 1;
    return request.apply(this, rest);
  };
  try {
    await body();
  } finally {
    native.TokenSource.prototype.request = request;
  }
  return count;
}

test('a hit touches no native code and is the same token', () =>
  inWorld({}, async (_world, make) => {
    const source = make();
    const token = await source.token();
    const count = await nativeRequests(async () => {
      for (let i = 0; i < 100; i++) {
        assert.equal(await source.token(), token);
        assert.equal((await source.headers()).authorization, `Bearer ${token.value}`);
      }
    });
    assert.equal(count, 0);
  }));

test('a hundred callers of one flight are one native call and one exchange', () =>
  inWorld({}, async (world, make) => {
    await world.fault({ on: 'sts.token', do: { hold: 'exchange' } });
    const source = make();
    const count = await nativeRequests(async () => {
      const callers = Array.from({ length: 100 }, () => source.token());
      await world.arrived('sts.token');
      await world.openGate('exchange');
      const tokens = await Promise.all(callers);
      assert.equal(new Set(tokens).size, 1);
    });
    assert.equal(count, 1);
    assert.equal((await world.requests('sts.token')).length, 1);
  }));

test('sources of equal configuration share one exchange, and other scopes share its federated token', () =>
  inWorld({}, async (world, make) => {
    const [one, other] = [make(), make()];
    const tokens = await Promise.all([one.token(), other.token()]);
    assert.equal(tokens[0].value, tokens[1].value);
    const scopes = ['https://www.googleapis.com/auth/bigquery.readonly'];
    const narrow = one.withScopes(scopes);
    assert.deepEqual(narrow.scopes, scopes);
    assert.notEqual((await narrow.token()).value, tokens[0].value);
    assert.equal((await world.requests('sts.token')).length, 1);
    const asked = (await world.requests('iamcredentials.generateAccessToken')).map((request) => request.scope);
    assert.deepEqual(asked, ['https://www.googleapis.com/auth/cloud-platform', scopes[0]]);
  }));

test('a failure is shared by all sources of one identity while it is cooling down', () =>
  inWorld({ aws: { instance: { role: null } } }, async (world, make) => {
    await assert.rejects(make().token(), { kind: 'identity', status: 404 });
    await world.patch({ aws: { instance: { role: 'bigquery-role' } } });
    const other = make({ credential: { quota_project_id: 'payer' }, scopes: ['email'] });
    await assert.rejects(other.token(), { kind: 'identity' });
  }));

test('headers are a plain new object for each call, with the quota project', () =>
  inWorld({}, async (_world, make) => {
    const source = make({ credential: { quota_project_id: 'payer' } });
    const headers = await source.headers();
    const { value } = await source.token();
    const expected = { authorization: `Bearer ${value}`, 'x-goog-user-project': 'payer' };
    assert.deepEqual({ ...headers }, expected);
    assert.deepEqual(Object.fromEntries(new Headers(headers)), expected);
    headers.authorization = 'spoiled';
    assert.deepEqual({ ...(await source.headers()) }, expected);
    assert.deepEqual({ ...(await make().headers()) }, { authorization: `Bearer ${value}` });
  }));

test('what a source is for can be asked without a request', () =>
  inWorld({}, async (world, make) => {
    const source = make({ credential: { quota_project_id: 'payer' } });
    assert.equal(source.serviceAccount, world.info.service_account);
    assert.equal(source.projectId, world.info.project.id);
    assert.equal(source.quotaProjectId, 'payer');
    assert.deepEqual(source.scopes, ['https://www.googleapis.com/auth/cloud-platform']);
    const direct = make({ credential: { service_account_impersonation_url: null } });
    assert.equal(direct.serviceAccount, undefined);
    assert.equal(direct.projectId, undefined);
    assert.equal(direct.quotaProjectId, undefined);
    assert.deepEqual(await world.operations(), []);
  }));

test('printing is in the manner of Node', () =>
  inWorld({}, async (world, make) => {
    const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
    const account = world.info.service_account;
    const direct = make({ credential: { service_account_impersonation_url: null } });
    assert.equal(inspect(direct, { breakLength: 200 }), `TokenSource { scopes: [ '${scopes[0]}' ] }`);
    const source = make({ quotaProjectId: 'payer' });
    const expected = inspect({ serviceAccount: account, quotaProjectId: 'payer', scopes }, { compact: false });
    assert.equal(inspect(source, { compact: false }), `TokenSource ${expected}`);
    assert.equal(inspect({ a: { b: { source } } }, { depth: 1, breakLength: 200 }), '{ a: { b: [Object] } }');
    assert.equal(inspect({ a: { source } }, { depth: 1, breakLength: 200 }), '{ a: { source: [TokenSource] } }');
  }));

test('printing shows no token', () =>
  inWorld({}, async (_world, make) => {
    const source = make();
    const [token, headers] = [await source.token(), await source.headers()];
    const shown = inspect({ source, token, headers }, { depth: null, showHidden: true, getters: true });
    assert.match(shown, /expiresAt/);
    assert.ok(!shown.includes(token.value), shown);
    assert.ok(!JSON.stringify({ source, token }).includes(token.value));
    const { value, expiresAt } = token;
    assert.ok(value.length > 100 && expiresAt instanceof Date);
  }));

test('a young token that an API refused is not minted anew', () =>
  inWorld({}, async (world, make) => {
    const source = make();
    const token = await source.token();
    source.invalidate(token);
    const count = await nativeRequests(async () => {
      assert.equal((await source.token()).value, token.value);
    });
    assert.equal(count, 1);
    assert.equal((await world.requests('sts.token')).length, 1);
  }));

test('the environment names the credential: a path, or the JSON itself', async () => {
  const world = await World.make();
  const path = join(folder({ 'credential.json': world.credential() }), 'credential.json');
  for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'ROLEBRIDGE_CREDENTIALS']) {
    await withEnvironment({ ...world.environment(), [name]: path }, async () => {
      assert.equal(TokenSource.fromEnv().serviceAccount, world.info.service_account);
    });
  }
  const text = JSON.stringify(world.credential());
  await withEnvironment({ ...world.environment(), ROLEBRIDGE_CREDENTIALS: text }, async () => {
    assert.ok((await TokenSource.fromEnv().token()).value);
  });
});

test('allowEndpoints lets a file name another origin, and nothing else does', async () => {
  const world = await World.make();
  const credential = world.credential();
  await withEnvironment({ AWS_EC2_METADATA_SERVICE_ENDPOINT: world.info.metadata }, async () => {
    assert.throws(() => TokenSource.fromJSON(credential), { kind: 'config' });
    const source = TokenSource.fromJSON(credential, { allowEndpoints: [world.info.google] });
    assert.ok((await source.token()).value);
  });
});

test('no thread is started before the first token', { skip: process.platform !== 'linux' }, async () => {
  const world = await World.make();
  const cwd = folder({ 'credential.json': world.credential() });
  const result = await run([program('threads.js'), 'credential.json'], { cwd, env: world.environment() });
  const { start: before, required, made, minted } = JSON.parse(result.stdout);
  assert.deepEqual([required, made], [before, before]);
  assert.ok(minted > before);
});

test('a pending call keeps the process alive, and a finished one lets it end', async () => {
  const world = await World.make();
  await world.fault({ on: 'sts.token', do: { hold: 'exchange' } });
  const cwd = folder({ 'credential.json': world.credential() });
  const { ended } = start([program('token.js'), 'credential.json'], { cwd, env: world.environment() });
  await world.arrived('sts.token');
  await world.openGate('exchange');
  assert.deepEqual(await ended, { code: 0, signal: null, stdout: 'true\n', stderr: '' });
});

test('process.exit while a token is minted is clean', async () => {
  const world = await World.make();
  await world.fault({ on: 'sts.token', times: null, do: { hold: 'never' } });
  const options = { cwd: folder({ 'credential.json': world.credential() }), env: world.environment() };
  const clean = { code: 7, signal: null, stdout: '', stderr: '' };
  for (let round = 1; round <= 5; round++) {
    assert.deepEqual(await run([program('token.js'), 'credential.json', 'exit'], options), clean);
    const { child, ended } = start([program('token.js'), 'credential.json', 'exit-when-told'], options);
    await world.arrived('sts.token', round);
    child.stdin.write('now\n');
    assert.deepEqual(await ended, clean);
  }
});

test('an uncaught error while a token is minted ends the program with it', async () => {
  const world = await World.make();
  await world.fault({ on: 'sts.token', times: null, do: { hold: 'never' } });
  const options = { cwd: folder({ 'credential.json': world.credential() }), env: world.environment() };
  const { child, ended } = start([program('token.js'), 'credential.json', 'throw-when-told'], options);
  await world.arrived('sts.token');
  child.stdin.write('now\n');
  const { code, signal, stdout, stderr } = await ended;
  assert.deepEqual({ code, signal, stdout }, { code: 1, signal: null, stdout: '' });
  assert.match(stderr, /Error: as it was told/);
});

test('a worker has an environment of its own', async () => {
  const world = await World.make();
  const ask = async (env) => {
    const worker = new Worker(program('worker.js'), { env, workerData: world.credential() });
    const [message] = await once(worker, 'message');
    return message;
  };
  await withEnvironment({}, async () => {
    const { value } = await ask(world.keys());
    assert.equal(await world.sessionUser(value), world.info.service_account);
    const refused = await ask({ ROLEBRIDGE_ALLOW_LOOPBACK: '1', AWS_EC2_METADATA_DISABLED: 'true' });
    assert.equal(refused.kind, 'identity');
  });
});

test('a worker that is ended while it waits leaves the flight to others', () =>
  inWorld({}, async (world, make) => {
    await world.fault({ on: 'sts.token', do: { hold: 'exchange' } });
    const worker = new Worker(program('worker.js'), { env: { ...process.env }, workerData: world.credential() });
    await world.arrived('sts.token');
    await worker.terminate();
    const token = make().token();
    await world.openGate('exchange');
    assert.equal(await world.sessionUser((await token).value), world.info.service_account);
    assert.equal((await world.requests('sts.token')).length, 1);
  }));

test('the same text with a later end is a token with that end', () =>
  inWorld({}, async (world, make) => {
    const answers = [4_000, 3_600_000].map((left) => new Date(Date.now() + left).toISOString());
    for (const expireTime of answers) {
      const merge = { accessToken: 'the-same', expireTime };
      await world.fault({ on: 'iamcredentials.generateAccessToken', do: { merge } });
    }
    const [source, library] = [make(), require('gal10')];
    const client = createAuthClient({ credentials: world.credential(), library });
    let token = await source.token();
    await client.getAccessToken();
    assert.equal(client.credentials.expiry_date, token.expiresAt.getTime());
    assert.ok(token.expiresAt.getTime() <= Date.parse(answers[0]));
    do {
      // The renewal is due when the first half of four seconds is over.
      await setTimeout(20);
      token = await source.token();
    } while (token.expiresAt.getTime() <= Date.parse(answers[0]) && Date.now() < Date.parse(answers[0]));
    assert.equal(token.value, 'the-same');
    assert.ok(token.expiresAt - Date.now() > 3_000_000);
    await client.getAccessToken();
    assert.equal(client.credentials.expiry_date, token.expiresAt.getTime());
  }));
