'use strict';

/* What the service account gives besides access tokens: ID tokens and signatures, checked with its published keys. */

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');
const { setTimeout } = require('node:timers/promises');
const { inspect } = require('node:util');
const { ConfigError, RefusedError, TokenSource, createAuthClient } = require('rolebridge');
const { deferredClass } = require('../deferred-client.js');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { LIBRARIES } = require('./helpers/layouts.js');
const { folder, run } = require('./helpers/program.js');
const { verifySignature } = require('./helpers/published.js');

const AUDIENCE = 'https://service.example';

/** Lets the workload's access tokens sign as the account that they are of. */
const MAY_SIGN = {
  bindings: [
    {
      role: 'roles/iam.serviceAccountTokenCreator',
      members: ['serviceAccount:bigquery-reader@my-project.iam.gserviceaccount.com'],
    },
  ],
};
const DIRECT = { service_account_impersonation_url: null };

async function inWorld(specification, body) {
  const world = await World.make(specification);
  return withEnvironment(world.environment(), () => body(world, TokenSource.fromJSON(world.credential())));
}

/** As Google's own verifier reads it. */
async function claimsOf(world, token) {
  const certificates = await (await fetch(`${world.info.google}/oauth2/v1/certs`)).json();
  const verifier = new LIBRARIES[10].OAuth2Client();
  const ticket = await verifier.verifySignedJwtWithCertsAsync(token, certificates, AUDIENCE, [
    'https://accounts.google.com',
  ]);
  return ticket.getPayload();
}

const count = async (world, operation) => (await world.requests(operation)).length;

test('an ID token is of the account for its audience, and kept', () =>
  inWorld({}, async (world, source) => {
    const token = await source.idToken(AUDIENCE);
    const claims = await claimsOf(world, token.value);
    assert.deepEqual([claims.email, claims.aud], [world.info.service_account, AUDIENCE]);
    assert.ok(Math.abs(claims.exp - token.expiresAt.getTime() / 1000) < 2);
    assert.equal(await source.idToken(AUDIENCE), token);
    assert.equal((await TokenSource.fromJSON(world.credential()).idToken(AUDIENCE)).value, token.value);
    assert.notEqual((await source.idToken('https://other.example')).value, token.value);
    assert.ok(!inspect(source, { showHidden: true, depth: null }).includes(token.value));
    assert.equal(await count(world, 'iamcredentials.generateIdToken'), 2);
    assert.equal(await count(world, 'iamcredentials.generateAccessToken'), 0);
  }));

test('an ID token without an e-mail is another', () =>
  inWorld({}, async (world, source) => {
    const { value } = await source.idToken(AUDIENCE, { includeEmail: false });
    assert.equal((await claimsOf(world, value)).email, undefined);
    assert.ok((await claimsOf(world, (await source.idToken(AUDIENCE, { includeEmail: true })).value)).email);
  }));

test('more audiences than are kept at hand all have a token', () =>
  inWorld({}, async (world, source) => {
    const first = await source.idToken('https://0.example');
    for (let number = 0; number < 100; number++) await source.idToken(`https://${number}.example`);
    assert.equal((await source.idToken('https://0.example')).value, first.value);
    assert.equal(await count(world, 'iamcredentials.generateIdToken'), 100);
  }));

test('a signature is the account’s, and is asked for each time', () =>
  inWorld(MAY_SIGN, async (world, source) => {
    for (const payload of [Buffer.from('a\0b'), new Uint8Array(70_000).fill(255)]) {
      const signature = await source.sign(payload);
      assert.ok(Buffer.isBuffer(signature.value));
      await verifySignature(world, signature, payload);
    }
    assert.equal(await count(world, 'iamcredentials.signBlob'), 2);
    assert.equal(await count(world, 'iamcredentials.generateAccessToken'), 1);
  }));

test('many wait for signatures and tokens at once', () =>
  inWorld(MAY_SIGN, async (world, source) => {
    const payloads = Array.from({ length: 20 }, (_, number) => Buffer.from(`payload ${number}`));
    const signing = payloads.map((payload) => source.sign(payload));
    const tokens = await Promise.all(payloads.map(() => source.idToken(AUDIENCE)));
    assert.equal(new Set(tokens).size, 1);
    for (const [number, signature] of (await Promise.all(signing)).entries()) {
      await verifySignature(world, signature, payloads[number]);
    }
  }));

