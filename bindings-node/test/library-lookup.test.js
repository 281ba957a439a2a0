'use strict';

/* Of which copy of google-auth-library the client is, where the program names none. */

const assert = require('node:assert/strict');
const { cpSync, mkdirSync, readdirSync, realpathSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { ROOT, World } = require('./helpers/emulator.js');
const { folder, run } = require('./helpers/program.js');

const copyOf = (name) => join(ROOT, 'node_modules', name);
const COPIES = ['gal9', 'gal10', 'gal11'];

/** Makes a client and prints of which copy it is; `import` and `require` of rolebridge are the program's. */
const TELL = `
  let client;
  try { client = createAuthClient({ keyFilename: process.env.FILE }); }
  catch (error) { console.log(error.message); }
  if (client) console.log(${JSON.stringify(COPIES)}.find((name) => client instanceof tools(name).AwsClient));`;
const TOOLS = `const tools = require('node:module').createRequire(${JSON.stringify(join(ROOT, 'index.js'))});`;
const PROGRAM = `const { createAuthClient } = require(process.env.ROLEBRIDGE_AT ?? 'rolebridge'); ${TOOLS} ${TELL}`;
const MODULE = `
  import { createAuthClient } from 'rolebridge';
  import { createRequire } from 'node:module';
  const tools = createRequire(${JSON.stringify(join(ROOT, 'index.js'))}); ${TELL}`;

/** A folder with these programs in which one of the copies is installed, or none. */
function application(files, copy) {
  const library = copy && { 'google-auth-library': copyOf(copy) };
  return realpathSync(folder({ 'package.json': '{}', ...files }, { rolebridge: ROOT, ...library }));
}

/** What a run prints, in a world whose credential file it reads. */
async function told(args, cwd, environment = {}) {
  const world = await World.make();
  const FILE = join(folder({ 'credential.json': world.credential() }, {}), 'credential.json');
  const { stdout, stderr } = await run(args, { cwd, env: { ...world.environment(), FILE, ...environment } });
  assert.equal(stderr, '');
  return stdout.trim();
}

/** This package with nothing beside it but what is put there. */
function installedElsewhere(copy) {
  const place = application({}, copy);
  const home = join(place, 'node_modules', 'own');
  mkdirSync(join(home, 'bindings-node'), { recursive: true });
  const parts = readdirSync(join(ROOT, 'bindings-node')).filter((name) => /\.(js|node)$/.test(name));
  for (const name of ['package.json', ...parts.map((part) => join('bindings-node', part))]) {
    cpSync(join(ROOT, name), join(home, name));
  }
  return home;
}

for (const [what, name, program] of [
  ['a CommonJS file', 'app.js', PROGRAM],
  ['a module', 'app.mjs', MODULE],
]) {
  test(`the copy of the caller, ${what} that a tool elsewhere runs from a third folder`, async () => {
    const app = application({ [name]: program }, 'gal10');
    const tool = application({ 'runner.js': 'import(process.argv[2]);' }, 'gal9');
    const other = application({}, 'gal11');
    assert.equal(await told([join(tool, 'runner.js'), join(app, name)], other), 'gal10');
  });
}

test('the only copy that is loaded, wherever it is from', async () => {
  const app = application({ 'app.js': `require(${JSON.stringify(copyOf('gal11'))}); ${PROGRAM}` }, 'gal10');
  assert.equal(await told(['app.js'], app), 'gal11');
});

test('of several that are loaded, the one that the caller would load', async () => {
  const load = ['gal9', 'gal11'].map((name) => `require(${JSON.stringify(copyOf(name))});`).join(' ');
  for (const copy of ['gal9', 'gal11']) {
    assert.equal(await told(['app.js'], application({ 'app.js': `${load} ${PROGRAM}` }, copy)), copy);
  }
});

test('the copy of the main script, where the caller’s file has none', async () => {
  const helper = application({ 'helper.js': PROGRAM });
  const app = application({ 'app.js': `require(${JSON.stringify(join(helper, 'helper.js'))});` }, 'gal9');
  assert.equal(await told([join(app, 'app.js')], application({}, 'gal11')), 'gal9');
});

test('the copy of the working folder, where a program has no file', async () => {
  assert.equal(await told(['-e', PROGRAM], application({}, 'gal9')), 'gal9');
});

test('the copy beside Rolebridge, where nothing else has one', async () => {
  const ROLEBRIDGE_AT = installedElsewhere('gal11');
  const app = application({ 'app.js': PROGRAM });
  assert.equal(await told(['app.js'], app, { ROLEBRIDGE_AT }), 'gal11');
});

test('where there is none, the error names each place that was looked at', async () => {
  const ROLEBRIDGE_AT = installedElsewhere();
  const [other, helper] = [application({}), application({ 'helper.js': PROGRAM })];
  const main = application({ 'app.js': `require(${JSON.stringify(join(helper, 'helper.js'))});` });
  const said = await told([join(main, 'app.js')], other, { ROLEBRIDGE_AT });
  const [message, hint] = said.split('\n');
  const places = [
    `the caller (${join(helper, 'helper.js')})`,
    `the main script (${join(main, 'app.js')})`,
    `the working folder (${join(other, 'index.js')})`,
    `Rolebridge (${join(realpathSync(ROLEBRIDGE_AT), 'bindings-node/library-lookup.js')})`,
  ];
  assert.ok(message.endsWith(`beside or above ${places.join(', ')}`), message);
  assert.match(hint, /^hint: .*`library`/);
});

test('how a program shows its stacks is left alone, and does no harm', async () => {
  const before = "Error.stackTraceLimit = 0; Error.prepareStackTrace = () => 'own';";
  const after = 'console.log(Error.stackTraceLimit, new Error().stack);';
  const app = application({ 'app.js': `${before} ${PROGRAM} ${after}` }, 'gal9');
  const tool = application({ 'runner.js': 'require(process.argv[2]);' });
  assert.equal(await told([join(tool, 'runner.js'), join(app, 'app.js')], tool), 'gal9\n0 own');
});

test('where Error is frozen the other places are looked at', async () => {
  const app = application({ 'app.js': `Object.freeze(Error); ${PROGRAM}` }, 'gal9');
  assert.equal(await told(['app.js'], app), 'gal9');
});

test('of several that are loaded and not the caller’s, none is preferred to what the main script would load', async () => {
  const load = ['gal9', 'gal11'].map((name) => `require(${JSON.stringify(copyOf(name))});`).join(' ');
  const helper = application({ 'helper.js': `${load} ${PROGRAM}` });
  const app = application({ 'app.js': `require(${JSON.stringify(join(helper, 'helper.js'))});` }, 'gal10');
  assert.equal(await told(['app.js'], app), 'gal10');
});
