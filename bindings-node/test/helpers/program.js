'use strict';

/* Programs in processes of their own, with an environment that holds what the test names and nothing else. */

const { spawn } = require('node:child_process');
const { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { after } = require('node:test');
const { ROOT } = require('./emulator.js');

const folders = [];

after(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** What is installed in a folder: by its name there, where it is. */
const INSTALLED = {
  rolebridge: ROOT,
  '@google-cloud': join(ROOT, 'node_modules/@google-cloud'),
  'google-auth-library': join(ROOT, 'node_modules/google-auth-library'),
};

/** A folder with these files, where packages are installed; it goes when the test file ends. */
function folder(files, installed = INSTALLED) {
  const path = mkdtempSync(join(tmpdir(), 'rolebridge-'));
  folders.push(path);
  for (const [name, from] of Object.entries(installed)) {
    mkdirSync(dirname(join(path, 'node_modules', name)), { recursive: true });
    symlinkSync(from, join(path, 'node_modules', name), 'dir');
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return path;
}

/**
 * Starts `node` with these arguments, by a command before it if one is given. `ended` resolves to the exit code, the
 * signal and all output.
 */
function start(args, { env = {}, cwd = ROOT, by = [] } = {}) {
  const metadata = env.AWS_EC2_METADATA_SERVICE_ENDPOINT ? {} : { AWS_EC2_METADATA_DISABLED: 'true' };
  const [program, ...before] = [...by, process.execPath];
  const child = spawn(program, [...before, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...metadata, ...env },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { child, ended };
}

function run(args, options) {
  return start(args, options).ended;
}

module.exports = { INSTALLED, folder, run, start };
