'use strict';

/* `npx rolebridge` is the command. */

const assert = require('node:assert/strict');
const { join } = require('node:path');
const test = require('node:test');
const { ROOT, World } = require('./helpers/emulator.js');
const { folder, run, start } = require('./helpers/program.js');

const { bin } = require('../../package.json');
const COMMAND = join(ROOT, bin.rolebridge);

async function inWorld() {
  const world = await World.make();
  const file = join(folder({ 'credential.json': world.credential() }), 'credential.json');
  return { world, env: { ...world.environment(), GOOGLE_APPLICATION_CREDENTIALS: file } };
}

test('it prints a token', async () => {
  const { world, env } = await inWorld();
  const { code, stdout, stderr } = await run([COMMAND, 'token'], { env });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.equal(await world.sessionUser(stdout.trim()), world.info.service_account);
});

test('wrong arguments have their exit code', async () => {
  const { code, stdout, stderr } = await run([COMMAND, 'tokne']);
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  assert.match(stderr, /hint: a similar subcommand exists: 'token'\n$/);
});

test('an interrupt ends it while it waits', async () => {
  const { world, env } = await inWorld();
  await world.fault({ on: 'sts.token', do: { hold: 'gate' } });
  const { child, ended } = start([COMMAND, 'token'], { env });
  await world.arrived('sts.token');
  child.kill('SIGINT');
  assert.deepEqual(await ended, { code: null, signal: 'SIGINT', stdout: '', stderr: '' });
});