test('what is lacking is a typed error', () =>
  inWorld({}, async (world, source) => {
    await assert.rejects(source.sign(Buffer.from('payload')), (error) => {
      assert.ok(error instanceof RefusedError && error.stack.includes('account.test.js'));
      assert.deepEqual([error.step, error.status], ['signing', 403]);
      return error.hint.includes('roles/iam.serviceAccountTokenCreator');
    });
    const direct = TokenSource.fromJSON(world.credential(DIRECT));
    for (const call of [direct.idToken(AUDIENCE), direct.sign(Buffer.from('payload'))]) {
      await assert.rejects(call, (error) => error instanceof ConfigError && /service account/.test(error.message));
    }
    for (const blank of ['', ' ']) await assert.rejects(source.idToken(blank), ConfigError);
  }));

test('a wrong argument is a TypeError that names it', () =>
  inWorld({}, async (world, source) => {
    for (const wrong of [undefined, null, 5, Buffer.from('bytes')]) {
      await assert.rejects(source.idToken(wrong), { name: 'TypeError', message: /^audience / });
    }
    for (const wrong of [undefined, null, 5, 'text', [1, 2], new ArrayBuffer(3)]) {
      await assert.rejects(source.sign(wrong), { name: 'TypeError', message: /^payload / });
    }
    for (const [options, message] of [
      [{ includeEmail: 1 }, /^includeEmail /],
      [{ include_email: true }, /the nearest is includeEmail/],
      [false, /^options /],
    ]) {
      await assert.rejects(source.idToken(AUDIENCE, options), { name: 'TypeError', message });
    }
    for (const wrong of [undefined, null, 5, '']) {
      assert.throws(() => TokenSource.fromAudience(wrong), { name: 'TypeError', message: /^audience / });
    }
    for (const wrong of [null, {}, '']) {
      const make = () => TokenSource.fromAudience(world.info.audience, wrong);
      assert.throws(make, { name: 'TypeError', message: /^serviceAccount / });
    }
    const library = LIBRARIES[10];
    const account = world.info.service_account;
    const client = (options) => () => createAuthClient({ library, ...options });
    const two = { audience: world.info.audience, credentials: world.credential() };
    assert.throws(client(two), { name: 'TypeError', message: /^credentials and audience / });
    assert.throws(client({ serviceAccount: account }), { name: 'TypeError', message: /^serviceAccount / });
    assert.throws(client({ audience: 'nonsense' }), ConfigError);
    assert.throws(() => TokenSource.fromAudience(world.info.audience, 'nobody'), ConfigError);
  }));

test('a supplier of an identity may not sign with what waits for it', () =>
  inWorld(MAY_SIGN, async (world) => {
    let source;
    const identity = () => source.sign(Buffer.from('payload'));
    source = TokenSource.fromJSON(world.credential(), { identity });
    await assert.rejects(source.sign(Buffer.from('payload')), { name: 'IdentityError' });
  }));

