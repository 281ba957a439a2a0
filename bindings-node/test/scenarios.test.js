'use strict';

/* The scenarios of `tests/scenarios`, as its README says; Rust and Python run the same. */

const assert = require('node:assert/strict');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const test = require('node:test');
const { inspect } = require('node:util');
const { RolebridgeError, TokenSource } = require('rolebridge');
const { ROOT, World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');
const { folder } = require('./helpers/program.js');
const { claimsOf, verifySignature } = require('./helpers/published.js');

const FOLDER = join(ROOT, 'tests/scenarios');
const HOUR = 3_600_000;
/** Who is shown an ID token, unless a call names another. */
const AUDIENCE = 'https://service.example';
/** What is signed: bytes that are no text. */
const PAYLOAD = Buffer.from('payload\x00\xff', 'latin1');

let passed = 0;
test.after(() => console.log(`scenarios in Node: ${passed}`));

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.json'))) {
  const scenario = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
  test(`${name}: ${scenario.about}`, async () => {
    const world = await World.make(scenario.world);
    const home = folder({}, {});
    write(world, home, scenario.files);
    const environment = world.environment(scenario.environment, home);
    const secrets = new Set(world.secrets);
    const flights = [];
    const take = (flight) => flights.push(flight);
    subscribe('rolebridge:refresh', take);
    const errors = await withEnvironment(environment, () => play(scenario, world, home, secrets));
    unsubscribe('rolebridge:refresh', take);
    const warnings = flights.flatMap((flight) => flight.warnings);
    const wanted = scenario.warnings ?? [];
    assert.ok(
      warnings.length === wanted.length && wanted.every((text, place) => warnings[place].includes(text)),
      `warned of ${inspect(warnings)}`,
    );
    const operations = await world.operations();
    // The runner's own: the query that tries a token, and what it asks for keys.
    assert.deepEqual(
      operations.filter((operation) => !/^(bigquery|www)\./.test(operation)),
      scenario.requests,
    );
    for (const secret of secrets) {
      for (const error of errors) assert.ok(!shown(error).includes(secret), 'an error shows a secret');
      assert.ok(!inspect(flights, { depth: null }).includes(secret), 'a report of a flight shows a secret');
    }
    passed += 1;
  });
}

/** Writes files into the home; a text as it is, and all else as JSON. */
function write(world, home, files = {}) {
  for (const [name, content] of Object.entries(world.fill(files, home))) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** Makes a scenario's calls and returns the errors that came. */
async function play(scenario, world, home, secrets) {
  const errors = [];
  let source;
  let before;
  let options = scenario.scopes && { scopes: scenario.scopes };
  const make = () => TokenSource.fromJSON(world.credential(scenario.credential), options);
  for (const call of scenario.calls) {
    const [[action, expected]] = Object.entries(call);
    if (action === 'fault') {
      await world.fault(expected);
    } else if (action === 'world') {
      await world.patch(expected);
      for (const secret of world.secrets) secrets.add(secret);
    } else if (action === 'files') {
      write(world, home, expected);
    } else if (action === 'scopes') {
      source = undefined;
      options = { scopes: expected };
    } else if (action === 'build') {
      errors.push(failsAs(world.fill(expected.error, home), await outcome(async () => make())));
    } else {
      source ??= make();
      const result = await outcome(() => answer(world, source, call));
      if (expected.error) {
        errors.push(failsAs(world.fill(expected.error, home), result));
        continue;
      }
      if (result.error) throw result.error;
      const value = result.value ?? before;
      if (expected !== 'ok') assert.equal(value === before, expected === 'same', `not ${expected}`);
      before = value;
    }
  }
  return errors;
}

/** The value of the token that a call brought, checked; none of a signature. */
async function answer(world, source, { token: wanted, id_token, audience = AUDIENCE, sign }) {
  if (sign !== undefined) {
    await verifySignature(world, await source.sign(PAYLOAD), PAYLOAD);
    return undefined;
  }
  if (id_token !== undefined) {
    const { value, expiresAt } = await source.idToken(audience);
    const { aud, email, exp } = await claimsOf(world, value);
    assert.deepEqual([aud, email], [audience, world.info.service_account]);
    endsWithinTheHour(expiresAt.getTime());
    endsWithinTheHour(exp * 1000);
    return value;
  }
  assert.ok(wanted !== undefined, 'no such call');
  const { value, expiresAt } = await source.token();
  if (wanted === 'ok') {
    endsWithinTheHour(expiresAt.getTime());
    await world.sessionUser(value);
  }
  return value;
}

function endsWithinTheHour(end) {
  const left = end - Date.now();
  assert.ok(left > 0 && left <= HOUR, `ends in ${left} ms`);
}

async function outcome(run) {
  try {
    return { value: await run() };
  } catch (error) {
    return { error };
  }
}

function failsAs({ says = [], hints = [], ...members }, { error }) {
  assert.ok(error instanceof RolebridgeError, `no failure, or a foreign one: ${error?.stack}`);
  for (const [name, value] of Object.entries(members)) assert.equal(error[name], value, name);
  for (const text of says) assert.ok(error.message.includes(text), `“${error.message}” does not say “${text}”`);
  for (const text of hints) assert.ok(error.hint?.includes(text), `“${error.hint}” does not say “${text}”`);
  return error;
}

/** All that an error shows, its causes included. */
function shown(error) {
  const parts = [];
  for (let cause = error; cause; cause = cause.cause) parts.push(cause.message, cause.hint, cause.stack);
  return [...parts, inspect(error, { depth: null, showHidden: true }), JSON.stringify(error)].join('\n');
}
