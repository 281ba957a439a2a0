"""The interpreter ends, with 0 and in silence, whoever waits for tokens meanwhile."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from cloud import World, python

#: How many runs of each kind; a thorough run takes 200.
RUNS = int(os.environ.get("TEST_EXITS", "8"))
#: How many of them at once.
WIDTH = 4

Outcome = tuple[int | None, str, str]

BEGIN = """
import asyncio, atexit, itertools, os, rolebridge, signal, sys, threading, time
source = rolebridge.TokenSource.from_info(sys.argv[1])
scopes = itertools.count()

# One that Python handles, and whose default is to do nothing once it does so no longer.
signal.signal(signal.SIGURG, lambda *_: sum(range(100)))

def another():
    return source.with_scopes([f"https://example.com/{next(scopes)}"])

def blocked():
    while True:
        another().token()

def failing():
    wrong = rolebridge.TokenSource.from_info(sys.argv[1].replace("bigquery-reader@", "nobody@"))
    while True:
        try:
            wrong.with_scopes([f"https://example.com/{next(scopes)}"]).token()
        except rolebridge.RolebridgeError:
            pass

def awaited():
    async def main():
        while True:
            await asyncio.gather(*(another().token_async() for _ in range(3)))

    asyncio.run(main())

def begin(*kinds):
    for kind in kinds:
        threading.Thread(target=kind, daemon=True).start()
"""

END = """
print("begun", flush=True)
time.sleep(float(sys.argv[2]))
"""

KINDS = {
    "blocked threads": "begin(*[blocked] * 6)",
    "threads that meet failures": "begin(*[failing] * 4)",
    "event loops": "begin(*[awaited] * 4)",
    "all of them, and a call at exit": "begin(blocked, awaited, failing)\natexit.register(lambda: another().token())",
}


@pytest.mark.skipif(not hasattr(signal, "SIGURG"), reason="no such signal here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(60 + 2 * RUNS)
def test_exit_is_clean(make_world: Callable[..., World], kind: str) -> None:
    world = make_world()
    # Each token is a flight of its own, of a few milliseconds, so that the end meets those who wait in any state.
    world.fault("iamcredentials.generateAccessToken", times=None, delay_milliseconds=3)
    script = BEGIN + KINDS[kind] + END
    credential = json.dumps(world.credential())
    environment = {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
    chance = random.Random(kind)
    outcomes: list[Outcome] = []
    for first in range(0, RUNS, WIDTH):
        naps = [f"{chance.uniform(0, 0.3):.3f}" for _ in range(min(WIDTH, RUNS - first))]
        outcomes += ended([python(script, environment, credential, nap) for nap in naps])
    assert outcomes == [(0, "begun\n", "")] * RUNS


def ended(processes: "list[subprocess.Popen[str]]") -> list[Outcome]:
    """How they ended, each with signals meanwhile."""
    begun = [process.stdout.readline() for process in processes if process.stdout is not None]
    while None in [process.poll() for process in processes]:
        for process in processes:
            process.send_signal(signal.SIGURG)
        time.sleep(0.005)
    said = [process.communicate() for process in processes]
    return [
        (process.returncode, first + rest, errors)
        for process, first, (rest, errors) in zip(processes, begun, said, strict=True)
    ]
