'use strict';

/*
 * `rolebridge/register` where modules are not loaded by Node's own `require`: it reaches google-auth-library, or says in
 * one line that it does not. And programs that are bundled.
 */

const assert = require('node:assert/strict');
const { cpSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const test = require('node:test');
const { World, ROOT } = require('./helpers/emulator.js');
const { INSTALLED, folder, run } = require('./helpers/program.js');

const TOOLS = join(__dirname, 'fixtures/tools');
const tools = createRequire(join(TOOLS, 'package.json'));
const toolFile = (name, file) => join(TOOLS, 'node_modules', name, file);
const library = join(TOOLS, 'node_modules/google-auth-library');
const WARNING = /\[ROLEBRIDGE_UNREACHED\] RolebridgeWarning: rolebridge\/register does not reach google-auth-library/g;

/** What a program prints that reads a file through the library: whose client it was, and who the token belongs to. */
const ASK = `
  const auth = new GoogleAuth({ keyFilename: 'credential.json', scopes: 'https://www.googleapis.com/auth/cloud-platform' });
  const client = await auth.getClient();`;

/** A folder for a program with `google-auth-library` 10, and 9 inside of another package. */
function project(world, files) {
  const installed = {
    ...INSTALLED,
    'google-auth-library': library,
    'old/node_modules/google-auth-library': join(ROOT, 'node_modules/gal9'),
  };
  const old = { 'node_modules/old/index.js': "module.exports = require('google-auth-library');" };
  return folder({ 'credential.json': world.credential(), 'package.json': '{}', ...old, ...files }, installed);
}

const warnings = ({ stderr }) => stderr.match(WARNING)?.length ?? 0;

async function play(args, files, environment = {}) {
  const world = await World.make();
  const cwd = project(world, files);
  const result = await run(args, { cwd, env: { ...world.environment(), CI: 'true', ...environment } });
  return { ...result, cwd, world };
}

const REGISTER = ['--require', 'rolebridge/register'];

for (const file of ['googleauth', 'externalclient']) {
  test(`register reaches a program that asks for the library’s ${file} by its file`, async () => {
    const program = `
      const { ExternalAccountClient, GoogleAuth } = require('google-auth-library/build/src/auth/${file}');
      const file = JSON.parse(require('node:fs').readFileSync('credential.json'));
      const client = GoogleAuth ? new GoogleAuth().fromJSON(file) : ExternalAccountClient.fromJSON(file);
      console.log(client.constructor.name);`;
    const { stdout, stderr } = await play([...REGISTER, 'program.js'], { 'program.js': program });
    assert.equal(stdout, 'RolebridgeClient\n', stderr);
    assert.equal(stderr, '');
  });
}

test('a loader hook that returns the source itself is warned of, once', async () => {
  const hook = `
    import { readFileSync } from 'node:fs';
    import { fileURLToPath } from 'node:url';
    export async function load(url, context, next) {
      const loaded = await next(url, context);
      if (loaded.format !== 'commonjs') return loaded;
      return { ...loaded, source: readFileSync(fileURLToPath(url)) };
    }`;
  const program = `
    import { GoogleAuth } from 'google-auth-library';
    for (let i = 0; i < 2; i++) {${ASK}
      console.log(client.constructor.name);
    }`;
  const files = {
    'hook.mjs': hook,
    'start.mjs': "import { register } from 'node:module'; register('./hook.mjs', import.meta.url);",
    'program.mjs': program,
  };
  const result = await play([...REGISTER, '--import', './start.mjs', 'program.mjs'], files);
  assert.equal(result.stdout, 'AwsClient\nAwsClient\n', result.stderr);
  assert.equal(warnings(result), 1, result.stderr);
  assert.match(result.stderr, /google-auth-library in .*awsclient\.js/);
});

test('a client that the program itself makes is not warned of', async () => {
  const program = `
    const { AwsClient } = require('google-auth-library');
    new AwsClient(JSON.parse(require('node:fs').readFileSync('credential.json')));`;
  const { code, stderr } = await play([...REGISTER, 'program.js'], { 'program.js': program });
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

const JEST_TEST = `
  for (const name of ['google-auth-library', 'old']) {
    test(name, async () => {
      const { GoogleAuth } = require(name);${ASK}
      expect(client.constructor.name).toBe(process.env.EXPECTED);
      if (process.env.EXPECTED === 'RolebridgeClient') expect((await client.getAccessToken()).token).toBeTruthy();
    });
  }`;

function jest(config, environment) {
  const files = { 'a.test.js': JEST_TEST, 'jest.config.json': { testEnvironment: 'node', ...config } };
  return play([toolFile('jest', 'bin/jest.js'), '--config', 'jest.config.json'], files, environment);
}

test('under Jest, register in setupFiles reaches every installed copy', async () => {
  const result = await jest({ setupFiles: ['rolebridge/register'] }, { EXPECTED: 'RolebridgeClient' });
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stderr, /Tests: +2 passed/);
  assert.equal(warnings(result), 0);
});

test('under Jest, a client is of the copy that the test’s own file loads', async () => {
  const file = `
    test('client', () => {
      const client = require('rolebridge').createAuthClient({ keyFilename: 'credential.json' });
      expect(client).toBeInstanceOf(require('google-auth-library').AwsClient);
    });`;
  const { code, stderr } = await play([toolFile('jest', 'bin/jest.js')], { 'a.test.js': file });
  assert.equal(code, 0, stderr);
});

test('under Jest, register in NODE_OPTIONS is without effect, and warned of, once', async () => {
  const environment = { EXPECTED: 'AwsClient', NODE_OPTIONS: '--require rolebridge/register' };
  const result = await jest({}, environment);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(warnings(result), 1, result.stderr);
});

function vitest(config, environment) {
  const program = `
    import { GoogleAuth } from 'google-auth-library';
    import { expect, test } from ${JSON.stringify(join(TOOLS, 'node_modules/vitest/dist/index.js'))};
    test('reads', async () => {${ASK}
      expect(client.constructor.name).toBe(process.env.EXPECTED);
    });`;
  const files = { 'a.test.mjs': program, 'vitest.config.mjs': `export default { test: ${JSON.stringify(config)} };` };
  return play([toolFile('vitest', 'vitest.mjs'), 'run'], files, environment);
}

for (const pool of ['threads', 'forks']) {
  test(`under Vitest with ${pool}, register in setupFiles reaches the library`, async () => {
    const result = await vitest({ pool, setupFiles: ['rolebridge/register'] }, { EXPECTED: 'RolebridgeClient' });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(warnings(result), 0);
  });
}

test('under Vitest with vmThreads, register is without effect, and warned of, once', async () => {
  const setupFiles = ['rolebridge/register'];
  const result = await vitest({ pool: 'vmThreads', setupFiles }, { EXPECTED: 'AwsClient' });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(warnings(result), 1, result.stderr);
});

const BUNDLED = `
  import * as library from 'google-auth-library';
  import { createAuthClient } from 'rolebridge';
  const client = createAuthClient({ keyFilename: 'credential.json', library });
  client.getAccessToken().then(({ token }) => console.log(client.constructor.name, token.length > 100));`;

async function bundled(program, options) {
  const world = await World.make();
  const cwd = project(world, { 'program.mjs': program });
  const { build } = tools('esbuild');
  await build({
    absWorkingDir: cwd,
    entryPoints: ['program.mjs'],
    bundle: true,
    platform: 'node',
    outdir: 'out',
    logLevel: 'silent',
    ...options,
  });
  return { cwd, world };
}

/** Runs a bundle as it is deployed: what is not in it is not there. */
async function runAlone({ cwd, world }) {
  const alone = folder({ 'credential.json': world.credential() }, {});
  cpSync(join(cwd, 'out'), join(alone, 'out'), { recursive: true });
  return run(['out/program.js'], { cwd: alone, env: world.environment() });
}

test('a bundle with rolebridge beside it works, if it passes its library', async () => {
  const { cwd, world } = await bundled(BUNDLED, { external: ['rolebridge'] });
  const { stdout, stderr } = await run(['out/program.js'], { cwd, env: world.environment() });
  assert.equal(stdout, 'RolebridgeClient true\n', stderr);
});

test('a bundle with rolebridge in it works, if the addon is copied', async () => {
  const { stdout, stderr } = await runAlone(await bundled(BUNDLED, { loader: { '.node': 'copy' } }));
  assert.equal(stdout, 'RolebridgeClient true\n', stderr);
});

test('a bundle that passes no library is told to', async () => {
  const program = `
    import 'google-auth-library';
    import { createAuthClient } from 'rolebridge';
    createAuthClient({ keyFilename: 'credential.json' });`;
  const { stderr } = await runAlone(await bundled(program, { loader: { '.node': 'copy' } }));
  assert.match(stderr, /google-auth-library is not loaded, .*\nhint: .*`library`/s);
});
