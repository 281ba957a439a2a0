'use strict';

/* What a program may name, and that a slip of the pen finds no other identity. */

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');
const { pathToFileURL } = require('node:url');
const { ConfigError, TokenSource, createAuthClient, warm } = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { folder } = require('./helpers/program.js');

const library = require('gal10');

/** Runs a test where the environment names another account's key. */
async function besideAnotherAccount(body) {
  const world = await World.make();
  const account = { type: 'authorized_user', client_id: 'other', client_secret: 'no', refresh_token: 'no' };
  const files = { 'good.json': world.credential(), 'other.json': account, 'empty.json': '', 'bad.json': '{"type":' };
  const path = folder(files);
  const variables = { ...world.environment(), GOOGLE_APPLICATION_CREDENTIALS: join(path, 'other.json') };
  await withEnvironment(variables, () => body((name) => join(path, name), world));
}

const CLIENT_SLIPS = {
  'a path in place of options': [(file) => file('good.json'), /options must be an object/],
  'null in place of options': [() => null, /options must be an object/],
  'a list in place of options': [() => [], /options must be an object/],
  'a misspelt option': [(file) => ({ keyFileName: file('good.json') }), /keyFileName; the nearest is keyFilename/],
  'an option of another language': [(file) => ({ key_file: file('good.json') }), /key_file; the nearest is keyFile/],
  'the singular of scopes': [() => ({ scope: 'email' }), /scope; the nearest is scopes/],
  'an option that is like none': [() => ({ impersonate: 'x' }), /impersonate; there are keyFilename, keyFile/],
  'a source given as a client': [() => ({ authClient: {} }), /authClient/],
  'an undefined file': [() => ({ keyFilename: undefined }), /keyFilename is undefined/],
  'a null file': [() => ({ keyFile: null }), /keyFile is null/],
  'an unset variable': [() => ({ keyFilename: '' }), /keyFilename is empty/],
  'a file that is no path': [() => ({ keyFilename: 42 }), /keyFilename must be a path or a file: URL/],
  'a URL of the web': [() => ({ keyFilename: new URL('https://example.com') }), /keyFilename .*file:/],
  'undefined credentials': [() => ({ credentials: undefined }), /credentials is undefined/],
  'empty credentials': [() => ({ credentials: {} }), /credentials is empty/],
  'a path for credentials': [(file) => ({ credentials: file('good.json') }), /credentials .*keyFilename takes a path/],
  'a source for credentials': [(_, world) => ({ credentials: sourceOf(world) }), /credentials is a TokenSource/],
  'two credentials': [
    (file, world) => ({ keyFilename: file('good.json'), credentials: world.credential() }),
    /keyFilename and credentials/,
  ],
  'undefined scopes': [() => ({ scopes: undefined }), /scopes is undefined/],
  'an empty scope': [() => ({ scopes: '' }), /scopes is empty/],
  'an empty list of scopes': [() => ({ scopes: [] }), /scopes is empty/],
  'an undefined library': [() => ({ library: undefined }), /library is undefined/],
  'another library': [() => ({ library: {} }), /library .*AuthClient/],
};

function sourceOf(world) {
  return TokenSource.fromJSON(world.credential());
}

for (const [slip, [options, message]] of Object.entries(CLIENT_SLIPS)) {
  test(`createAuthClient: ${slip} is a TypeError that names it`, () =>
    besideAnotherAccount((file, world) => {
      const given = options(file, world);
      const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
      const whole = isObject && !('library' in given) ? { library, ...given } : given;
      assert.throws(() => createAuthClient(whole), { name: 'TypeError', message });
    }));
}

test('each of the three ways to name a file names that file', () =>
  besideAnotherAccount((file) => {
    const path = file('good.json');
    for (const options of [{ keyFilename: path }, { keyFile: path }, { keyFilename: pathToFileURL(path) }]) {
      assert.ok(createAuthClient({ library, ...options }) instanceof library.AwsClient);
    }
    assert.ok(createAuthClient({ library }) instanceof library.UserRefreshClient);
  }));

test('a file that is empty or damaged is a ConfigError, and no other identity is looked for', () =>
  besideAnotherAccount((file) => {
    for (const name of ['empty.json', 'bad.json', 'none.json']) {
      assert.throws(() => createAuthClient({ library, keyFilename: file(name) }), ConfigError, name);
    }
  }));

