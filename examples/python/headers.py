"""Reads a table of BigQuery with an HTTP client of one's own, and no library of Google's."""

import requests
import rolebridge

source = rolebridge.TokenSource.from_file("credential.json")

reply = requests.post(
    f"https://bigquery.googleapis.com/bigquery/v2/projects/{source.project_id}/queries",
    headers=source.headers(),  # Asked for anew for each request: the token in them is renewed ahead of its end.
    json={"query": "SELECT id, name FROM mydataset.users ORDER BY id", "useLegacySql": False},
    timeout=60,
)
reply.raise_for_status()

for row in reply.json()["rows"]:
    print(*(field["v"] for field in row["f"]))
