'use strict';

/*
 * Google's library takes the project from a client of ours. Where the client knows none, it starts the gcloud command and
 * asks Google's metadata server: both are here, and tell whether they were asked.
 */

const assert = require('node:assert/strict');
const { chmodSync, existsSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { World } = require('./helpers/emulator.js');
const { LAYOUTS } = require('./helpers/layouts.js');
const { folder, run } = require('./helpers/program.js');
const { restServer } = require('./helpers/recorder.js');

const PROGRAM = join(__dirname, 'programs/project.js');

/** Runs the program with this credential. Tells what it printed, and who was asked for the project. */
async function asked(layout, patch) {
  const world = await World.make();
  const cwd = folder({ 'credential.json': world.credential(patch), gcloud: '#!/bin/sh\n: > "$0.asked"\n' });
  chmodSync(join(cwd, 'gcloud'), 0o755);
  const metadata = await restServer(() => false);
  const env = { ...world.environment(), PATH: cwd, GCE_METADATA_HOST: `127.0.0.1:${metadata.port}` };
  const { stdout } = await run([PROGRAM, layout, world.info.google, 'credential.json'], { cwd, env });
  const gcloud = existsSync(join(cwd, 'gcloud.asked'));
  return { user: stdout.trim(), account: world.info.service_account, gcloud, metadata: metadata.requests.length > 0 };
}

for (const layout of Object.keys(LAYOUTS)) {
  test(`BigQuery of ${layout} learns the project from the client`, async () => {
    const { user, account, ...others } = await asked(layout);
    assert.equal(user, account);
    assert.deepEqual(others, { gcloud: false, metadata: false });
  });

  test(`BigQuery of ${layout} asks others where the client knows none`, async () => {
    const { user, account, ...others } = await asked(layout, { service_account_impersonation_url: null });
    assert.equal(user, '');
    assert.deepEqual(others, { gcloud: true, metadata: true });
  });
}
