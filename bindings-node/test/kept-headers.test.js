'use strict';

/* Headers that a client keeps: whose they are, and when they are made anew. */

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');

/** By how much JavaScript's clock is ahead. Rolebridge takes the clock that is there when it is loaded. */
let ahead = 0;
const { now } = Date;
Date.now = () => now() + ahead;

const { createAuthClient } = require('rolebridge');
const native = require('../native.js');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { LIBRARIES } = require('./helpers/layouts.js');
const { folder, run } = require('./helpers/program.js');

const BIGQUERY = 'https://www.googleapis.com/auth/bigquery';

const bearerOf = (headers) => headers.Authorization ?? headers.get('authorization');

/** Runs `body` with a count of what core is asked and told meanwhile. */
async function counting(body) {
  const calls = { request: 0, invalidate: 0 };
  const before = {};
  for (const name of Object.keys(calls)) {
    before[name] = native.TokenSource.prototype[name];
    native.TokenSource.prototype[name] = function counted(...args) {
      calls[name] += 1;
      return before[name].apply(this, args);
    };
  }
  try {
    return await body(calls);
  } finally {
    Object.assign(native.TokenSource.prototype, before);
  }
}

/** Runs `body` while JavaScript's clock is this far off; core has a clock of its own. */
async function at(milliseconds, body) {
  ahead = milliseconds;
  try {
    return await body();
  } finally {
    ahead = 0;
  }
}

for (const [major, library] of Object.entries(LIBRARIES)) {
  const on = (what, body) =>
    test(`google-auth-library ${major}: ${what}`, async () => {
      const world = await World.make();
      await withEnvironment(world.environment(), () =>
        body(createAuthClient({ credentials: world.credential(), library }), world),
      );
    });

  on('headers that are spoilt by who got them are nobody else’s', async (client) => {
    const bearer = bearerOf(await client.getRequestHeaders());
    for (let call = 0; call < 3; call++) {
      const headers = await client.getRequestHeaders();
      assert.equal(bearerOf(headers), bearer);
      for (const name of Object.keys(headers)) headers[name] = 'spoilt';
      headers.set?.('authorization', 'spoilt');
    }
  });

  on('headers written as JSON show no more than Google’s own', async (client) => {
    for (let call = 0; call < 2; call++) {
      const headers = await client.getRequestHeaders();
      const theirs = major === '9' ? { ...headers } : new Headers(headers);
      assert.equal(JSON.stringify(headers), JSON.stringify(theirs));
    }
  });

  on('core is asked when the token is due, and when the clock was set back, and else not', (client) =>
    counting(async (calls) => {
      await client.getRequestHeaders();
      await client.getRequestHeaders();
      assert.equal(calls.request, 1);
      await at(3_500_000, () => client.getRequestHeaders());
      assert.equal(calls.request, 2);
      await at(-3_600_000, () => client.getRequestHeaders());
      assert.equal(calls.request, 3);
    }),
  );

  on('a quota project and scopes that are set later count', async (client) => {
    const first = await client.getRequestHeaders();
    client.quotaProjectId = 'payer';
    const second = await client.getRequestHeaders();
    assert.equal(bearerOf(second), bearerOf(first));
    assert.equal(second['x-goog-user-project'], 'payer');
    client.scopes = [BIGQUERY];
    assert.notEqual(bearerOf(await client.getRequestHeaders()), bearerOf(first));
  });

  on('credentials that the program sets count', async (client) => {
    await client.getRequestHeaders();
    client.setCredentials({ access_token: 'mine', expiry_date: Date.now() + 3_600_000 });
    assert.equal(bearerOf(await client.getRequestHeaders()), 'Bearer mine');
  });

  on('headers that were made for other scopes are not kept', async (client) => {
    const tokens = {};
    for (const scope of [BIGQUERY, 'email']) {
      client.scopes = [scope];
      tokens[scope] = (await client.getAccessToken()).token;
    }
    client.scopes = [BIGQUERY];
    const first = client.getRequestHeaders();
    client.scopes = ['email'];
    await Promise.all([first, client.getAccessToken()]);
    assert.equal(bearerOf(await client.getRequestHeaders()), `Bearer ${tokens.email}`);
  });

  on('scopes that are set while headers are made count for the next ones', async (client) => {
    client.once('tokens', () => {
      client.scopes = [BIGQUERY];
    });
    const first = bearerOf(await client.getRequestHeaders());
    assert.notEqual(bearerOf(await client.getRequestHeaders()), first);
  });

  on('a token is given again without asking core while nothing has changed', (client) =>
    counting(async (calls) => {
      const first = await client.getAccessToken();
      assert.deepEqual(await client.getAccessToken(), first);
      assert.equal(calls.request, 1);
      await at(3_500_000, () => client.getAccessToken());
      assert.equal(calls.request, 2);
      client.scopes = [BIGQUERY];
      assert.notEqual((await client.getAccessToken()).token, first.token);
      assert.equal(calls.request, 3);
      client.setCredentials({ access_token: 'mine', expiry_date: Date.now() + 3_600_000 });
      assert.equal((await client.getAccessToken()).token, 'mine');
      client.setCredentials({ access_token: 'ended', expiry_date: Date.now() - 1 });
      assert.notEqual((await client.getAccessToken()).token, 'ended');
    }),
  );

  test(`google-auth-library ${major}: what its headers need is loaded while the token is awaited`, async () => {
    const world = await World.make();
    const program = `
      const { createAuthClient } = require('rolebridge');
      const isLoaded = () => process.moduleLoadList.some((name) => name.endsWith('/undici'));
      const client = createAuthClient({ library: require('gal${major}') });
      const before = isLoaded();
      const headers = client.getRequestHeaders();
      const meanwhile = isLoaded();
      headers.then(() => console.log(before, meanwhile, isLoaded()));`;
    const file = folder({ 'credential.json': world.credential() });
    const env = { ...world.environment(), GOOGLE_APPLICATION_CREDENTIALS: join(file, 'credential.json') };
    const { stdout, stderr } = await run(['-e', program], { env });
    const makesHeaders = major !== '9';
    assert.equal(stdout, `false ${makesHeaders} ${makesHeaders}\n`, stderr);
  });

  on('what an API refused is told to core', (client) =>
    counting(async (calls) => {
      await client.refreshAccessTokenAsync();
      assert.deepEqual(calls, { request: 1, invalidate: 0 }, 'there was nothing to refuse');
      await client.refreshAccessTokenAsync();
      assert.deepEqual(calls, { request: 2, invalidate: 1 });
    }),
  );

  for (const [other, its] of Object.entries(LIBRARIES)) {
    on(`its client authorises requests of google-auth-library ${other}`, async (client) => {
      const url = 'https://bigquery.googleapis.com/';
      const { token } = await client.getAccessToken();
      for (let call = 0; call < 2; call++) {
        const { headers } = await new its.GoogleAuth({ authClient: client }).authorizeRequest({ url });
        assert.equal(new Headers(headers).get('authorization'), `Bearer ${token}`);
      }
    });
  }
}
