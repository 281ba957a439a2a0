'use strict';

/*
 * Loads the native half: the addon that was built here from source, or the one that npm installed for this platform as a
 * package of its own. Where there is none that fits, the error says what was looked for and what came of it.
 */

const { closeSync, openSync, readSync } = require('node:fs');
const { version, optionalDependencies } = require('../package.json');

const OLDEST_NODE = 20;
const BUILT_HERE = './rolebridge.node';
const FROM_SOURCE =
  'there are addons for Linux (x64 and arm64, glibc 2.17 or later and musl 1.2), macOS (x64 and arm64) and Windows (x64); ' +
  'elsewhere build it from source: clone the repository, run `npm install` in it, which needs cargo, and install that folder';
const ANEW =
  'npm leaves it out with --omit=optional, with a lock file that was made on another platform, and it is missing in ' +
  'node_modules that was copied from one: remove node_modules and package-lock.json, and run `npm install` on this platform';
const PREFIX = `@rolebridge/native-${process.platform}-${process.arch}`;

/** The addons that may serve this process, the likeliest first. */
function candidates() {
  const gnu = `${PREFIX}-gnu`;
  const musl = `${PREFIX}-musl`;
  if (process.platform === 'linux') return isMusl() ? [BUILT_HERE, musl, gnu] : [BUILT_HERE, gnu, musl];
  return [BUILT_HERE, process.platform === 'win32' ? `${PREFIX}-msvc` : PREFIX];
}

/** Node names its loader in its first kilobyte. To read that takes a hundredth of what a diagnostic report does. */
function isMusl() {
  const beginning = Buffer.alloc(1024);
  try {
    const file = openSync(process.execPath);
    readSync(file, beginning);
    closeSync(file);
  } catch {
    // Then it is found by trying.
  }
  return beginning.includes('/ld-musl-');
}

/** What a name loads, or why it does not. The names are spelt out, and inside of `try`, for the sake of bundlers. */
function load(name) {
  try {
    switch (name) {
      case BUILT_HERE:
        return { addon: require('./rolebridge.node') };
      case '@rolebridge/native-darwin-arm64':
        return { addon: require('@rolebridge/native-darwin-arm64') };
      case '@rolebridge/native-darwin-x64':
        return { addon: require('@rolebridge/native-darwin-x64') };
      case '@rolebridge/native-linux-arm64-gnu':
        return { addon: require('@rolebridge/native-linux-arm64-gnu') };
      case '@rolebridge/native-linux-arm64-musl':
        return { addon: require('@rolebridge/native-linux-arm64-musl') };
      case '@rolebridge/native-linux-x64-gnu':
        return { addon: require('@rolebridge/native-linux-x64-gnu') };
      case '@rolebridge/native-linux-x64-musl':
        return { addon: require('@rolebridge/native-linux-x64-musl') };
      case '@rolebridge/native-win32-x64-msvc':
        return { addon: require('@rolebridge/native-win32-x64-msvc') };
      default:
        return { isUnknown: true };
    }
  } catch (error) {
    return { error, isAbsent: error.code === 'MODULE_NOT_FOUND' };
  }
}

function find() {
  const [major] = process.versions.node.split('.');
  if (Number(major) < OLDEST_NODE) {
    fail(`rolebridge needs Node ${OLDEST_NODE} or later, and this is Node ${process.versions.node}`, 'update Node');
  }
  const tried = [];
  for (const name of candidates()) {
    const result = load(name);
    if (result.addon) return checked(name, result.addon);
    tried.push({ name, ...result });
  }
  return refuse(tried);
}

/** An addon of another version would fail later, and in a way that nobody understands. */
function checked(name, addon) {
  const found = addon.version?.() ?? 'an earlier version';
  if (found === version) return addon;
  return fail(
    `rolebridge is ${version}, and its native half (${name}) is ${found}`,
    name === BUILT_HERE
      ? 'build it anew: npm run build'
      : 'remove node_modules and install again; if both come from the lock file, run `npm update rolebridge` first',
  );
}

function refuse([builtHere, ...packages]) {
  const here = platformHere();
  const broken = [builtHere, ...packages].find(({ error, isAbsent }) => error && !isAbsent);
  if (broken)
    fail(`rolebridge cannot load ${broken.name} on ${here}: ${broken.error.message}`, mend(broken), broken.error);
  // The package of the registry names its addons; a clone does not.
  if (!optionalDependencies) {
    fail(`rolebridge is not built: there is no rolebridge.node in ${__dirname}`, 'run `npm run build`; it needs cargo');
  }
  if (packages.every(({ isUnknown }) => isUnknown)) fail(`rolebridge has no addon for ${here}`, FROM_SOURCE);
  const names = packages.map(({ name }) => name).join(' and ');
  return fail(`rolebridge finds no addon for ${here}, having looked for ${names}`, ANEW);
}

/** What is likely to help with an addon that is there and does not load. */
function mend({ name, error }) {
  if (name === BUILT_HERE) return 'build it on this platform: npm run build';
  if (/GLIBC_\d/.test(error.message)) return 'this system’s glibc is older than 2.17: take a newer system or image';
  if (name.endsWith('-musl') !== isMusl()) {
    return 'it is for another C library than this system’s: remove node_modules and install again on this system';
  }
  return 'the file is damaged or was cut short: remove node_modules and install again';
}

/** The platform in words, with the C library where it matters. */
function platformHere() {
  const node = `Node ${process.versions.node}`;
  if (process.platform !== 'linux') return `${process.platform}-${process.arch} (${node})`;
  process.report.excludeNetwork = true;
  const { glibcVersionRuntime } = process.report.getReport().header;
  return `linux-${process.arch} (${glibcVersionRuntime ? `glibc ${glibcVersionRuntime}` : 'musl'}, ${node})`;
}

function fail(sentence, hint, cause) {
  throw new Error(`${sentence}\nhint: ${hint}`, cause && { cause });
}

module.exports = find();
