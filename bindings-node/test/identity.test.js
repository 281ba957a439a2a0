'use strict';

/* AWS identities that a program names or supplies: a profile, a role, the AWS SDK's providers, google-auth's supplier. */

const assert = require('node:assert/strict');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');
const providers = require('@aws-sdk/credential-providers');
const library = require('google-auth-library');
const { IdentityError, TokenSource, UnavailableError, createAuthClient, warm } = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { folder, run } = require('./helpers/program.js');

const AWAY = { ROLEBRIDGE_ALLOW_LOOPBACK: '1' };

/** Runs a test in a world whose metadata service this process does not know. */
async function away(body, variables = {}) {
  const world = await World.make();
  return withEnvironment({ ...AWAY, ...variables }, () =>
    body(world, (identity, options) => TokenSource.fromJSON(world.credential(), { identity, ...options })),
  );
}

const REGION = { AWS_REGION: 'us-east-1' };

function keysOf({ info: { keys } }) {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = keys;
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** Its token is good, and metadata was not asked. */
async function accepted(world, source) {
  const { value } = await source.token();
  assert.equal(await world.sessionUser(value), world.info.service_account);
  assert.ok(!(await world.operations()).some((operation) => operation.startsWith('metadata.')));
}

test('a function gives keys, at once or later, and the region with them or not', async () => {
  await away(async (world, make) => {
    await accepted(
      world,
      make(async () => ({ ...keysOf(world), region: 'us-east-1' })),
    );
    const expiration = new Date(Date.now() + 3_600_000);
    await accepted(
      world,
      make(() => ({ ...keysOf(world), expiration, region: 'us-east-1' })),
    );
    await assert.rejects(make(() => keysOf(world)).token(), /region/);
  });
  await away(
    async (world, make) =>
      accepted(
        world,
        make(() => keysOf(world)),
      ),
    REGION,
  );
});

test('the AWS SDK’s provider of the environment', () =>
  away(async (world, make) => {
    const { accessKeyId, secretAccessKey, sessionToken } = keysOf(world);
    const variables = {
      ...AWAY,
      ...REGION,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
    await withEnvironment(variables, () => accepted(world, make(providers.fromEnv())));
  }));

test('the AWS SDK’s provider of a container, which asks over HTTP', () =>
  away(async (world, make) => {
    const variables = {
      ...AWAY,
      ...REGION,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: world.info.container_full_uri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: world.info.container_token,
    };
    const before = { ...process.env };
    Object.assign(process.env, variables);
    try {
      await accepted(world, make(providers.fromContainerMetadata({ timeout: 5000, maxRetries: 0 })));
    } finally {
      for (const name of Object.keys(variables)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
    assert.equal((await world.requests('container.credentials')).length, 1);
  }, REGION));

test('a supplier of google-auth-library, and a client of it', () =>
  away(async (world, make) => {
    const seen = [];
    const supplier = {
      async getAwsRegion() {
        return 'us-east-1';
      },
      async getAwsSecurityCredentials({ audience, subjectTokenType }) {
        seen.push([audience, subjectTokenType]);
        const { sessionToken: token, ...keys } = keysOf(world);
        return { ...keys, token };
      },
    };
    await accepted(world, make(supplier));
    assert.deepEqual(seen, [[world.info.audience, 'urn:ietf:params:aws:token-type:aws4_request']]);
    const client = createAuthClient({ library, credentials: world.credential(), identity: supplier });
    const { token } = await client.getAccessToken();
    assert.equal(await world.sessionUser(token), world.info.service_account);
  }));

test('a profile and a role that are named', async () => {
  const world = await World.make();
  const { accessKeyId, secretAccessKey, sessionToken } = keysOf(world);
  const file = join(folder({}), 'credentials');
  writeFileSync(
    file,
    `[work]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n` +
      `aws_session_token = ${sessionToken}\n`,
  );
  const variables = {
    ...AWAY,
    ...REGION,
    AWS_SHARED_CREDENTIALS_FILE: file,
    AWS_CONFIG_FILE: `${file}.none`,
    AWS_ENDPOINT_URL_STS: world.info.aws_sts,
  };
  await withEnvironment(variables, async () => {
    const options = { profile: 'work', roleArn: world.info.role_arn, roleSessionName: 'mine' };
    await accepted(world, TokenSource.fromJSON(world.credential(), options));
  });
  const [asked] = await world.requests('aws.assumeRole');
  assert.equal(asked.session, 'mine');
});

test('options that supply nothing are refused by name', () =>
  away(async (world, make) => {
    for (const identity of ['work', 1, {}, { getAwsRegion() {} }]) {
      assert.throws(() => make(identity), { name: 'TypeError', message: /^identity must be a function/ });
    }
    assert.throws(() => warm({ identity: () => keysOf(world) }), /identity is no option of warm/);
    assert.throws(() => make(() => keysOf(world), { profile: 'work' }), /only one of them/);
  }));

test('what it throws or rejects with is the cause itself, for each caller', () =>
  away(async (_world, make) => {
    const thrown = new Error('the vault is sealed', { cause: new RangeError('below') });
    const throws = () => {
      throw thrown;
    };
    for (const identity of [throws, () => Promise.reject(thrown)]) {
      const source = make(identity);
      for (const call of await Promise.allSettled([source.token(), source.headers(), source.token()])) {
        assert.ok(call.reason instanceof IdentityError);
        assert.match(call.reason.message, /the identity supplier failed/);
        assert.equal(call.reason.cause, thrown);
      }
    }
    await assert.rejects(make(() => Promise.reject(undefined)).token(), (error) => error.cause === undefined);
  }));

test('rubbish is named', () =>
  away(async (world, make) => {
    const keys = { accessKeyId: 'id', secretAccessKey: 'words' };
    for (const [given, says] of [
      [undefined, /gave undefined in place of credentials/],
      ['id', /gave a value of type string/],
      [{}, /gave no `accessKeyId`/],
      [{ accessKeyId: 'id' }, /gave no `secretAccessKey`/],
      [{ ...keys, accessKeyId: 1 }, /gave a `accessKeyId` that is of type number/],
      [{ ...keys, sessionToken: {} }, /`sessionToken` that is of type object/],
      [{ ...keys, expiration: 'soon' }, /`expiration` that is of type string/],
      [{ ...keys, expiration: new Date(Number.NaN) }, /`expiration` that is .* not a valid Date/],
      [{ ...keys, region: 'nowhere' }, /a region that is no AWS region/],
    ]) {
      await assert.rejects(make(() => given).token(), (error) => error instanceof IdentityError && says.test(error));
    }
    assert.deepEqual(await world.requests(), []);
  }));

test('one that asks its own source is named, and later code of its own making may ask', () =>
  away(async (world, make) => {
    const own = make(() => own.token());
    await assert.rejects(own.token(), (error) => /the token that is minted|minted with the identity/.test(error.cause));
    let later;
    const open = Promise.withResolvers?.() ?? deferred();
    const source = make(() => {
      later = open.promise.then(() => source.withScopes('https://www.googleapis.com/auth/bigquery').token());
      return { ...keysOf(world), region: 'us-east-1' };
    });
    await source.token();
    open.resolve();
    assert.equal(await world.sessionUser((await later).value), world.info.service_account);
  }));

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => {
    made.resolve = resolve;
  });
  return made;
}

test('one that hangs is named within its budget', () =>
  away(async (_world, make) => {
    const began = performance.now();
    await assert.rejects(make(() => new Promise(() => {})).token(), (error) => {
      return error instanceof UnavailableError && /the identity supplier did not answer within 20 s/.test(error);
    });
    assert.ok(performance.now() - began < 25_000);
  }));

test('it keeps nothing alive', async () => {
  const world = await World.make();
  const script =
    "const { TokenSource } = require('rolebridge');" +
    'const source = TokenSource.fromJSON(process.argv[1], { identity: () => new Promise(() => {}) });' +
    "source.warm(); setTimeout(() => console.log('ends'), 50)";
  const cwd = folder({});
  const { code, stdout } = await run(['-e', script, JSON.stringify(world.credential())], { env: AWAY, cwd });
  assert.deepEqual([code, stdout], [0, 'ends\n']);
});
