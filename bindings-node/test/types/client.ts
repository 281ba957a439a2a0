/* A client of the library that `google-auth-library` stands for here: each major in turn. Checked, never run. */

import * as library from 'google-auth-library';
import { type AccountClient, createAuthClient, type Warmable } from 'rolebridge';

async function uses(): Promise<void> {
  const client = createAuthClient({ library, keyFilename: 'credential.json' });
  const own: library.AuthClient = client;
  const known: Partial<Warmable & AccountClient> = client;
  new library.GoogleAuth({ authClient: client });
  const { token } = await client.getAccessToken();
  const headers = await client.getRequestHeaders('https://bigquery.googleapis.com/');
  const { data } = await client.request<{ rows: unknown[] }>({ url: 'https://bigquery.googleapis.com/' });
  client.on('tokens', ({ access_token }) => access_token?.length);
  console.log(own, known, token?.length, headers, data.rows);
  // @ts-expect-error: a library has a class AuthClient.
  createAuthClient({ library: {} });
  // @ts-expect-error: a client is of that library, and no source.
  createAuthClient({ library }).withScopes('email');
}

void uses;
