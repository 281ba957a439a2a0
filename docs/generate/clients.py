"""Google's clients for Node as the tests' lock files have them, and the google-auth-library that each brings."""

import json
from typing import Any

from instance import TOP

FIXTURES = TOP / "bindings-node/test/fixtures"

#: What the tests do with each client.
TESTED = {
    "bigquery": "queries",
    "storage": "uploads and downloads in one request, resumable, in parts and of many files; lists; signed URLs (v4)",
    "gax": "gRPC over TLS, and REST",
    "googleapis": "a list of files",
    "genai": "Vertex AI",
    "firebase": "the rules of a Realtime Database",
}


def table(_: str) -> str:
    """A row for each client: its releases, and in brackets the google-auth-library that each brings."""
    carriers: dict[str, list[str]] = json.loads((FIXTURES / "carriers.json").read_text())
    layouts = [json.loads(path.read_text())["packages"] for path in FIXTURES.glob("clients-*/package-lock.json")]
    rows = ["| client | releases | what is done |", "|---|---|---|"]
    for client, chain in carriers.items():
        pairs = {pair(packages, chain) for packages in layouts if f"node_modules/{chain[0]}" in packages}
        releases = ", ".join(f"{release} ({library})" for release, library in sorted(pairs, key=ordered))
        rows.append(f"| `{chain[0]}` | {releases} | {TESTED[client]} |")
    return "\n".join(rows)


def pair(packages: dict[str, Any], chain: list[str]) -> tuple[str, str]:
    """The release of a client, and the one of google-auth-library that the last of the chain loads."""
    folders = [""]
    for name in [*chain, "google-auth-library"]:
        folders.append(found(packages, name, folders[-1]))
    return packages[folders[1]]["version"], packages[folders[-1]]["version"]


def found(packages: dict[str, Any], name: str, folder: str) -> str:
    """Where Node finds a package from another's folder: there, or in the nearest one above."""
    path = f"{folder}/node_modules/{name}".lstrip("/")
    if path in packages or not folder:
        return path
    return found(packages, name, folder.rpartition("/node_modules/")[0])


def ordered(pair: tuple[str, str]) -> list[int]:
    """Releases in the order of their numbers."""
    return [int(number) for number in pair[0].split(".")]
