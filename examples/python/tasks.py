"""Asks BigQuery three things at once with asyncio. All three tasks wait for one and the same token."""

import asyncio

import httpx
import rolebridge

source = rolebridge.TokenSource.from_file("credential.json")


async def count(client: httpx.AsyncClient, condition: str) -> str:
    token = await source.token_async()
    reply = await client.post(
        f"https://bigquery.googleapis.com/bigquery/v2/projects/{source.project_id}/queries",
        headers={"authorization": f"Bearer {token.value}"},
        json={"query": f"SELECT COUNT(*) FROM mydataset.users WHERE {condition}", "useLegacySql": False},
    )
    reply.raise_for_status()
    return str(reply.json()["rows"][0]["f"][0]["v"])


async def main() -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        print(*await asyncio.gather(count(client, "id < 3"), count(client, "id = 3"), count(client, "id > 3")))


asyncio.run(main())
