'use strict';

/* What flights tell: the channel `rolebridge:refresh`, and warnings of the process. */

const assert = require('node:assert/strict');
const { channel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const test = require('node:test');
const { inspect } = require('node:util');
const { RefusedError, TokenSource } = require('rolebridge');
const { World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');

/** What the channel tells while `body` runs. */
async function flightsOf(world, environment, body) {
  const flights = [];
  const take = (flight) => flights.push(flight);
  channel('rolebridge:refresh').subscribe(take);
  await withEnvironment(world.environment(environment), body);
  channel('rolebridge:refresh').unsubscribe(take);
  return flights;
}

/** All of it, however deep, as a logger may write it. */
function assertNoSecret(flight, world) {
  const text = inspect(flight, { depth: null, showHidden: true }) + JSON.stringify(flight);
  for (const secret of [...world.secrets, 'ya29.', 'eyJ', 'Signature=']) assert.ok(!text.includes(secret), secret);
}

test('a flight tells its steps, requests and durations, and no secret', async () => {
  const world = await World.make();
  await world.fault({ on: 'sts.token', times: 1, do: { status: 503 } });
  const [flight, ...others] = await flightsOf(world, {}, async () => {
    const { value } = await TokenSource.fromJSON(world.credential()).token();
    assert.match(value, /^ya29\./);
  });
  assert.equal(others.length, 0);
  assert.deepEqual(
    flight.steps.map(({ step }) => step),
    ['identity', 'exchange', 'impersonation'],
  );
  const [first, second] = flight.steps[1].requests;
  assert.deepEqual([first.status, second.status], [503, 200]);
  assert.ok(first.begun + first.took <= second.begun && second.took > 0);
  assert.ok(flight.begunAt instanceof Date && !flight.isRenewal && flight.error === undefined);
  assertNoSecret(flight, world);
});

test('a flight that fails tells its error, and the next one is told apart', async () => {
  const world = await World.make({ aws: { instance: { role: 'other-role' } } });
  const [flight] = await flightsOf(world, {}, () =>
    assert.rejects(TokenSource.fromJSON(world.credential()).token(), RefusedError),
  );
  assert.ok(flight.error instanceof RefusedError && flight.steps.at(-1).error instanceof RefusedError);
  assertNoSecret(flight, world);
});

test('what somebody should look at is a warning of the process', async () => {
  const world = await World.make();
  const warned = once(process, 'warning');
  const [flight] = await flightsOf(world, { AWS_REGION: 'us-east-1', ...keysOf(world), AWS_PROFILE: 'x' }, () =>
    TokenSource.fromJSON(world.credential()).token(),
  );
  const [warning] = await warned;
  assert.equal(warning.code, 'ROLEBRIDGE_FLIGHT');
  assert.match(warning.message, /more than one AWS identity is configured/);
  assert.deepEqual(flight.warnings, [warning.message]);
});

function keysOf({ info: { keys } }) {
  return {
    AWS_ACCESS_KEY_ID: keys.access_key_id,
    AWS_SECRET_ACCESS_KEY: keys.secret_access_key,
    AWS_SESSION_TOKEN: keys.session_token,
  };
}
