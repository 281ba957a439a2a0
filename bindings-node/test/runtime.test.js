'use strict';

/* Rolebridge in somebody else's process: its end, its signals, its clocks, its contexts, its memory. */

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const test = require('node:test');
const { setTimeout } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { TokenSource, createAuthClient } = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { folder, run, start } = require('./helpers/program.js');

const LIBRARIES = { 9: require('gal9'), 10: require('gal10'), 11: require('gal11') };
const FakeTimers = createRequire(join(__dirname, 'fixtures/tools/package.json'))('@sinonjs/fake-timers');
const { AbortController: AbortController9 } = createRequire(join(__dirname, 'fixtures/clients-9/package.json'))(
  'abort-controller',
);
const program = (name) => join(__dirname, 'programs', name);
const EXCHANGE = 'sts.token';
const IMPERSONATION = 'iamcredentials.generateAccessToken';

async function inWorld(body, specification) {
  const world = await World.make(specification);
  await withEnvironment(world.environment(), () => body(world, () => TokenSource.fromJSON(world.credential())));
}

/** A world whose first token is due for renewal within seconds, and the renewal is answered by nobody. */
async function renewingWorld() {
  const world = await World.make();
  const merge = { expireTime: new Date(Date.now() + 4000).toISOString() };
  await world.fault({ on: IMPERSONATION, do: { merge } });
  await world.fault({ on: IMPERSONATION, times: null, do: { hold: 'never' } });
  return { world, file: join(folder({ 'credential.json': world.credential() }), 'credential.json') };
}

for (const [told, how] of Object.entries({
  end: { code: 0 },
  exit: { code: 7 },
  throw: { code: 1, stderr: /Error: as it was told/ },
})) {
  test(`a renewal under way does not keep a program from its ${told}`, async () => {
    const { world, file } = await renewingWorld();
    const { child, ended } = start([program('renewing.js'), file], { env: world.environment() });
    await world.arrived(IMPERSONATION, 2);
    child.stdin.end(`${told}\n`);
    const { code, signal, stderr } = await ended;
    assert.deepEqual({ code, signal }, { code: how.code, signal: null }, stderr);
    assert.match(stderr, how.stderr ?? /^$/);
    assert.equal((await world.requests(IMPERSONATION)).length, 2, 'it outlived the renewal, which was tried again');
  });
}

test('a worker ends, and is ended, while a renewal is under way', async () => {
  for (const told of ['end', 'exit', 'terminate']) {
    const { world, file } = await renewingWorld();
    const worker = new Worker(program('renewing.js'), { argv: [file], env: world.environment() });
    const ended = once(worker, 'exit');
    await world.arrived(IMPERSONATION, 2);
    if (told === 'terminate') worker.terminate();
    else worker.postMessage(told);
    const [code] = await ended;
    assert.equal(code, { end: 0, exit: 7, terminate: 1 }[told], told);
    assert.equal((await world.requests(IMPERSONATION)).length, 2, told);
  }
});

test('descriptors that a program closes cost no later token', { skip: process.platform !== 'linux' }, async () => {
  const world = await World.make();
  const cwd = folder({ 'credential.json': world.credential() });
  const { code, stdout, stderr } = await run([program('losing.js'), 'credential.json'], {
    cwd,
    env: world.environment(),
  });
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '3 true\n', stderr: '' });
});

test('tokens are read a hundred thousand times, and nothing grows', async () => {
  const world = await World.make();
  const cwd = folder({ 'credential.json': world.credential() });
  const { stdout, stderr } = await run(['--expose-gc', program('reading.js'), join(cwd, 'credential.json')], {
    env: world.environment(),
  });
  const { bytes, ...others } = JSON.parse(stdout || `"${stderr}"`);
  assert.deepEqual(others, { handles: 0, threads: 0, descriptors: 0 });
  assert.ok(bytes < 1_000_000, `${bytes} bytes more are held`);
});

