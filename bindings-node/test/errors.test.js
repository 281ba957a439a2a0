'use strict';

const assert = require('node:assert/strict');
const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const rolebridge = require('rolebridge');
const native = require('../native.js');
const { errorFrom } = require('../errors.js');
const { ROOT, World } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');

const { ConfigError, RefusedError, RolebridgeError, TokenSource } = rolebridge;

test('every kind of core has a class of its own, and there are no others', () => {
  const classes = native.errorKinds().map((kind) => {
    const error = errorFrom({ kind, step: 'config', message: 'no', causes: [] });
    assert.ok(error instanceof RolebridgeError && error instanceof Error);
    assert.equal(error.kind, kind);
    assert.equal(error.name, error.constructor.name);
    return error.constructor;
  });
  const exported = Object.values(rolebridge).filter((value) => value.prototype instanceof RolebridgeError);
  assert.deepEqual(new Set(classes), new Set(exported));
  assert.equal(classes.length, exported.length);
});

test('modules can import everything by name', async () => {
  const { default: whole, ...named } = await import('rolebridge');
  assert.equal(whole, rolebridge);
  for (const [name, value] of Object.entries(rolebridge)) assert.equal(named[name], value, name);
});

test('a failure becomes an error with all of its facts and its chain of causes', () => {
  const facts = {
    kind: 'refused',
    step: 'exchange',
    status: 400,
    code: 'invalid_grant',
    field: 'a.b',
    hint: 'mend it',
  };
  const error = errorFrom({ ...facts, message: 'no', causes: ['the near one', 'the far one'] });
  assert.deepEqual({ ...error }, facts);
  assert.equal(error.message, 'no\nhint: mend it');
  assert.ok(error.stack.startsWith('RefusedError: no\nhint: mend it\n    at '));
  assert.equal(error.cause.message, 'the near one');
  assert.equal(error.cause.cause.message, 'the far one');
  assert.equal(error.cause.cause.cause, undefined);
});

test('what is absent is not there', () => {
  const error = errorFrom({ kind: 'internal', step: 'config', message: 'no', causes: [] });
  assert.deepEqual(Object.keys(error), ['kind', 'step']);
  assert.ok(!('cause' in error));
});

test('whatever native code throws is a failure of kind internal', async () => {
  const world = await World.make();
  await withEnvironment(world.environment(), async () => {
    const source = TokenSource.fromJSON(world.credential());
    const panic = () => {
      // As N-API throws what Rust panicked with.
      throw Object.assign(new Error('index out of bounds'), { code: 'GenericFailure' });
    };
    const { prototype } = native.TokenSource;
    const { request, warm, withScopes } = prototype;
    Object.assign(prototype, { request: panic, warm: panic, withScopes: panic });
    const internal = { name: 'InternalError', kind: 'internal', message: /index out of bounds\nhint: report it/ };
    try {
      await assert.rejects(source.token(), internal);
      await assert.rejects(source.headers(), internal);
      assert.throws(() => source.warm(), internal);
      assert.throws(() => source.withScopes(['email']), internal);
    } finally {
      Object.assign(prototype, { request, warm, withScopes });
    }
    assert.ok((await source.token()).value);
  });
});

test('a credential of another kind is refused by name', () =>
  withEnvironment({}, () => {
    const make = () => TokenSource.fromJSON({ type: 'service_account' });
    assert.throws(make, (error) => error instanceof ConfigError && error.field === 'type' && error.step === 'config');
  }));

test('a file that is not there, and an environment that names none', () =>
  withEnvironment({}, () => {
    assert.throws(() => TokenSource.fromFile('nowhere/credential.json'), ConfigError);
    assert.throws(() => TokenSource.fromEnv(), /GOOGLE_APPLICATION_CREDENTIALS/);
  }));

test('a wrong call is an error of the language', () => {
  assert.throws(() => new TokenSource(), TypeError);
  assert.throws(() => TokenSource.fromFile(42));
});

test('each of many callers is told, with a stack that names it', async () => {
  const world = await World.make({ aws: { instance: { role: 'other-role' } } });
  await withEnvironment(world.environment(), async () => {
    const source = TokenSource.fromJSON(world.credential());
    async function someCaller() {
      await source.token();
    }
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => someCaller()));
    const errors = new Set(results.map((result) => result.reason));
    assert.equal(errors.size, 100);
    for (const error of errors) {
      assert.ok(error instanceof RefusedError);
      assert.equal(error.status, 403);
      assert.equal(error.code, 'PERMISSION_DENIED');
      assert.match(error.stack, /someCaller/);
    }
    assert.equal((await world.requests('sts.token')).length, 1);
  });
});

test('every function of the addon makes an error of a panic', () => {
  const folder = join(ROOT, 'bindings-node/src');
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const exported = [...texts.join('').matchAll(/#\[napi(.*)\]\s+pub fn (\w+)/g)];
  assert.ok(exported.length > 20);
  assert.deepEqual(
    exported.filter(([, options]) => !options.includes('catch_unwind')).map(([, , name]) => name),
    [],
  );
});