for (const [major, library] of Object.entries(LIBRARIES)) {
  const { GoogleAuth } = library;
  const authOf = (world, patch) =>
    new GoogleAuth({ authClient: createAuthClient({ credentials: world.credential(patch), library }) });
  const endpoint = (world) => `${world.info.google}/v1/projects/-/serviceAccounts/`;

  test(`google-auth-library ${major}: its ID token client shows the account's token`, () =>
    inWorld({}, async (world) => {
      const client = await authOf(world).getIdTokenClient(AUDIENCE);
      const headers = new Headers(await client.getRequestHeaders());
      const [scheme, token] = headers.get('authorization').split(' ');
      assert.equal(scheme, 'Bearer');
      assert.equal((await claimsOf(world, token)).email, world.info.service_account);
      const direct = await authOf(world, DIRECT).getIdTokenClient(AUDIENCE);
      await assert.rejects(direct.getRequestHeaders(), ConfigError);
    }));

  test(`google-auth-library ${major}: its GoogleAuth signs as the account`, () =>
    inWorld(MAY_SIGN, async (world) => {
      const auth = authOf(world);
      assert.equal((await auth.getCredentials()).client_email, world.info.service_account);
      const value = Buffer.from(await auth.sign('payload', endpoint(world)), 'base64');
      const { keyId, signedBlob } = await (await auth.getClient()).sign('payload');
      assert.equal(signedBlob, value.toString('base64'));
      await verifySignature(world, { keyId, value }, Buffer.from('payload'));
      const direct = authOf(world, DIRECT);
      await assert.rejects(direct.sign('payload', endpoint(world)), ConfigError);
      await assert.rejects((await direct.getClient()).sign('payload'), ConfigError);
    }));

  test(`google-auth-library ${major}: a token that IAM refused to sign with is in no more headers`, () =>
    inWorld(MAY_SIGN, async (world) => {
      const client = createAuthClient({ credentials: world.credential(), library });
      const authorization = async () => new Headers(await client.getRequestHeaders()).get('authorization');
      const before = await authorization();
      await world.patch({ expire: ['access_tokens'] });
      await client.sign('payload');
      const after = await authorization();
      assert.notEqual(after, before);
      assert.equal(after, `Bearer ${(await client.getAccessToken()).token}`);
      assert.equal(await count(world, 'iamcredentials.generateAccessToken'), 2);
    }));

  test(`google-auth-library ${major}: a client that finds out later whose it is has ID tokens of what it finds`, async () => {
    class Found extends library.AuthClient {
      async fetchIdToken(audience) {
        return `a token for ${audience}`;
      }
    }
    const client = new (deferredClass(library))(new GoogleAuth({ authClient: new Found() }));
    const auth = new GoogleAuth({ authClient: client });
    const { idTokenProvider } = await auth.getIdTokenClient(AUDIENCE);
    assert.equal(await idTokenProvider.fetchIdToken(AUDIENCE), `a token for ${AUDIENCE}`);
  });
}

test('Google’s ID token clients of all majors show another token when one ends', () =>
  inWorld({}, async (world) => {
    const clients = await Promise.all(
      Object.entries(LIBRARIES).map(([release, library]) => {
        const authClient = createAuthClient({ credentials: world.credential(), library });
        return new library.GoogleAuth({ authClient }).getIdTokenClient(`${AUDIENCE}/${release}`);
      }),
    );
    const shown = async (client) => new Headers(await client.getRequestHeaders()).get('authorization').split(' ')[1];
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = Math.floor(Date.now() / 1000) + 4;
    const short = [part({ alg: 'RS256' }), part({ exp }), part('no signature')].join('.');
    const merge = { token: short };
    await world.fault({ on: 'iamcredentials.generateIdToken', times: clients.length, do: { merge } });
    for (const token of await Promise.all(clients.map(shown))) assert.equal(token, short);
    for (const client of clients) {
      // The renewal is due when the first half of its life is over.
      while ((await shown(client)) === short && Date.now() < exp * 1000) await setTimeout(20);
      const next = await shown(client);
      assert.notEqual(next, short);
      assert.equal(await shown(client), next);
    }
    assert.equal(await count(world, 'iamcredentials.generateIdToken'), 2 * clients.length);
  }));

/** Makes a source and a client of an audience, where no file is. */
const OF_AUDIENCE = `
  const library = require('google-auth-library');
  const { TokenSource, createAuthClient } = require('rolebridge');
  const [audience, serviceAccount] = process.argv.slice(2);
  async function main() {
    const source = TokenSource.fromAudience(audience, serviceAccount, { scopes: 'email' });
    const client = createAuthClient({ library, audience, serviceAccount, scopes: 'email' });
    const { token } = await client.getAccessToken();
    console.log(token === (await source.token()).value, client.projectId, client.getServiceAccountEmail());
    const direct = TokenSource.fromAudience(audience);
    const other = createAuthClient({ library, audience });
    console.log((await other.getAccessToken()).token === (await direct.token()).value, direct.serviceAccount);
  }
  main();
`;

test('an audience in the place of a file, behind a proxy', async () => {
  const world = await World.make();
  const cwd = folder({ 'ca.pem': world.info.ca_pem, 'program.js': OF_AUDIENCE });
  const { audience, service_account } = world.info;
  const env = world.proxied(join(cwd, 'ca.pem'));
  const result = await run(['program.js', audience, service_account], { cwd, env });
  const stdout = `true my-project ${service_account}\ntrue undefined\n`;
  assert.deepEqual(result, { code: 0, signal: null, stdout, stderr: '' });
  assert.equal(await count(world, 'iamcredentials.generateAccessToken'), 1);
});
