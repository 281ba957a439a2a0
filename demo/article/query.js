// Reads a table of BigQuery on an AWS instance. It knows nothing of AWS, and nothing of Rolebridge.

const {BigQuery} = require('@google-cloud/bigquery');

const bigquery = new BigQuery({
  projectId: 'my-project',
  keyFilename: 'credential.json',
});

async function query() {
  const [rows] = await bigquery.query('SELECT * FROM mydataset.users ORDER BY id');
  for (const row of rows) {
    console.log(JSON.stringify(row));
  }
}

query();
