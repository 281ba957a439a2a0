// Says what is wrong, and what to do about it, where no token is to be had.

import { RolebridgeError, TokenSource, UnavailableError } from 'rolebridge';

try {
  const source = TokenSource.fromFile('credential.json');
  await source.token();
  console.log('a token of', source.serviceAccount);
} catch (error) {
  if (!(error instanceof RolebridgeError)) throw error;
  if (error instanceof UnavailableError) console.error(`try again later: ${error.message}`);
  else console.error(`${error.kind} error in step ${error.step}: ${error.message}`);
  process.exitCode = 1;
}
