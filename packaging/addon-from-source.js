'use strict';

/* Builds Node's addon from this source: what `npm install` of a clone or of its folder runs, and no other install. */

const { spawnSync } = require('node:child_process');
const { copyFileSync } = require('node:fs');
const { join } = require('node:path');

const TOP = join(__dirname, '..');
const LIBRARIES = { darwin: 'librolebridge_node.dylib', win32: 'rolebridge_node.dll' };

const environment = { ...process.env };
// With rustup's toolchain for musl no shared library is made otherwise.
const isMusl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
if (isMusl) environment.RUSTFLAGS = `${environment.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;

const command = ['build', '--release', '--locked', '--package', 'rolebridge-node'];
const { status, error } = spawnSync('cargo', command, { cwd: TOP, env: environment, stdio: 'inherit' });
if (error) {
  const reason = error.code === 'ENOENT' ? 'cargo is not on the PATH' : error.message;
  console.error(
    `rolebridge is built from source here, and ${reason}: install Rust, or the package of the registry, which needs none`,
  );
  process.exit(1);
}
if (status !== 0) process.exit(status ?? 1);

const target = process.env.CARGO_TARGET_DIR ?? join(TOP, 'target');
const library = LIBRARIES[process.platform] ?? 'librolebridge_node.so';
copyFileSync(join(target, 'release', library), join(TOP, 'bindings-node/rolebridge.node'));
