'use strict';

/* The credential files of `tests/vectors/config`, as `tests/vectors/README.md` says. */

const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const test = require('node:test');
const { inspect } = require('node:util');
const { ConfigError, TokenSource } = require('rolebridge');
const { ROOT } = require('./helpers/emulator.js');
const { withEnvironment } = require('./helpers/environment.js');

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
        (error) => {
          assert.ok(error instanceof ConfigError, error.stack);
          assert.equal(error.field ?? '', vector.field);
          for (const part of [vector.says].flat()) assert.ok(error.message.includes(part), error.message);
          assert.ok(!inspect(error, { depth: null, showHidden: true }).includes(PLANTED));
          return true;
        },
      ),
    ));
}
