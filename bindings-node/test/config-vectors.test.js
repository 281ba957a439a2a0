'use strict';

/* The vectors of `tests/vectors`, as the README there says. */

const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { inspect } = require('node:util');
const { ConfigError, TokenSource } = require('rolebridge');
const { ROOT } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');

const GIVEN = join(ROOT, 'tests/vectors/given');

/** What stands in the files where a secret does. */
const PLANTED = 'planted';

function vectors(kind) {
  const folder = join(ROOT, 'tests/vectors/config', kind);
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.map((name) => ({ name, path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }));
}

for (const { name, path, text } of vectors('accept')) {
  test(`accepts ${name}`, () =>
    withEnvironment({}, () => {
      const source = TokenSource.fromJSON(text);
      assert.equal(TokenSource.fromFile(path).serviceAccount, source.serviceAccount);
      assert.ok(!inspect(source, { depth: null, showHidden: true }).includes(PLANTED));
    }));
}

for (const { name, text } of vectors('reject')) {
  const vector = JSON.parse(text);
  test(`refuses ${name}: ${vector.about}`, () =>
    withEnvironment({}, () =>
      assert.throws(
        () => TokenSource.fromJSON(vector.text),
        (error) => isAsExpected(error, vector),
      ),
    ));
}

const gcloud = vectors('accept').find(({ name }) => name === 'gcloud.json').text;

for (const name of readdirSync(GIVEN).filter((file) => file.endsWith('.json'))) {
  const fill = (_, value) => (typeof value === 'string' ? value.replaceAll('{gcloud}', gcloud) : value);
  const vector = JSON.parse(readFileSync(join(GIVEN, name), 'utf8'), fill);
  test(`given ${name}: ${vector.about}`, () =>
    withEnvironment(vector.environment ?? {}, () => {
      const options = vector.allow_endpoints ? { allowEndpoints: vector.allow_endpoints } : {};
      const build = () => {
        if ('file' in vector) return TokenSource.fromFile(vector.file, options);
        return 'json' in vector ? TokenSource.fromJSON(vector.json, options) : TokenSource.fromEnv(options);
      };
      if (vector.error) {
        assert.throws(build, (error) => isAsExpected(error, vector.error));
      } else {
        const { projectId, quotaProjectId } = build();
        assert.deepEqual({ project: projectId, quota_project: quotaProjectId ?? null }, vector.source);
      }
    }));
}

/** Whether an error names the field, says and hints what it is to, and shows no secret. */
function isAsExpected(error, { field = '', says, hints = [] }) {
  assert.ok(error instanceof ConfigError, error.stack);
  assert.equal(error.field ?? '', field);
  for (const part of says) assert.ok(error.message.includes(part), error.message);
  for (const part of hints) assert.ok(error.hint?.includes(part), error.hint);
  assert.ok(!inspect(error, { depth: null, showHidden: true }).includes(PLANTED));
  return true;
}
