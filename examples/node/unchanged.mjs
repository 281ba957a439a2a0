// Reads a table of BigQuery, and knows nothing of Rolebridge: node --import rolebridge/register unchanged.mjs

import { BigQuery } from '@google-cloud/bigquery';

const bigquery = new BigQuery({ projectId: 'my-project', keyFilename: 'credential.json' });

const [rows] = await bigquery.query('SELECT id, name FROM mydataset.users ORDER BY id');
for (const { id, name } of rows) console.log(id, name);
