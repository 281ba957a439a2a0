'use strict';

/*
 * Asks for a token and does nothing to stay alive. `exit` ends at once; at a line of standard input `exit-when-told` ends
 * and `throw-when-told` throws.
 */

const { TokenSource } = require('rolebridge');

const [file, when] = process.argv.slice(2);
const source = TokenSource.fromFile(file);
source.token().then((token) => console.log(token.value.length > 100));
if (when === 'exit') process.exit(7);
if (when === 'exit-when-told') process.stdin.once('data', () => process.exit(7));
if (when === 'throw-when-told') {
  process.stdin.once('data', () => {
    throw new Error('as it was told');
  });
}