const DOORS = {
  fromFile: (file, options) => TokenSource.fromFile(file('good.json'), options),
  fromJSON: (_file, options, world) => TokenSource.fromJSON(world.credential(), options),
  fromEnv: (_file, options) => TokenSource.fromEnv(options),
  warm: (_file, options) => warm(options),
};

for (const [door, make] of Object.entries(DOORS)) {
  test(`${door}: an option that is unknown, undefined or empty is a TypeError that names it`, () =>
    besideAnotherAccount((file, world) => {
      for (const [options, message] of [
        ['email', /options must be an object/],
        [null, /options must be an object/],
        [{ scope: 'email' }, /scope; the nearest is scopes/],
        [{ quota_project_id: 'payer' }, /quota_project_id; the nearest is quotaProjectId/],
        [{ scopes: undefined }, /scopes is undefined/],
        [{ scopes: [''] }, /scopes is empty/],
        [{ scopes: 42 }, /scopes must be a string or an array of strings/],
        [{ quotaProjectId: '' }, /quotaProjectId is empty/],
        [{ universeDomain: 42 }, /universeDomain must be a string/],
        [{ allowEndpoints: [42] }, /allowEndpoints must be a string/],
      ]) {
        assert.throws(() => make(file, options, world), { name: 'TypeError', message });
      }
    }));
}

test('a source takes a path or a file: URL, and nothing that stands for none', () =>
  besideAnotherAccount((file, world) => {
    const url = pathToFileURL(file('good.json'));
    assert.equal(TokenSource.fromFile(url).serviceAccount, world.info.service_account);
    for (const nothing of [undefined, null, '', 42, {}]) {
      assert.throws(() => TokenSource.fromFile(nothing), { name: 'TypeError', message: /^path / });
    }
    for (const nothing of [undefined, null]) {
      assert.throws(() => TokenSource.fromJSON(nothing), { name: 'TypeError', message: /^json / });
    }
    for (const nothing of [undefined, null, '', []]) {
      assert.throws(() => TokenSource.fromFile(url).withScopes(nothing), { name: 'TypeError', message: /^scopes / });
    }
    assert.throws(() => TokenSource.fromFile(url).invalidate(undefined), { name: 'TypeError', message: /^token / });
  }));

test('the options of a source do what they say, for the client too', async () => {
  const world = await World.make();
  const credential = world.credential({ quota_project_id: 'file', universe_domain: null });
  const options = { scopes: 'email', quotaProjectId: 'payer', allowEndpoints: world.info.google };
  await withEnvironment({ AWS_EC2_METADATA_SERVICE_ENDPOINT: world.info.metadata }, async () => {
    const source = TokenSource.fromJSON(credential, options);
    assert.deepEqual(source.scopes, ['email']);
    assert.deepEqual(source.withScopes('profile').scopes, ['profile']);
    assert.equal((await source.headers())['x-goog-user-project'], 'payer');
    const client = createAuthClient({ credentials: credential, library, ...options });
    assert.equal((await client.getRequestHeaders()).get('x-goog-user-project'), 'payer');
    const asked = (await world.requests('iamcredentials.generateAccessToken')).map((request) => request.scope);
    assert.deepEqual(asked, ['email']);
  });
});

test('the universe domain that the program names is the one of the file', async () => {
  const world = await World.make();
  const credential = world.credential({ universe_domain: 'example.goog' });
  await withEnvironment(world.environment(), () => {
    assert.throws(() => TokenSource.fromJSON(credential), ConfigError);
    TokenSource.fromJSON(credential, { universeDomain: 'example.goog' });
    const client = createAuthClient({ credentials: credential, library, universeDomain: 'example.goog' });
    assert.equal(client.universeDomain, 'example.goog');
  });
});

test('what is Google’s own to read is told of the options too', () =>
  besideAnotherAccount((file) => {
    const client = createAuthClient({ keyFilename: file('other.json'), quotaProjectId: 'payer', library });
    assert.ok(client instanceof library.UserRefreshClient);
    assert.equal(client.quotaProjectId, 'payer');
  }));

test('a source in the place of a client points to the right door', () =>
  besideAnotherAccount(async (_file, world) => {
    const auth = new library.GoogleAuth({ authClient: sourceOf(world) });
    const door = { name: 'TypeError', message: /createAuthClient/ };
    await assert.rejects(auth.authorizeRequest({ url: 'https://example.com' }), door);
    await assert.rejects(auth.request({ url: 'https://example.com' }), door);
    await assert.rejects(auth.getAccessToken(), door);
  }));
