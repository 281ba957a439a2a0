#!/usr/bin/env node
'use strict';

/* The command `rolebridge`, for `npx rolebridge`. */

process.exitCode = require('./native.js').command(process.argv.slice(2));
