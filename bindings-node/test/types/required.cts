/* The names of the package as a CommonJS file requires them. Checked, never run. */

import rolebridge = require('rolebridge');

const source: rolebridge.TokenSource = rolebridge.TokenSource.fromEnv();
// @ts-expect-error: there is no such name.
const { Credentials } = rolebridge;
console.log(source, Credentials);
