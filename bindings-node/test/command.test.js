'use strict';

/* Programs that know nothing of Rolebridge, run by `rolebridge exec`: Google's own library finds tokens, and uses them. */

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');
const { ROOT, World } = require('./helpers/emulator.js');
const { folder, run, start } = require('./helpers/program.js');

const COMMAND = process.env.ROLEBRIDGE_COMMAND ?? join(ROOT, 'target/debug/rolebridge');
const GOOGLE = {
  token_url: 'https://sts.googleapis.com/v1/token',
  service_account_impersonation_url:
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{service_account}:generateAccessToken',
};

/** What a program prints on an instance of the world, under the real host names; Rolebridge is not installed there. */
async function printed(world, program, library) {
  const installed = {
    '@google-cloud': join(ROOT, 'node_modules/@google-cloud'),
    'google-auth-library': join(ROOT, 'node_modules', library),
  };
  const files = { 'program.mjs': program, 'ca.pem': world.info.ca_pem, 'credential.json': world.credential(GOOGLE) };
  const cwd = folder(files, installed);
  const env = world.proxied(join(cwd, 'ca.pem'), {
    // For the command's own requests.
    SSL_CERT_FILE: join(cwd, 'ca.pem'),
    GOOGLE_APPLICATION_CREDENTIALS: join(cwd, 'credential.json'),
    NO_GCE_CHECK: 'true',
  });
  const ended = await run(['program.mjs'], { cwd, env, by: [COMMAND, 'exec', '--'] });
  assert.deepEqual({ code: ended.code, stderr: ended.stderr }, { code: 0, stderr: '' });
  assert.ok(!(await world.operations()).includes('proxy.refused'));
  return ended.stdout.trim().split(' ');
}

for (const library of ['gal9', 'gal10', 'gal11']) {
  test(`${library}: its client for Compute Engine gets tokens`, async () => {
    const world = await World.make();
    const program = `
      import { Compute, GoogleAuth } from 'google-auth-library';

      const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
      const client = await auth.getClient();
      if (!(client instanceof Compute)) throw new Error(client.constructor.name);
      const { client_email: email } = await auth.getCredentials();
      const { token } = await client.getAccessToken();
      const idClient = await auth.getIdTokenClient('https://service.example');
      const idToken = await idClient.idTokenProvider.fetchIdToken('https://service.example/path?a=b');
      const { aud } = JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url'));
      console.log(await auth.getProjectId(), email, aud, await auth.getUniverseDomain(), token);
    `;
    const [project, email, audience, universe, token] = await printed(world, program, library);
    assert.deepEqual([project, email], ['my-project', world.info.service_account]);
    assert.deepEqual([audience, universe], ['https://service.example/path?a=b', 'googleapis.com']);
    assert.equal(await world.sessionUser(token), world.info.service_account);
    const asked = (await world.operations()).filter((operation) => operation === 'iamcredentials.generateAccessToken');
    assert.equal(asked.length, 1);
  });
}

test('BigQuery’s client is the service account', async () => {
  const world = await World.make();
  const program = `
    import { BigQuery } from '@google-cloud/bigquery';

    const [[{ user }]] = await new BigQuery().query('SELECT SESSION_USER() AS user');
    console.log(user);
  `;
  assert.deepEqual(await printed(world, program, 'google-auth-library'), [world.info.service_account]);
});

test('in Node’s own process, the command has our streams, our signals and our exit code', async () => {
  const world = await World.make();
  // A trap is run at once while the shell waits for a job.
  const script = `sleep 300 > /dev/null 2>&1 & trap 'echo SIGNAL; kill $!; exit 5' SIGNAL; echo ready; wait`;
  for (const signal of ['SIGTERM', 'SIGHUP']) {
    const named = script.replaceAll('SIGNAL', signal.slice(3));
    const env = { ...world.environment(), ROLEBRIDGE_CREDENTIALS: JSON.stringify(world.credential()) };
    const { child, ended } = start([join(ROOT, 'bindings-node/command.js'), 'exec', '--', 'sh', '-c', named], { env });
    child.stdout.once('data', () => child.kill(signal));
    assert.deepEqual(await ended, { code: 5, signal: null, stdout: `ready\n${signal.slice(3)}\n`, stderr: '' });
  }
});
