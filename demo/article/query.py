"""Reads a table of BigQuery on an AWS instance: the article's script in Python. It knows nothing of AWS."""

import json
import sys

import rolebridge
from google.cloud import bigquery

client = bigquery.Client(
    project="my-project",
    credentials=rolebridge.Credentials.from_file("credential.json"),
)

try:
    for row in client.query("SELECT * FROM mydataset.users ORDER BY id"):
        print(json.dumps(dict(row), default=str))
except rolebridge.RolebridgeError as error:
    sys.exit(f"error in step {error.step}: {error}")
