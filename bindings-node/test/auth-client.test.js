'use strict';

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');
const { inspect } = require('node:util');
const { BigQuery } = require('@google-cloud/bigquery');
const { ConfigError, RefusedError, RolebridgeError, createAuthClient } = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { LIBRARIES } = require('./helpers/layouts.js');
const { folder, run } = require('./helpers/program.js');

/** Runs a test in a world with an AuthClient of one copy of google-auth-library. */
async function withClient(library, { specification, options }, body) {
  const world = await World.make(specification);
  return withEnvironment(world.environment(), () => {
    const make = (more) => createAuthClient({ credentials: world.credential(), library, ...options, ...more });
    return body(make(), world, make);
  });
}

function query(world) {
  const { google, project } = world.info;
  const data = { query: 'SELECT SESSION_USER()', useLegacySql: false };
  return { url: `${google}/bigquery/v2/projects/${project.id}/queries`, method: 'POST', data };
}

for (const [major, library] of Object.entries(LIBRARIES)) {
  const on = (what, body, setting = {}) =>
    test(`google-auth-library ${major}: ${what}`, () => withClient(library, setting, body));

  on('the client is one of that copy', async (client, _world, make) => {
    assert.ok(client instanceof library.AuthClient && client instanceof library.AwsClient);
    assert.ok(client instanceof library.BaseExternalAccountClient);
    for (const other of Object.values(LIBRARIES)) {
      assert.equal(client instanceof other.AuthClient, other === library);
    }
    assert.equal(make().constructor, client.constructor);
  });

  on('headers have the shape of that major', async (client) => {
    client.quotaProjectId = 'payer';
    const headers = await client.getRequestHeaders();
    const { token } = await client.getAccessToken();
    if (major === '9') {
      assert.deepEqual({ ...headers }, { Authorization: `Bearer ${token}`, 'x-goog-user-project': 'payer' });
    } else {
      assert.ok(headers instanceof Headers);
      assert.deepEqual(Object.fromEntries(headers), {
        authorization: `Bearer ${token}`,
        'x-goog-user-project': 'payer',
      });
    }
  });

  on('a request of the client is answered', async (client, world) => {
    const response = await client.request(query(world));
    assert.equal(response.data.rows[0].f[0].v, world.info.service_account);
  });

  on('fetch is answered, as later majors have it', async (client, world) => {
    const { url, method, data } = query(world);
    const headers = new Headers({ 'content-type': 'application/json' });
    for (const input of [url, new URL(url), { url, headers }]) {
      const response = await client.fetch(input, { method, body: JSON.stringify(data), headers });
      assert.ok(response.ok && response.status === 200);
      assert.match(response.headers.get('content-type'), /json/);
      assert.equal(response.data.rows[0].f[0].v, world.info.service_account);
    }
    await assert.rejects(client.fetch(`${world.info.google}/nowhere`), (error) => error.response.status === 404);
  });

  on('a response can be read in the way of each major', async (client, world) => {
    const { headers } = await client.request({ ...query(world), headers: new Headers({ accept: 'application/json' }) });
    assert.match(headers.get('content-type'), /json/);
    assert.match(headers['content-type'], /json/);
    assert.ok([...headers.keys()].includes('content-type'));
  });

  on('its token event tells each token once', async (client) => {
    const events = [];
    client.on('tokens', (tokens) => events.push(tokens));
    const { token, res } = await client.getAccessToken();
    await client.getAccessToken();
    assert.equal(res, null);
    const { expiry_date } = client.credentials;
    assert.ok(expiry_date > Date.now());
    assert.deepEqual(events, [
      { refresh_token: null, expiry_date, access_token: token, token_type: 'Bearer', id_token: null },
    ]);
  });

  on('scopes count when a token is asked for, not before', async (client, world) => {
    client.scopes = 'https://www.googleapis.com/auth/bigquery';
    await client.getAccessToken();
    client.scopes = ['email', 'profile'];
    await client.getAccessToken();
    const asked = (await world.requests('iamcredentials.generateAccessToken')).map((request) => request.scope);
    assert.deepEqual(asked, ['https://www.googleapis.com/auth/bigquery', 'email profile']);
  });

  on('a token in its last five minutes is used while it is good', async (client, world) => {
    const expireTime = new Date(Date.now() + 200_000).toISOString();
    await world.fault({ on: 'iamcredentials.generateAccessToken', do: { merge: { expireTime } } });
    const first = await client.getAccessToken();
    assert.equal((await client.getAccessToken()).token, first.token);
    assert.equal((await world.requests('iamcredentials.generateAccessToken')).length, 1);
  });

  on('what was set as credentials is used first', async (client, world) => {
    client.setCredentials({ access_token: 'mine', expiry_date: Date.now() + 3_600_000 });
    assert.equal((await client.getAccessToken()).token, 'mine');
    client.setCredentials({ access_token: 'mine', expiry_date: Date.now() - 1 });
    assert.notEqual((await client.getAccessToken()).token, 'mine');
    assert.equal((await world.requests('sts.token')).length, 1);
  });

  on('a 401 is tried once more where that is wished, and a young token stays', async (client, world) => {
    client.forceRefreshOnFailure = true;
    const { token } = await client.getAccessToken();
    await world.fault({ on: 'bigquery.query', do: { status: 401 } });
    const response = await client.request(query(world));
    assert.equal(response.status, 200);
    assert.equal((await world.requests('bigquery.query')).length, 2);
    assert.equal((await client.getAccessToken()).token, token);
    assert.equal((await world.requests('sts.token')).length, 1);
  });

  on(
    'a refusal is an error of Rolebridge, whatever was called',
    async (client, world) => {
      const { google, project } = world.info;
      const bigquery = new BigQuery({ projectId: project.id, authClient: client, apiEndpoint: google });
      const calls = {
        getAccessToken: () => client.getAccessToken(),
        getRequestHeaders: () => client.getRequestHeaders(),
        refreshAccessTokenAsync: () => client.refreshAccessTokenAsync(),
        request: () => client.request(query(world)),
        fetch: () => client.fetch(google),
        fetchIdToken: () => client.fetchIdToken('https://service.example'),
        sign: () => client.sign('payload'),
        'BigQuery’s query': () => bigquery.query('SELECT 1'),
      };
      for (const [name, call] of Object.entries(calls)) {
        const error = await call().then(
          () => assert.fail(name),
          (error) => error,
        );
        assert.ok(error instanceof RefusedError && error instanceof RolebridgeError, `${name}: ${error}`);
        const { kind, step, status, code, hint } = error;
        // A signature is asked for with an access token.
        const refused = name === 'fetchIdToken' ? 'id_token' : 'impersonation';
        assert.deepEqual([kind, step, status, code], ['refused', refused, 403, 'PERMISSION_DENIED'], name);
        assert.match(hint, /add-iam-policy-binding/);
      }
    },
    { specification: { aws: { instance: { role: 'other-role' } } } },
  );

  on('the project is known without a request', async (client, world) => {
    assert.equal(await client.getProjectId(), world.info.project.id);
    assert.deepEqual(await world.operations(), []);
  });

  on('printing is in the manner of Node', async (client, world) => {
    const shown = inspect(client, { breakLength: 1000 });
    const account = world.info.service_account;
    const scope = 'https://www.googleapis.com/auth/cloud-platform';
    const project = world.info.project.id;
    const members = `serviceAccount: '${account}', scopes: [ '${scope}' ], projectId: '${project}'`;
    assert.equal(shown, `RolebridgeClient { ${members} }`);
    assert.equal(inspect([[[[client]]]], { depth: 2 }), '[ [ [ [Array] ] ] ]');
    assert.equal(inspect({ client }, { depth: 0 }), '{ client: [RolebridgeClient] }');
  });

  on('printing shows no token', async (client) => {
    const { token } = await client.getAccessToken();
    const auth = new library.GoogleAuth({ authClient: client });
    assert.ok(!inspect({ client, auth }, { depth: null, showHidden: true }).includes(token));
  });

  on('what is not AWS is Google’s own', async (_client, world, make) => {
    const account = { type: 'service_account', client_email: 'robot@example.com', private_key: 'none' };
    assert.ok(make({ credentials: account }) instanceof library.JWT);
    const user = { type: 'authorized_user', client_id: 'id', client_secret: 'no', refresh_token: 'no' };
    assert.ok(make({ credentials: user }) instanceof library.UserRefreshClient);
    const file = { ...world.credential(), subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };
    file.credential_source = { file: 'token' };
    assert.ok(make({ credentials: file }) instanceof library.IdentityPoolClient);
  });

  on('where nothing is named Google’s library looks when it is asked', async () => {
    const client = createAuthClient({ library });
    assert.ok(client instanceof library.AuthClient && !(client instanceof library.AwsClient));
  });
}

