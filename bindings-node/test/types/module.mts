/* The names of the package as a module imports them. Checked, never run. */

import * as rolebridge from 'rolebridge';
import { RolebridgeError, TokenSource, version } from 'rolebridge';
import 'rolebridge/register';
// @ts-expect-error: there is no such door.
import 'rolebridge/native';

const source: TokenSource = rolebridge.TokenSource.fromEnv();
// @ts-expect-error: there is no such name.
console.log(source, version, RolebridgeError, TokenSource, rolebridge.Credentials);
