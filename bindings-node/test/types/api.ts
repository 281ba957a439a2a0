/* The API as its types see it: this file is checked, never run. Every wrong call must stay an error. */

import { fromEnv, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { BigQuery } from '@google-cloud/bigquery';
import * as library from 'google-auth-library';
import {
  ConfigError,
  createAuthClient,
  type ErrorKind,
  RefusedError,
  RolebridgeError,
  type Signature,
  type Step,
  type Token,
  TokenSource,
  version,
  warm,
} from 'rolebridge';
import 'rolebridge/register';

async function uses(): Promise<void> {
  const source: TokenSource = TokenSource.fromFile('credential.json');
  TokenSource.fromJSON('{}', { scopes: ['email'], allowEndpoints: ['https://sts.example.com'] });
  TokenSource.fromJSON({ type: 'external_account' });
  TokenSource.fromFile(new URL('file:///credential.json'), { scopes: 'email', quotaProjectId: 'payer' });
  TokenSource.fromEnv({ universeDomain: 'example.goog' }).withScopes('email');
  TokenSource.fromEnv({});
  TokenSource.fromEnv({ profile: 'work', roleArn: 'arn:aws:iam::111122223333:role/name', externalId: 'id' });
  TokenSource.fromEnv({ identity: fromEnv(), roleSessionName: 'name' });
  TokenSource.fromEnv({ identity: fromTemporaryCredentials({ params: { RoleArn: 'arn' } }) });
  TokenSource.fromEnv({ identity: () => ({ accessKeyId: 'id', secretAccessKey: 'secret', region: 'us-east-1' }) });
  const supplier: library.AwsSecurityCredentialsSupplier = {
    getAwsRegion: async () => 'us-east-1',
    getAwsSecurityCredentials: async () => ({ accessKeyId: 'id', secretAccessKey: 'secret' }),
  };
  createAuthClient({ identity: supplier });
  const release: string = version;

  const token: Token = await source.token();
  const { value, expiresAt }: { value: string; expiresAt: Date } = token;
  source.invalidate(token);
  await fetch('https://example.com', { headers: await source.headers() });
  const account: string | undefined = source.serviceAccount ?? source.projectId ?? source.quotaProjectId;
  const narrow: TokenSource = source.withScopes(source.scopes);

  TokenSource.fromAudience('//iam.googleapis.com/…', 'reader@my-project.iam.gserviceaccount.com', { scopes: 'email' });
  TokenSource.fromAudience('//iam.googleapis.com/…', undefined, { profile: 'work' });
  const identity: Token = await source.idToken('https://service.example');
  await source.idToken('https://service.example', { includeEmail: false });
  const signature: Signature = await source.sign(Buffer.from('payload'));
  await source.sign(new Uint8Array(3));
  console.log(identity, signature.keyId, signature.value.toString('base64'));
  createAuthClient({ audience: '//iam.googleapis.com/…', serviceAccount: 'reader@my-project.iam.gserviceaccount.com' });
  const accounted = createAuthClient({ library, audience: '//iam.googleapis.com/…' });
  const [text, signed] = [await accounted.fetchIdToken?.('https://service.example'), await accounted.sign?.('payload')];
  console.log(text, signed?.keyId, signed?.signedBlob);
  const steps: Step[] = ['id_token', 'signing'];
  console.log(steps);

  const own: library.AuthClient = createAuthClient({ library, credentials: {}, scopes: 'email' });
  new BigQuery({ authClient: own });
  new BigQuery({ authClient: createAuthClient({ keyFilename: 'credential.json', quotaProjectId: 'payer' }) });
  createAuthClient({ keyFile: 'credential.json', allowEndpoints: 'https://sts.example.com' });
  createAuthClient({ keyFilename: new URL('file:///credential.json'), universeDomain: 'example.goog' });

  try {
    await narrow.token();
  } catch (error) {
    if (error instanceof RefusedError || error instanceof ConfigError) {
      const facts: RolebridgeError = error;
      const status: number | undefined = facts.status;
      const [kind, step]: [ErrorKind, Step] = [facts.kind, facts.step];
      console.log(facts.code, facts.field, facts.hint, facts.cause, status, kind, step);
    }
  }
  console.log(value, expiresAt, account, release);
}

async function misuses(source: TokenSource, token: Token): Promise<void> {
  // @ts-expect-error: it is made by its factories.
  new TokenSource();
  // @ts-expect-error: a path is a string.
  TokenSource.fromFile(42);
  // @ts-expect-error: scopes are text.
  TokenSource.fromEnv({ scopes: [42] });
  // @ts-expect-error: an option that is there holds something.
  TokenSource.fromEnv({ scopes: undefined });
  // @ts-expect-error: there is no such option.
  TokenSource.fromEnv({ allowEndpoint: [] });
  // @ts-expect-error: keys are what a function gives.
  TokenSource.fromEnv({ identity: { accessKeyId: 'id', secretAccessKey: 'secret' } });
  // @ts-expect-error: what it gives has a secret.
  TokenSource.fromEnv({ identity: async () => ({ accessKeyId: 'id' }) });
  // @ts-expect-error: an end is a date.
  TokenSource.fromEnv({ identity: () => ({ accessKeyId: 'id', secretAccessKey: 'secret', expiration: 'soon' }) });
  // @ts-expect-error: a supplier knows its region.
  TokenSource.fromEnv({ identity: { getAwsSecurityCredentials: async () => ({}) } });
  // @ts-expect-error: a profile is text.
  TokenSource.fromEnv({ profile: 1 });
  // @ts-expect-error: no other source has that supplier.
  warm({ identity: fromEnv() });
  // @ts-expect-error: there is no such option.
  TokenSource.fromFile('credential.json', { scope: 'email' });
  // @ts-expect-error: a token is waited for.
  source.token().value;
  // @ts-expect-error: a token is not changed.
  token.value = 'other';
  // @ts-expect-error: a token is no text.
  const text: string = token;
  // @ts-expect-error: there is no such option.
  createAuthClient({ keyFileName: 'credential.json' });
  // @ts-expect-error: an unset variable is no file.
  createAuthClient({ keyFilename: process.env.CREDENTIAL });
  // @ts-expect-error: an audience is text.
  TokenSource.fromAudience(undefined);
  // @ts-expect-error: there is no such option.
  source.idToken('https://service.example', { email: false });
  // @ts-expect-error: bytes are signed.
  source.sign('payload');
  // @ts-expect-error: one credential is named.
  createAuthClient({ keyFilename: 'credential.json', audience: '//iam.googleapis.com/…' });
  // @ts-expect-error: an account goes with an audience.
  createAuthClient({ serviceAccount: 'reader@my-project.iam.gserviceaccount.com' });
  // @ts-expect-error: a path is an option.
  createAuthClient('credential.json');
  // @ts-expect-error: one credential is named.
  createAuthClient({ keyFilename: 'credential.json', credentials: {} });
  // @ts-expect-error: a source is no client of Google's libraries.
  new BigQuery({ authClient: source });
  // @ts-expect-error: errors are made here only.
  new RolebridgeError('no');
  console.log(text);
}

void uses;
void misuses;
