'use strict';

/*
 * `node --require rolebridge/register`: every copy of google-auth-library that is loaded reads AWS credential files with
 * Rolebridge, and everything else by itself. Under Jest, which has a loader of its own, it is named in `setupFiles`.
 */

const Module = require('node:module');
const { join } = require('node:path');
const { FILE, adopt } = require('./adopt.js');
const { installedCopies } = require('./installed-copies.js');
const { watch } = require('./unreached.js');

/** Each file is changed as Node has loaded it, before who asked for it sees it. */
function hookNode() {
  const { load } = Module.prototype;
  Module.prototype.load = function rolebridgeLoad(file) {
    load.call(this, file);
    if (FILE.test(file)) adopt(file, this.exports, (name) => this.require(name));
  };
  for (const [file, module] of Object.entries(require.cache)) {
    if (FILE.test(file)) adopt(file, module.exports, (name) => module.require(name));
  }
  watch();
}

/** Jest's loader asks nobody, but lets a module be named that stands for another. */
function hookJest(runner) {
  for (const copy of installedCopies([process.cwd(), __dirname])) {
    for (const name of ['externalclient.js', 'googleauth.js']) {
      const file = join(copy, 'build/src/auth', name);
      runner.mock(file, () => {
        const exports = runner.requireActual(file);
        adopt(file, exports, runner.requireActual);
        return exports;
      });
    }
  }
}

// Jest gives it to every module that it loads.
const runner = typeof jest === 'object' ? jest : undefined;
if (typeof runner?.requireActual === 'function') hookJest(runner);
else hookNode();
