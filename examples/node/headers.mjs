// Reads a table of BigQuery with fetch, and no library of Google's.

import { TokenSource } from 'rolebridge';

const source = TokenSource.fromFile('credential.json');

const url = `https://bigquery.googleapis.com/bigquery/v2/projects/${source.projectId}/queries`;
const reply = await fetch(url, {
  method: 'POST',
  // Asked for anew for each request: the token in them is renewed ahead of its end.
  headers: { ...(await source.headers()), 'content-type': 'application/json' },
  body: JSON.stringify({ query: 'SELECT id, name FROM mydataset.users ORDER BY id', useLegacySql: false }),
});
if (!reply.ok) throw new Error(`BigQuery answered ${reply.status}: ${await reply.text()}`);

const { rows } = await reply.json();
for (const { f } of rows) console.log(...f.map(({ v }) => v));
