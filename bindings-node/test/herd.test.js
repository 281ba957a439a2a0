'use strict';

/* Many callers at once, and callers that come early: one exchange for all of them. */

const assert = require('node:assert/strict');
const test = require('node:test');
const rolebridge = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');

const { TokenSource } = rolebridge;

async function inWorld(body) {
  const world = await World.make({});
  return withEnvironment(world.environment(), () => body(world));
}

const count = async (world, operation) => (await world.operations()).filter((name) => name === operation).length;

test('ten thousand callers make one exchange', () =>
  inWorld(async (world) => {
    const source = TokenSource.fromJSON(world.credential());
    const tokens = await Promise.all(Array.from({ length: 10_000 }, () => source.token()));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(await count(world, 'sts.token'), 1);
    assert.equal(await count(world, 'iamcredentials.generateAccessToken'), 1);
  }));

test('with Google down one round of tries is shared by all', () =>
  inWorld(async (world) => {
    await world.fault({ on: 'sts.token', times: null, do: { status: 503 } });
    const source = TokenSource.fromJSON(world.credential());
    const results = await Promise.allSettled(Array.from({ length: 1000 }, () => source.token()));
    assert.ok(results.every(({ reason }) => reason instanceof rolebridge.UnavailableError));
    assert.equal(await count(world, 'sts.token'), 4);
  }));

test('warm starts the flight and returns at once', () =>
  inWorld(async (world) => {
    await world.fault({ on: 'sts.token', do: { hold: 'exchange' } });
    TokenSource.fromJSON(world.credential()).warm();
    await world.arrived('sts.token');
    await world.openGate('exchange');
    await TokenSource.fromJSON(world.credential()).token();
    assert.equal(await count(world, 'sts.token'), 1);
  }));

test('warm for what the environment names, and never a throw', async () => {
  rolebridge.warm();
  await inWorld(async (world) => {
    process.env.ROLEBRIDGE_CREDENTIALS = JSON.stringify(world.credential());
    rolebridge.warm();
    await world.arrived('iamcredentials.generateAccessToken');
    await TokenSource.fromEnv().token();
    assert.equal(await count(world, 'sts.token'), 1);
  });
});
