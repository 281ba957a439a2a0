'use strict';

/* What a credential file may make of Google's class: nothing that core has not checked. */

const assert = require('node:assert/strict');
const { mkdirSync, renameSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { inspect } = require('node:util');
const { runInNewContext } = require('node:vm');
const { createAuthClient } = require('rolebridge');
const { clientFor } = require('../external-account.js');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { LIBRARIES } = require('./helpers/layouts.js');
const { folder, run } = require('./helpers/program.js');

const EVIL = 'https://attacker.example/';
const HOSTILE = {
  cloud_resource_manager_url: EVIL,
  cloudResourceManagerUrl: EVIL,
  universeDomain: 'attacker.example',
  transporterOptions: { baseURL: EVIL, proxy: EVIL },
  transporter: { baseURL: EVIL },
  baseURL: EVIL,
  endpoint: EVIL,
  awsSecurityCredentialsSupplier: {},
  aws_security_credentials_supplier: {},
  credentials: { access_token: 'theirs' },
  credential_source: { regionUrl: EVIL, imdsV2SessionTokenUrl: EVIL },
};

for (const [major, library] of Object.entries(LIBRARIES)) {
  test(`google-auth-library ${major}: a file’s other members reach nothing`, async () => {
    const world = await World.make();
    await withEnvironment(world.environment(), async () => {
      const file = world.credential(HOSTILE);
      for (const client of [createAuthClient({ credentials: file, library }), clientFor(library, file)]) {
        assert.equal(client.cloudResourceManagerURL.host, 'cloudresourcemanager.googleapis.com');
        assert.equal(client.universeDomain, 'googleapis.com');
        assert.equal(client.transporter.defaults?.baseURL, undefined);
        assert.equal(typeof client.transporter.request, 'function');
        assert.ok(!inspect({ ...client }, { depth: 4 }).includes('attacker'));
        const { google, project } = world.info;
        const data = { query: 'SELECT 1', useLegacySql: false };
        const url = `${google}/bigquery/v2/projects/${project.id}/queries`;
        assert.equal((await client.request({ url, method: 'POST', data })).status, 200);
      }
    });
  });

  test(`google-auth-library ${major}: the program’s own options reach its class`, async () => {
    const world = await World.make();
    await withEnvironment(world.environment(), () => {
      const transporter = new (class Own {
        interceptors = { request: new Set(), response: new Set() };
        defaults = {};
        request() {}
      })();
      const own = {
        eagerRefreshThresholdMillis: 1000,
        forceRefreshOnFailure: true,
        quotaProjectId: 'payer',
        scopes: ['email'],
        transporter,
      };
      const file = world.credential({ quota_project_id: 'other' });
      for (const client of [clientFor(library, file, own), clientFor(library, { ...file, ...own })]) {
        for (const [name, value] of Object.entries(own)) assert.deepEqual(client[name], value, name);
      }
      const eager = clientFor(library, { ...file, eagerRefreshThresholdMillis: 1e12 });
      assert.ok(eager.eagerRefreshThresholdMillis < 3_600_000);
    });
  });

  test(`google-auth-library ${major}: the universe is the one that core minted for`, async () => {
    const world = await World.make();
    const universe = { GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'example.goog' };
    await withEnvironment({ ...world.environment(), ...universe }, () => {
      const client = createAuthClient({ credentials: world.credential(), library });
      assert.equal(client.universeDomain, 'example.goog');
    });
  });

  test(`google-auth-library ${major}: no scope is what Google’s class takes for none`, async () => {
    const world = await World.make();
    await withEnvironment(world.environment(), () => {
      const client = clientFor(library, { ...world.credential(), scopes: '' });
      assert.deepEqual(client.getScopesArray(), ['https://www.googleapis.com/auth/cloud-platform']);
    });
  });
}

/** Objects that hold the members of a file in other ways than a plain object does. */
const HOLDERS = {
  'an instance of a class': (file) => Object.assign(new (class Credential {})(), file),
  'an object without a prototype': (file) => Object.assign(Object.create(null), file),
  'a frozen object': (file) => Object.freeze({ ...file, credential_source: Object.freeze(file.credential_source) }),
  'a Proxy': (file) => new Proxy({ ...file, credential_source: new Proxy(file.credential_source, {}) }, {}),
  'an object of another realm': (file) => runInNewContext('JSON.parse(text)', { text: JSON.stringify(file) }),
  'an object that inherits getters': (file) => {
    const getters = Object.keys(file).map((name) => [name, { get: () => file[name] }]);
    return Object.create(Object.defineProperties({}, Object.fromEntries(getters)));
  },
};

for (const [major, library] of Object.entries(LIBRARIES)) {
  for (const [holder, hold] of Object.entries(HOLDERS)) {
    test(`google-auth-library ${major}: ${holder} is a credential, as for Google’s class`, async () => {
      const world = await World.make();
      await withEnvironment(world.environment(), async () => {
        const file = hold(world.credential({ quota_project_id: 'payer' }));
        assert.equal(new library.AwsClient(file).audience, world.info.audience);
        for (const client of [clientFor(library, file), createAuthClient({ credentials: file, library })]) {
          assert.equal(await world.sessionUser((await client.getAccessToken()).token), world.info.service_account);
          assert.ok(client instanceof library.AwsClient);
        }
      });
    });
  }

  test(`google-auth-library ${major}: a member of another realm is no option of the program`, async () => {
    const world = await World.make();
    await withEnvironment(world.environment(), () => {
      const file = world.credential(HOSTILE);
      const foreign = runInNewContext('JSON.parse(text)', { text: JSON.stringify(file) });
      const client = clientFor(library, foreign);
      assert.equal(typeof client.transporter.request, 'function');
      assert.ok(!inspect({ ...client }, { depth: 4 }).includes('attacker'));
    });
  });

  test(`google-auth-library ${major}: where Google’s class would have read the file, the error says so`, async () => {
    const world = await World.make();
    await withEnvironment(world.environment(), async () => {
      const own = /the check is one of Rolebridge’s own\)(\nhint: |$)/;
      const token = (patch) => clientFor(library, world.credential(patch)).getAccessToken();
      const stranger = token({ token_url: 'https://sts.googleapis.com.evil.example/v1/token' });
      await assert.rejects(stranger, { name: 'ConfigError', field: 'token_url', message: own });
      const unknown = token({ credential_source: { environment_id: 'aws2' } });
      await assert.rejects(unknown, (error) => error.field && !own.test(error.message));
    });
  });
}

