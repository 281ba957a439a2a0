'use strict';

/* Asks BigQuery of one layout whose token it was shown, and names no project. */

const { createAuthClient } = require('rolebridge');
const { carrier, layout } = require('../helpers/layouts.js');

const [name, apiEndpoint, keyFilename] = process.argv.slice(2);

async function main() {
  const { BigQuery } = layout(name)('@google-cloud/bigquery');
  const library = carrier(name, 'bigquery')('google-auth-library');
  const bigquery = new BigQuery({ authClient: createAuthClient({ library, keyFilename }), apiEndpoint });
  // Without it, BigQuery 9.3 asks for a project called `{{projectId}}`, with Google’s own clients too.
  await bigquery.getProjectId();
  const [rows] = await bigquery.query('SELECT SESSION_USER() AS user');
  console.log(rows[0].user);
}

main();