/** What waits for a token, an ID token or a signature. */
const WAITS = {
  token: (source, _, options) => source.token(options),
  headers: (source, _, options) => source.headers(options),
  idToken: (source, _, options) => source.idToken('https://service.example', options),
  sign: (source, _, options) => source.sign(Buffer.from('payload'), options),
  request: (_, client, options) => client.request({ url: 'http://127.0.0.1:1/', ...options }),
};

for (const [name, wait] of Object.entries(WAITS)) {
  test(`${name}: a signal ends the wait of one caller, and of nobody else`, () =>
    inWorld(async (world, make) => {
      await world.fault({ on: EXCHANGE, do: { hold: 'exchange' } });
      const source = make();
      const client = createAuthClient({ library: LIBRARIES[10], credentials: world.credential() });
      const [controller, reason] = [new AbortController(), new Error('no longer wanted')];
      const ended = wait(source, client, { signal: controller.signal });
      const other = source.token();
      await world.arrived(EXCHANGE);
      controller.abort(reason);
      await assert.rejects(ended, (error) => error === reason);
      await world.openGate('exchange');
      assert.equal(await world.sessionUser((await other).value), world.info.service_account);
      assert.equal((await world.requests(EXCHANGE)).length, 1);
    }));

  test(`${name}: nothing is sent for a signal that is aborted already`, () =>
    inWorld(async (world, make) => {
      const client = createAuthClient({ library: LIBRARIES[10], credentials: world.credential() });
      const reason = new Error('no longer wanted');
      await assert.rejects(wait(make(), client, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
      assert.deepEqual(await world.operations(), []);
    }));
}

test('a signal of the package abort-controller is one, too', () =>
  inWorld(async (world, make) => {
    const client = createAuthClient({ library: LIBRARIES[9], credentials: world.credential() });
    const url = `${world.info.google}/bigquery/v2/projects/my-project/queries`;
    const data = { query: 'SELECT 1', useLegacySql: false };
    const controller = new AbortController9();
    const answered = await client.request({ url, method: 'POST', data, signal: controller.signal });
    assert.equal(answered.status, 200);
    controller.abort();
    await assert.rejects(make().token({ signal: controller.signal }), { name: 'AbortError' });
  }));

test('a signal that is aborted later does nothing, and what is none is named', () =>
  inWorld(async (_, make) => {
    const [source, controller] = [make(), new AbortController()];
    const { value } = await source.token({ signal: controller.signal });
    controller.abort();
    assert.equal((await source.token()).value, value);
    await assert.rejects(source.token({ signal: 'soon' }), {
      name: 'TypeError',
      message: 'signal must be an AbortSignal',
    });
    await assert.rejects(
      source.headers({ sginal: controller.signal }),
      /there is no option sginal; the nearest is signal/,
    );
  }));

test('a caller keeps its AsyncLocalStorage, whoever began the flight', () =>
  inWorld(async (world, make) => {
    await world.fault({ on: EXCHANGE, do: { hold: 'exchange' } });
    const storage = new AsyncLocalStorage();
    const url = `${world.info.google}/bigquery/v2/projects/my-project/queries`;
    const source = make();
    const clients = Object.values(LIBRARIES).map((library) =>
      createAuthClient({ library, credentials: world.credential() }),
    );
    const calls = [
      () => source.token(),
      () => source.headers(),
      () => source.idToken('https://service.example'),
      () => source.sign(Buffer.from('payload')),
      ...clients.flatMap((client) => [
        () => client.getAccessToken(),
        () => client.getRequestHeaders(),
        () => client.fetchIdToken('https://service.example'),
        () => client.request({ url, method: 'POST', data: { query: 'SELECT 1', useLegacySql: false } }),
      ]),
    ];
    const seen = calls.map((call, number) =>
      storage.run(number, async () => {
        // The account of this world may not sign.
        await call().catch((error) => assert.equal(error.step, 'signing'));
        return storage.getStore();
      }),
    );
    await world.arrived(EXCHANGE);
    await world.openGate('exchange');
    assert.deepEqual(await Promise.all(seen), [...calls.keys()]);
  }));

test('a supplier is asked in no caller’s context, nor in that of who made the source', () =>
  inWorld(async (world) => {
    const storage = new AsyncLocalStorage();
    const seen = [];
    const {
      access_key_id: accessKeyId,
      secret_access_key: secretAccessKey,
      session_token: sessionToken,
    } = world.info.keys;
    const identity = async () => {
      seen.push(storage.getStore());
      return { accessKeyId, secretAccessKey, sessionToken, region: 'us-east-1' };
    };
    const source = storage.run('maker', () => TokenSource.fromJSON(world.credential(), { identity }));
    await storage.run('caller', () => source.token());
    assert.deepEqual(seen, [undefined]);
  }));

test('while the clock of a program stands still, a token that has ended is not given out', () =>
  inWorld(async (world, make) => {
    const merge = { expireTime: new Date(Date.now() + 3000).toISOString() };
    await world.fault({ on: IMPERSONATION, do: { merge } });
    const clock = FakeTimers.install({ toFake: ['Date'] });
    try {
      const source = make();
      const first = await source.token();
      const deadline = performance.now() + 10_000;
      while ((await source.token()).value === first.value && performance.now() < deadline) await setTimeout(20);
      assert.notEqual((await source.token()).value, first.value);
    } finally {
      clock.uninstall();
    }
  }));

for (const [what, now] of Object.entries({
  today: undefined,
  'in the year 2000': Date.UTC(2000, 0),
  'in the year 2100': Date.UTC(2100, 0),
})) {
  test(`under fake timers ${what}, tokens come, and core is not asked twice for one`, () =>
    inWorld(async (world, make) => {
      const clock = FakeTimers.install({ now: now ?? Date.now() });
      try {
        const source = make();
        const { value } = await source.token();
        for (const library of Object.values(LIBRARIES)) {
          const client = createAuthClient({ library, credentials: world.credential() });
          assert.equal((await client.getAccessToken()).token, value);
          for (let call = 0; call < 3; call++) assert.ok(await client.getRequestHeaders());
        }
        clock.tick(60_000);
        assert.equal((await source.token()).value, value);
      } finally {
        clock.uninstall();
      }
      assert.equal((await world.requests(EXCHANGE)).length, 1);
    }));
}

test('each registry of modules that Jest makes has a client that works', async () => {
  const world = await World.make();
  const file = `
    for (const turn of [1, 2]) {
      test('turn ' + turn, async () => {
        jest.resetModules();
        const { createAuthClient, TokenSource } = require('rolebridge');
        expect((await TokenSource.fromFile('credential.json').token()).value).toBeTruthy();
        const client = createAuthClient({ keyFilename: 'credential.json' });
        expect((await client.getAccessToken()).token).toBeTruthy();
        jest.useFakeTimers();
        expect(await client.getRequestHeaders()).toBeTruthy();
        jest.useRealTimers();
      });
    }`;
  const cwd = folder({ 'credential.json': world.credential(), 'package.json': '{}', 'a.test.js': file });
  const jest = join(__dirname, 'fixtures/tools/node_modules/jest/bin/jest.js');
  const { code, stderr } = await run([jest], { cwd, env: { ...world.environment(), CI: 'true' } });
  assert.equal(code, 0, stderr);
  assert.equal((await world.requests(EXCHANGE)).length, 1);
});

test('a context of node:vm has a client that works', async () => {
  const world = await World.make();
  const script = `
    (async () => {
      const { createAuthClient, TokenSource } = require('rolebridge');
      const { value } = await TokenSource.fromJSON(JSON.parse(text)).token();
      const { token } = await createAuthClient({ credentials: JSON.parse(text), scopes: ['email'] }).getAccessToken();
      return [value.length > 100, token.length > 100];
    })()`;
  const main = `
    const { runInNewContext } = require('node:vm');
    const text = require('node:fs').readFileSync('credential.json', 'utf8');
    runInNewContext(${JSON.stringify(script)}, { require, text }).then((seen) => console.log(...seen));`;
  const cwd = folder({ 'credential.json': world.credential(), 'main.js': main });
  const { stdout, stderr } = await run(['main.js'], { cwd, env: world.environment() });
  assert.deepEqual({ stdout, stderr }, { stdout: 'true true\n', stderr: '' });
});
