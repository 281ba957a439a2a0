// Reads a table of BigQuery with Google's own client.

const { BigQuery } = require('@google-cloud/bigquery');
const { createAuthClient } = require('rolebridge');

const authClient = createAuthClient({ keyFilename: 'credential.json' });
const bigquery = new BigQuery({ projectId: 'my-project', authClient });

async function main() {
  const [rows] = await bigquery.query('SELECT id, name FROM mydataset.users ORDER BY id');
  for (const { id, name } of rows) console.log(id, name);
}

main();
