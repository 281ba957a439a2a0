'use strict';

/* The local cloud of `emulator/`, started once for a test file, and a client of its control API. */

const { spawn } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const { after } = require('node:test');

const ROOT = join(__dirname, '../../..');
const BINARY = process.env.ROLEBRIDGE_EMULATOR ?? join(ROOT, 'target/debug/rolebridge-emulator');
const CREDENTIAL = JSON.parse(readFileSync(join(ROOT, 'tests/credential.json'), 'utf8'));
/** A home that is not there: no test reads the files of whoever runs it. */
const NOBODYS_HOME = join(ROOT, 'target/nobodys-home');

let child;
let control;

after(() => child?.stdin.end());

/** Where the control API is. The emulator ends when its standard input does, at the latest with this process. */
function start() {
  control ??= new Promise((resolve, reject) => {
    child = spawn(BINARY, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.on('error', reject);
    createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line).control));
  });
  return control;
}

async function call(method, path, body) {
  const init = { method };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch((await start()) + path, init);
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${answer.error}`);
  return answer;
}

/** One world of the emulator, with ports, clock, accounts, faults and a log of its own. */
class World {
  static async make(specification = {}) {
    const world = new World();
    world.info = await call('POST', '/worlds', specification);
    return world;
  }

  get #path() {
    return `/worlds/${this.info.id}`;
  }

  async patch(change) {
    this.info = await call('PATCH', this.#path, change);
  }

  fault(fault) {
    return call('POST', `${this.#path}/faults`, fault);
  }

  openGate(name) {
    return call('POST', `${this.#path}/gates/${name}/open`);
  }

  async requests(operation) {
    const query = operation ? `?operation=${operation}` : '';
    return (await call('GET', `${this.#path}/requests${query}`)).requests;
  }

  /** Resolves when so many requests of one operation have arrived, answered or not. */
  async arrived(operation, count = 1) {
    return (await call('GET', `${this.#path}/requests?operation=${operation}&count=${count}`)).requests;
  }

  async operations() {
    return (await this.requests()).map((request) => request.operation).sort();
  }

  /** `tests/credential.json` of this world, with a merge patch on it. */
  credential(patch = {}) {
    return this.fill(merge(CREDENTIAL, patch));
  }

  /** The environment that every scenario starts from, with a merge patch on it. */
  environment(patch = {}, home = NOBODYS_HOME) {
    const start = {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: '{metadata}',
      AWS_ENDPOINT_URL: '{aws}',
      HOME: '{home}',
      ROLEBRIDGE_ALLOW_LOOPBACK: '1',
    };
    return this.fill(merge(start, patch), home);
  }

  /** The keys of the instance's role as environment variables. */
  keys(patch = {}) {
    return this.environment({
      AWS_ACCESS_KEY_ID: '{access_key_id}',
      AWS_SECRET_ACCESS_KEY: '{secret_access_key}',
      AWS_SESSION_TOKEN: '{session_token}',
      AWS_REGION: 'us-east-1',
      ...patch,
    });
  }

  /** What a shell gives a program that is to meet the real host names in this world. */
  proxied(caFile, patch = {}) {
    return this.fill({
      HTTPS_PROXY: '{proxy}',
      HTTP_PROXY: '{proxy}',
      NO_PROXY: '',
      NODE_EXTRA_CA_CERTS: caFile,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: '{metadata}',
      ...patch,
    });
  }

  /**
   * Puts each text that the world says of itself or of its instance's keys, and the home, where its name stands in
   * braces. `{region}` stays, since a credential file says so itself.
   */
  fill(value, home = NOBODYS_HOME) {
    const { region: _, keys, ...own } = this.info;
    const known = { ...own, ...keys, home };
    const replaced = (text) =>
      text.replace(/\{(\w+)\}/g, (whole, name) => (typeof known[name] === 'string' ? known[name] : whole));
    const filled = (value) => {
      if (typeof value === 'string') return replaced(value);
      if (Array.isArray(value)) return value.map(filled);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member)]));
    };
    return filled(value);
  }

  /** What no error may show. */
  get secrets() {
    const { keys, container_keys, container_token, web_identity_token, ...info } = this.info;
    const { sso_access_token, sso_refresh_token, sso_client_secret } = info;
    const found = [keys, container_keys].flatMap((key) => (key ? [key.secret_access_key, key.session_token] : []));
    found.push(container_token, web_identity_token, sso_access_token, sso_refresh_token, sso_client_secret);
    return found.filter(Boolean);
  }

  /** Who BigQuery says that the bearer of a token is. */
  async sessionUser(token) {
    const { google, project } = this.info;
    const response = await fetch(`${google}/bigquery/v2/projects/${project.id}/queries`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'SELECT SESSION_USER()', useLegacySql: false }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error.message);
    return answer.rows[0].f[0].v;
  }

  /** Whether an Authorization header holds a token of this world. */
  async accepts(authorization) {
    const [scheme, token] = authorization?.split(' ') ?? [];
    if (scheme !== 'Bearer') return false;
    return this.sessionUser(token).then(
      () => true,
      () => false,
    );
  }
}

/** JSON merge patch, RFC 7396. */
function merge(target, patch) {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete merged[name];
    else merged[name] = merge(merged[name], change);
  }
  return merged;
}

module.exports = { ROOT, World };