test('with register too, the project is asked of Google alone', async () => {
  const world = await World.make();
  const file = world.credential({
    ...HOSTILE,
    token_url: 'https://sts.googleapis.com/v1/token',
    service_account_impersonation_url: null,
  });
  const cwd = folder({
    'ca.pem': world.info.ca_pem,
    'credential.json': file,
    'program.mjs': `
      import { GoogleAuth } from 'google-auth-library';
      const scopes = 'https://www.googleapis.com/auth/cloud-platform';
      const clientOptions = { quotaProjectId: 'payer', transporterOptions: { timeout: 12345 } };
      const auth = new GoogleAuth({ keyFilename: 'credential.json', scopes, clientOptions });
      const client = await auth.getClient();
      console.log(client.constructor.name, client.quotaProjectId, client.transporter.defaults.timeout);
      await auth.getProjectId().catch(() => 'unknown');`,
  });
  const { stdout } = await run(['--require', 'rolebridge/register', 'program.mjs'], {
    cwd,
    env: world.proxied(join(cwd, 'ca.pem')),
  });
  assert.equal(stdout, 'RolebridgeClient payer 12345\n');
  const hosts = (await world.requests()).map((request) => request.host);
  assert.ok(hosts.includes('cloudresourcemanager.googleapis.com'), hosts.join());
  assert.ok(!hosts.some((host) => host.includes('attacker')), hosts.join());
});

test('where Google’s library looks by itself, its client answers through ours', async () => {
  const world = await World.make();
  const metadata = `${world.info.metadata}/latest`;
  const adc = world.credential({
    credential_source: {
      region_url: `${metadata}/meta-data/placement/availability-zone`,
      url: `${metadata}/meta-data/iam/security-credentials`,
      imdsv2_session_token_url: `${metadata}/api/token`,
    },
  });
  const program = `
    const { createAuthClient } = require('rolebridge');
    const client = createAuthClient({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
    (async () => {
      const { token } = await client.getAccessToken();
      const headers = await client.getRequestHeaders('https://bigquery.googleapis.com/');
      const data = { query: 'SELECT SESSION_USER()', useLegacySql: false };
      const url = '${world.info.google}/bigquery/v2/projects/my-project/queries';
      const { status } = await client.request({ url, method: 'POST', data });
      console.log(new Headers(headers).get('authorization') === 'Bearer ' + token, status);
    })();`;
  const cwd = folder({ 'program.js': program, 'adc.json': adc });
  mkdirSync(join(cwd, '.config/gcloud'), { recursive: true });
  renameSync(join(cwd, 'adc.json'), join(cwd, '.config/gcloud/application_default_credentials.json'));
  // It must find all it needs here: nothing else would be answered.
  const { stdout, stderr } = await run(['program.js'], {
    cwd,
    env: {
      ...world.environment(),
      HOME: cwd,
      GOOGLE_CLOUD_PROJECT: 'my-project',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      NO_PROXY: '127.0.0.1',
    },
  });
  assert.equal(stdout, 'true 200\n', stderr);
});