test('what is wrong with the file is thrown at once', () =>
  withEnvironment({}, () => {
    assert.throws(() => createAuthClient({ keyFilename: 'nowhere/credential.json' }), ConfigError);
    const credentials = { type: 'external_account', subject_token_type: 'urn:ietf:params:aws:token-type:aws4_request' };
    assert.throws(() => createAuthClient({ credentials }), ConfigError);
  }));

for (const [major, library] of Object.entries(LIBRARIES)) {
  test(`BigQuery takes a client of google-auth-library ${major}`, () =>
    withClient(library, {}, async (authClient, world) => {
      const { google, project } = world.info;
      const bigquery = new BigQuery({ projectId: project.id, authClient, apiEndpoint: google });
      const [rows] = await bigquery.query('SELECT name FROM mydataset.users ORDER BY id');
      assert.equal(rows.length, 5);
      const [job] = await bigquery.createQueryJob('SELECT COUNT(*) AS n FROM mydataset.users');
      const [counted] = await job.getQueryResults();
      assert.deepEqual(counted, [{ n: 5 }]);
      assert.equal((await world.requests('sts.token')).length, 1);
    }));
}

test('BigQuery takes the client under the real host names', async () => {
  const world = await World.make();
  const cwd = folder({
    'ca.pem': world.info.ca_pem,
    'credential.json': world.credential({
      token_url: 'https://sts.googleapis.com/v1/token',
      service_account_impersonation_url:
        'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{service_account}:generateAccessToken',
    }),
    'program.mjs': `
      import { BigQuery } from '@google-cloud/bigquery';
      import { createAuthClient } from 'rolebridge';
      const authClient = createAuthClient({ keyFilename: 'credential.json' });
      const [rows] = await new BigQuery({ projectId: 'my-project', authClient }).query('SELECT SESSION_USER() AS user');
      console.log(rows[0].user);`,
  });
  const result = await run(['program.mjs'], { cwd, env: world.proxied(join(cwd, 'ca.pem')) });
  assert.deepEqual(result, { code: 0, signal: null, stdout: `${world.info.service_account}\n`, stderr: '' });
  const hosts = (await world.requests()).map((request) => request.host.replace(/^127.*/, 'metadata'));
  assert.deepEqual(
    new Set(hosts),
    new Set(['metadata', 'sts.googleapis.com', 'iamcredentials.googleapis.com', 'bigquery.googleapis.com']),
  );
});

test('a damaged text in the environment is an error, and no other identity is looked for', async () => {
  const library = LIBRARIES[10];
  for (const damaged of ['{ "type": "external_account", "audience": ', '\ufeff{}', `'{"client_secret":"planted"}'`]) {
    await withEnvironment({ ROLEBRIDGE_CREDENTIALS: damaged }, () => {
      assert.throws(
        () => createAuthClient({ library }),
        (error) => error instanceof ConfigError && !inspect(error).includes('planted'),
      );
    });
  }
});

test('a client written as JSON shows no token and no secret', async () => {
  for (const library of Object.values(LIBRARIES)) {
    const credential = { client_id: 'client', client_secret: 'planted-secret' };
    const world = await World.make();
    await withEnvironment(world.environment(), async () => {
      const client = createAuthClient({ credentials: world.credential(credential), library });
      const { token } = await client.getAccessToken();
      const text = JSON.stringify({ client });
      assert.ok(!text.includes(token) && !text.includes('planted-secret'), text);
      assert.ok(text.includes(world.info.service_account));
    });
  }
});
