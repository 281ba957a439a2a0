"""What a credential takes of memory, one line of JSON each: the resident size that its import and its first token add.

memory.py rolebridge.TokenSource | rolebridge.Credentials | google-auth
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


def resident() -> int:
    """In bytes."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def token_source() -> Callable[[], object]:
    import rolebridge

    return lambda: kept(rolebridge.TokenSource.from_env(), lambda source: source.token())


def credentials() -> Callable[[], object]:
    import rolebridge

    make = rolebridge.Credentials.from_env
    return lambda: kept(make(), lambda made: made.refresh(None))


def google_auth() -> Callable[[], object]:
    from google.auth import aws
    from google.auth.transport.requests import Request

    path = os.environ["GOOGLE_APPLICATION_CREDENTIALS"]
    make = aws.Credentials.from_file
    return lambda: kept(make(path, scopes=[CLOUD_PLATFORM]), lambda made: made.refresh(Request()))


def kept(credential: object, use: Callable[..., object]) -> object:
    use(credential)
    return credential


WAYS = {
    "rolebridge.TokenSource": ("a token", token_source),
    "rolebridge.Credentials": ("a credential for Google's clients", credentials),
    "google-auth": ("a credential for Google's clients", google_auth),
}


def main() -> None:
    who = sys.argv[1]
    subject, prepare = WAYS[who]
    before = resident()
    warm = prepare()
    imported = resident()
    credential = warm()
    warmed = resident()
    assert credential is not None
    for what, added in (("import", imported - before), ("first token", warmed - imported)):
        print(json.dumps({"section": "memory", "what": f"Python: {subject}, {what}", "who": who, "value": added}))


if __name__ == "__main__":
    main()
