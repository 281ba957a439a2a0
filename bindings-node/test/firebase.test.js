'use strict';

/*
 * firebase-admin, which takes no client of google-auth-library, but an object with `getAccessToken` that gives a token and
 * the seconds until it ends. docs/node.md shows the object.
 */

const assert = require('node:assert/strict');
const test = require('node:test');
const { TokenSource } = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { layout } = require('./helpers/layouts.js');
const { restServer } = require('./helpers/recorder.js');

const { deleteApp, initializeApp } = layout('clients-10')('firebase-admin/app');
const { getDatabaseWithUrl } = layout('clients-10')('firebase-admin/database');

/** Reads the rules of a Realtime Database, which is wherever its URL says. */
async function rules(origin, credential) {
  const app = initializeApp({ credential }, origin);
  try {
    return await getDatabaseWithUrl(origin, app).getRules();
  } finally {
    await deleteApp(app);
  }
}

test('firebase-admin takes the token of a source', async () => {
  const world = await World.make();
  const server = await restServer((authorization) => world.accepts(authorization));
  await withEnvironment(world.environment(), async () => {
    const source = TokenSource.fromJSON(world.credential());
    const credential = {
      async getAccessToken() {
        const { value, expiresAt } = await source.token();
        return { access_token: value, expires_in: (expiresAt - Date.now()) / 1000 };
      },
    };
    assert.equal(await rules(server.origin, credential), '{"name":"answered"}');
    const { value } = await source.token();
    const expected = { method: 'GET', path: '/.settings/rules.json', authorization: `Bearer ${value}` };
    assert.deepEqual(server.requests, [expected]);
  });
});

test('firebase-admin is refused with another token', async () => {
  const world = await World.make();
  const server = await restServer((authorization) => world.accepts(authorization));
  const credential = { getAccessToken: async () => ({ access_token: 'of another world', expires_in: 3600 }) };
  await assert.rejects(rules(server.origin, credential), /no token of this world/);
  assert.deepEqual(
    server.requests.map(({ authorization }) => authorization),
    ['Bearer of another world'],
  );
});
