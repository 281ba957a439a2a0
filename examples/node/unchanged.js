// Reads a table of BigQuery, and knows nothing of Rolebridge: node --require rolebridge/register unchanged.js

const { BigQuery } = require('@google-cloud/bigquery');

const bigquery = new BigQuery({ projectId: 'my-project', keyFilename: 'credential.json' });

async function main() {
  const [rows] = await bigquery.query('SELECT id, name FROM mydataset.users ORDER BY id');
  for (const { id, name } of rows) console.log(id, name);
}

main();
