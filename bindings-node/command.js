#!/usr/bin/env node
'use strict';

/* The command `rolebridge`, for `npx rolebridge`. */

// The command is native code, which waits for signals itself or is ended by them. Node's own handlers, which raise the
// signal once more, go with the last listener.
function listener() {}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, listener).off(signal, listener);

process.exitCode = require('./native.js').command(process.argv.slice(2));
