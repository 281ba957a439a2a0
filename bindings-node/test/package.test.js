'use strict';

/* The package as the registry gives it: JavaScript here, the addon in a package of its own, and what may be wrong with both. */

const assert = require('node:assert/strict');
const { cpSync, readFileSync, readdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { version } = require('rolebridge');
const { ROOT, World } = require('./helpers/emulator.js');
const { folder, run } = require('./helpers/program.js');

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const SCRIPTS = readdirSync(join(ROOT, 'bindings-node')).filter((name) => name.endsWith('.js'));
const ADDON = join(ROOT, 'bindings-node/rolebridge.node');
const MUSL = !process.report.getReport().header.glibcVersionRuntime;

/** The addon packages that this process may take: its own first, then the one for the other C library of Linux. */
const [OWN, OTHER] = {
  linux: MUSL ? ['-musl', '-gnu'] : ['-gnu', '-musl'],
  win32: ['-msvc'],
  darwin: [''],
}[process.platform].map((end) => `@rolebridge/native-${process.platform}-${process.arch}${end}`);

/** A folder with `rolebridge` in it as it is published, and these addon packages: the true addon, or a file with a text. */
function installed(addons, { files = {}, changes = {} } = {}) {
  const published = { ...manifest, optionalDependencies: { [OWN]: version }, ...changes };
  const packages = Object.entries(addons).map(([name, content]) => [
    [`node_modules/${name}/package.json`, { name, version, main: 'rolebridge.node' }],
    [`node_modules/${name}/rolebridge.node`, content ?? ''],
  ]);
  const cwd = folder(
    { 'node_modules/rolebridge/package.json': published, ...Object.fromEntries(packages.flat()), ...files },
    {},
  );
  for (const name of SCRIPTS) {
    cpSync(join(ROOT, 'bindings-node', name), join(cwd, 'node_modules/rolebridge/bindings-node', name));
  }
  for (const [name, content] of Object.entries(addons)) {
    if (content === undefined) cpSync(ADDON, join(cwd, 'node_modules', name, 'rolebridge.node'));
  }
  return cwd;
}

/** The error's message, from a program in that folder that asks for the package. */
async function refusal(cwd, ...args) {
  const program = "try { require('rolebridge') } catch (error) { console.log(error.message) }";
  const { stdout, stderr } = await run([...args, '-e', program], { cwd });
  assert.equal(stderr, '');
  return stdout.trim();
}

/** Says at the beginning of a program that this is another Node, or another machine. */
function pretending(what) {
  return { 'pretend.js': `Object.defineProperties(process, ${JSON.stringify(what)});` };
}

test('a token is minted by the addon of this platform’s package', async () => {
  const world = await World.make();
  const cwd = installed({ [OWN]: undefined }, { files: { 'credential.json': world.credential() } });
  const program =
    "require('rolebridge').TokenSource.fromFile('credential.json').token().then((t) => console.log(t.value))";
  const { stdout, stderr } = await run(['-e', program], { cwd, env: world.environment() });
  assert.equal(stderr, '');
  assert.equal(await world.sessionUser(stdout.trim()), world.info.service_account);
});

test('where no addon is installed, the error says which were looked for, and why there may be none', async () => {
  const message = await refusal(installed({}));
  const looked = OTHER ? `${OWN} and ${OTHER}` : OWN;
  assert.match(message, new RegExp(`^rolebridge finds no addon for ${process.platform}-${process.arch} `));
  assert.ok(message.includes(`having looked for ${looked}\nhint: `), message);
  for (const part of [process.versions.node, '--omit=optional', 'lock file', 'another platform']) {
    assert.ok(message.includes(part), `${part}: ${message}`);
  }
});

test('an addon that is damaged is named with what the system’s loader says of it', async () => {
  const message = await refusal(installed({ [OWN]: 'no library' }));
  assert.ok(message.startsWith(`rolebridge cannot load ${OWN} on ${process.platform}-${process.arch} `), message);
  // What the loader says names the file.
  assert.match(message, /@rolebridge[\\/].*[\\/]rolebridge\.node\b.*\S/);
  assert.match(message, /\nhint: the file is damaged/);
});

// There are two on Linux alone.
if (OTHER) {
  test('an addon for the other C library is named with what the system’s loader says of it', async () => {
    const message = await refusal(installed({ [OTHER]: 'for the other one' }));
    assert.ok(message.startsWith(`rolebridge cannot load ${OTHER} on linux-`), message);
    assert.match(message, /\nhint: it is for another C library/);
  });
}

if (process.platform === 'linux' && !MUSL) {
  test('an addon that wants a newer glibc is named with the version that it wants', async () => {
    const cwd = installed({ [OWN]: undefined });
    const file = join(cwd, 'node_modules', OWN, 'rolebridge.node');
    // The names of versions are text, and this one is of the future.
    const addon = readFileSync(file, 'latin1').replace(/\0GLIBC_2\.(\d\d)\0/, '\0GLIBC_9.$1\0');
    writeFileSync(file, addon, 'latin1');
    const message = await refusal(cwd);
    assert.match(message, /GLIBC_9\.\d\d' not found/);
    assert.match(message, /\nhint: this system’s glibc is older than 2\.17/);
  });
}

test('two halves of two versions are refused', async () => {
  const message = await refusal(installed({ [OWN]: undefined }, { changes: { version: '99.0.0' } }));
  assert.match(
    message,
    new RegExp(`^rolebridge is 99\\.0\\.0, and its native half \\(${OWN}\\) is ${version}\nhint: `),
  );
});

test('a Node that is too old is refused', async () => {
  const versions = { value: { ...process.versions, node: '18.20.8' } };
  const cwd = installed({ [OWN]: undefined }, { files: pretending({ versions }) });
  const message = await refusal(cwd, '--require', './pretend.js');
  assert.match(message, /^rolebridge needs Node 20 or later, and this is Node 18\.20\.8\nhint: /);
});

test('on a platform without an addon the error lists those that have one', async () => {
  const cwd = installed({ [OWN]: undefined }, { files: pretending({ platform: { value: 'freebsd' } }) });
  const message = await refusal(cwd, '--require', './pretend.js');
  assert.match(message, /^rolebridge has no addon for freebsd-\w+ .*\nhint: there are addons for Linux .* from source/);
});

test('a clone that was not built says how it is', async () => {
  const message = await refusal(installed({}, { changes: { optionalDependencies: undefined } }));
  assert.match(message, /^rolebridge is not built: .*\nhint: run `npm run build`; it needs cargo$/);
});

test('a build from source without cargo says so in a sentence', async () => {
  const { code, stderr } = await run([join(ROOT, 'packaging/addon-from-source.js')], { env: { PATH: '' } });
  assert.equal(code, 1);
  assert.match(stderr, /^rolebridge is built from source here, and cargo is not on the PATH: install Rust.*\n$/);
});
