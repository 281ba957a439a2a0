// Reads a table of BigQuery with Google's own client, as an ECMAScript module.

import { BigQuery } from '@google-cloud/bigquery';
import { createAuthClient } from 'rolebridge';

const authClient = createAuthClient({ keyFilename: 'credential.json' });
const bigquery = new BigQuery({ projectId: 'my-project', authClient });

const [rows] = await bigquery.query('SELECT id, name FROM mydataset.users ORDER BY id');
for (const { id, name } of rows) console.log(id, name);
