'use strict';

/*
 * Uses a token until it is told to go on in another way: `end` does nothing more, `exit` exits with 7, `throw` throws. A
 * program is told in a line of standard input, a worker by a message.
 */

const { parentPort } = require('node:worker_threads');
const { TokenSource } = require('rolebridge');

const source = TokenSource.fromFile(process.argv[2]);
const using = setInterval(() => source.token(), 20);

function go(told) {
  clearInterval(using);
  if (told === 'exit') process.exit(7);
  if (told === 'throw') throw new Error('as it was told');
}

if (parentPort) {
  parentPort.once('message', go);
} else {
  process.stdin.setEncoding('utf8').once('data', (line) => {
    process.stdin.destroy();
    go(line.trim());
  });
}
