'use strict';

/* Google's own AWS clients, unmodified, against the same cloud: they and we succeed, and fail, for the same reasons. */

const assert = require('node:assert/strict');
const test = require('node:test');
const { TokenSource } = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');

const LIBRARIES = { 9: require('gal9'), 10: require('gal10'), 11: require('gal11') };
const AUDIENCE =
  '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool/providers/';

/** What is changed, and a part of what Google answers then. */
const REFUSALS = [
  {
    name: 'one byte of the secret',
    keys: { AWS_SECRET_ACCESS_KEY: '{secret_access_key}x' },
    says: 'SignatureDoesNotMatch',
  },
  { name: 'the session token', keys: { AWS_SESSION_TOKEN: '{session_token}x' }, says: 'InvalidClientTokenId' },
  { name: 'the audience', credential: { audience: `${AUDIENCE}nobody` }, says: 'audience' },
  {
    name: 'the AWS account',
    specification: { aws: { users: [{ name: 'mallory', account: '999999999999' }] } },
    user: true,
    says: '999999999999',
  },
];

/** Google's own words, without the ones that their class puts around them. */
function described(error) {
  return timeless(error.message.replace(/^Error code \w+: /, ''));
}

/** Without the times of day, which two calls do not share. */
function timeless(message) {
  return message.replace(/\d{8}T\d{6}Z/g, 'TIME');
}

async function theirs(library, credential) {
  const { token } = await new library.AwsClient(credential).getAccessToken();
  return token;
}

for (const [major, library] of Object.entries(LIBRARIES)) {
  test(`google-auth-library ${major}: its own client gets a token, as ours does`, async () => {
    const world = await World.make();
    await withEnvironment(world.keys(), async () => {
      const token = await theirs(library, world.credential());
      assert.equal(await world.sessionUser(token), world.info.service_account);
      const ours = await TokenSource.fromJSON(world.credential()).token();
      assert.equal(await world.sessionUser(ours.value), world.info.service_account);
    });
  });

  test(`google-auth-library ${major}: where the clock is wrong, its own client is refused and ours is not`, async () => {
    const world = await World.make({ clock: { offset_seconds: 1200 } });
    await withEnvironment(world.keys(), async () => {
      await assert.rejects(theirs(library, world.credential()), /Signature expired/);
      const ours = await TokenSource.fromJSON(world.credential()).token();
      assert.equal(await world.sessionUser(ours.value), world.info.service_account);
    });
  });

  for (const { name, specification, credential, keys = {}, user, says } of REFUSALS) {
    test(`google-auth-library ${major}: with another value of ${name} both are refused in the same words`, async () => {
      const world = await World.make(specification);
      const stranger = user ? world.info.users[0] : undefined;
      const named = stranger && {
        AWS_ACCESS_KEY_ID: stranger.access_key_id,
        AWS_SECRET_ACCESS_KEY: stranger.secret_access_key,
        AWS_SESSION_TOKEN: null,
      };
      await withEnvironment(world.keys({ ...keys, ...named }), async () => {
        const file = world.credential(credential);
        const refusal = await theirs(library, file).then(() => assert.fail('theirs was accepted'), described);
        assert.ok(refusal.includes(says), refusal);
        await assert.rejects(TokenSource.fromJSON(file).token(), (error) => {
          assert.equal(error.step, 'exchange');
          assert.ok(timeless(error.message).includes(refusal), `“${error.message}” does not say “${refusal}”`);
          return true;
        });
      });
    });
  }
}
