"""Reads a table of BigQuery with Google's own client."""

import rolebridge
from google.cloud import bigquery

credentials = rolebridge.Credentials.from_file("credential.json")
client = bigquery.Client(credentials=credentials)

for row in client.query("SELECT id, name FROM mydataset.users ORDER BY id"):
    print(row.id, row.name)
