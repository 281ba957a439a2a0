'use strict';

/*
 * A client of ours made from any major of google-auth-library, in Google's clients that carry any other, as npm lays them
 * out. `fixtures/` holds the layouts, one for each time at which a user may have installed them.
 *
 * The `engines` of the newest clients, and of google-auth-library 11, name Node 22. `fixtures/install.js` has npm's check of
 * it off, and they run on 20 too.
 */

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');
const { createAuthClient } = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { LAYOUTS, LIBRARIES, carrier, layout } = require('./helpers/layouts.js');
const { folder } = require('./helpers/program.js');
const { certificate, grpcServer, restServer } = require('./helpers/recorder.js');

const { key, cert } = certificate();
// gRPC reads it when it is loaded.
process.env.GRPC_DEFAULT_SSL_ROOTS_FILE_PATH = join(folder({ 'roots.pem': cert }), 'roots.pem');

/** What is done with a client of ours in each of Google's. Each says which requests must have carried the token. */
const USES = {
  async bigquery(load, authClient, { world }) {
    const { BigQuery } = load('@google-cloud/bigquery');
    const { google, project, service_account } = world.info;
    const bigquery = new BigQuery({ projectId: project.id, authClient, apiEndpoint: google });
    const [rows] = await bigquery.query('SELECT SESSION_USER() AS user');
    assert.equal(rows[0].user, service_account);
  },
  async storage(load, authClient, { rest }) {
    const { Storage } = load('@google-cloud/storage');
    const apiEndpoint = rest.origin;
    const storage = new Storage({ projectId: 'p', authClient, apiEndpoint, useAuthWithCustomEndpoint: true });
    const [metadata] = await storage.bucket('b').getMetadata();
    assert.equal(metadata.name, 'answered');
    // It goes through the client's own `request`, and reads the headers of the response.
    const [session] = await storage.bucket('b').file('f').createResumableUpload();
    assert.equal(session, `${rest.origin}/session`);
    return [
      ['GET', '/storage/v1/b/b'],
      ['POST', '/upload/storage/v1/b/b/o'],
    ];
  },
  async genai(load, authClient, { rest }) {
    const { GoogleGenAI } = load('@google/genai');
    const genai = new GoogleGenAI({
      vertexai: true,
      project: 'p',
      location: 'l',
      googleAuthOptions: { authClient },
      httpOptions: { baseUrl: rest.origin },
    });
    await genai.models.generateContent({ model: 'm', contents: 'text' });
    return [['POST', '/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent']];
  },
  async googleapis(load, authClient, { rest }) {
    const { drive } = load('@googleapis/drive');
    const { data } = await drive({ version: 'v3', auth: authClient, rootUrl: `${rest.origin}/` }).files.list();
    assert.equal(data.name, 'answered');
    return [['GET', '/drive/v3/files']];
  },
  async gax(load, authClient, { grpc }) {
    const { SecretManagerServiceClient } = load('@google-cloud/secret-manager');
    const client = new SecretManagerServiceClient({ authClient, apiEndpoint: '127.0.0.1', port: grpc.port });
    try {
      const [secret] = await client.getSecret({ name: 'projects/p/secrets/s' });
      assert.equal(secret.name, 'answered');
    } finally {
      await client.close();
    }
    return [[undefined, '/google.cloud.secretmanager.v1.SecretManagerService/GetSecret']];
  },
  async 'gax without gRPC'(load, authClient, { rest }) {
    const { SecretManagerServiceClient } = load('@google-cloud/secret-manager');
    const endpoint = { fallback: true, protocol: 'http', apiEndpoint: '127.0.0.1', port: rest.port };
    const client = new SecretManagerServiceClient({ authClient, ...endpoint });
    const [secret] = await client.getSecret({ name: 'projects/p/secrets/s' });
    assert.equal(secret.name, 'answered');
    return [['GET', '/v1/projects/p/secrets/s']];
  },
};

/** Runs a test in a world, with servers beside it that take the tokens of that world and no others. */
async function withServers(body) {
  const world = await World.make();
  const accepts = (authorization) => world.accepts(authorization);
  const [rest, grpc] = [await restServer(accepts), await grpcServer({ key, cert }, accepts)];
  const arrived = () => [...rest.requests, ...grpc.requests];
  return withEnvironment(world.environment(), () => body({ world, rest, grpc, arrived }));
}

/** Each client has its own member for the status, which is that of HTTP or of gRPC. */
function saysUnauthenticated(error) {
  const says = [error.code, error.status, error.response?.status].map(Number);
  return says.includes(401) || says.includes(16);
}

for (const [name, carried] of Object.entries(LAYOUTS)) {
  for (const [client, release] of Object.entries(carried)) {
    test(`${name}: ${client} carries google-auth-library ${release}`, () => {
      const { version } = carrier(name, client)('google-auth-library/package.json');
      assert.ok(version.startsWith(`${release}.`), version);
    });
  }
  for (const use of Object.keys(USES).filter((use) => use.split(' ')[0] in carried)) {
    for (const [release, library] of Object.entries(LIBRARIES)) {
      test(`a client of google-auth-library ${release} works in ${use} of ${name}`, () =>
        withServers(async (servers) => {
          const authClient = createAuthClient({ credentials: servers.world.credential(), library });
          const expected = (await USES[use](layout(name), authClient, servers)) ?? [];
          const { token } = await authClient.getAccessToken();
          assert.deepEqual(
            servers.arrived().map(({ method, path }) => [method, path]),
            expected,
          );
          for (const { path, authorization } of servers.arrived()) assert.equal(authorization, `Bearer ${token}`, path);
        }));
    }
    test(`a client without a token is refused in ${use} of ${name}`, () =>
      withServers(async (servers) => {
        const { PassThroughClient } = carrier(name, use.split(' ')[0])('google-auth-library');
        await assert.rejects(USES[use](layout(name), new PassThroughClient(), servers), saysUnauthenticated);
        const arrived = [...servers.arrived(), ...(await servers.world.requests())];
        assert.ok(arrived.length > 0);
        for (const { path, authorization } of arrived) assert.ok(!authorization, path);
      }));
  }
}

test('all of them work at once in one process, each with a client of the copy that it carries, and one flight', () =>
  withServers(async (servers) => {
    const { world, arrived } = servers;
    const pairs = Object.entries(LAYOUTS).flatMap(([name, carried]) => Object.keys(carried).map((use) => [name, use]));
    const copies = new Set();
    await Promise.all(
      pairs.map(([name, use]) => {
        const library = carrier(name, use)('google-auth-library');
        copies.add(library);
        return USES[use](layout(name), createAuthClient({ credentials: world.credential(), library }), servers);
      }),
    );
    assert.ok(copies.size > Object.keys(LIBRARIES).length);
    assert.equal(new Set(arrived().map(({ authorization }) => authorization)).size, 1);
    assert.equal((await world.requests('iamcredentials.generateAccessToken')).length, 1);
  }));
