'use strict';

/* A worker: posts the outcome of asking for a token with its own environment. */

const { parentPort, workerData } = require('node:worker_threads');
const { TokenSource } = require('rolebridge');

async function main() {
  try {
    const token = await TokenSource.fromJSON(workerData).token();
    parentPort.postMessage({ value: token.value });
  } catch (error) {
    parentPort.postMessage({ kind: error.kind, message: error.message });
  }
}

main();
