"""Python's figures, one line of JSON each: rolebridge beside google-auth, taking turns in one process."""

import gc
import json
import os
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import rolebridge
from google.auth import aws
from google.auth.transport.requests import Request

ROUNDS = 31
URL = "https://bigquery.googleapis.com/bigquery/v2/projects/p/queries"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


def report(section: str, what: str, who: str, seconds: float) -> None:
    print(json.dumps({"section": section, "what": what, "who": who, "value": seconds}), flush=True)


def seconds_per_call(call: Callable[[], object], count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - started) / count


def hits() -> None:
    path = os.environ["GOOGLE_APPLICATION_CREDENTIALS"]
    source = rolebridge.TokenSource.from_file(path)
    ours = rolebridge.Credentials.from_file(path, scopes=[CLOUD_PLATFORM])
    theirs = aws.Credentials.from_file(path, scopes=[CLOUD_PLATFORM])
    request = Request()
    theirs.refresh(request)
    headers: dict[str, str] = {}
    calls: dict[tuple[str, str], Callable[[], object]] = {
        ("Python: before_request", "rolebridge"): lambda: ours.before_request(request, "GET", URL, headers),
        ("Python: before_request", "google-auth"): lambda: theirs.before_request(request, "GET", URL, headers),
        ("Python: TokenSource.token()", "rolebridge"): lambda: source.token(),
    }
    # What the measuring itself costs, a loop and a lambda, is taken off.
    empty = statistics.median(seconds_per_call(lambda: None, 20_000) for _ in range(ROUNDS))
    figures: dict[tuple[str, str], list[float]] = {name: [] for name in calls}
    gc.disable()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            figures[name].append(seconds_per_call(call, 2_000))
    for (what, who), measured in figures.items():
        report("cached", what, who, statistics.median(measured) - empty)


def herd() -> None:
    """A thousand threads wait for one flight: from the first that is woken to the last."""
    control, threads = os.environ["BENCH_WORLD"], 1000
    measured = []
    for round in range(5):
        order = {"on": "iamcredentials.generateAccessToken", "times": 1, "do": {"hold": f"herd-{round}"}}
        post(f"{control}/faults", order)
        source = rolebridge.TokenSource.from_env(scopes=[f"{CLOUD_PLATFORM}.{round}"])
        ends: list[float] = []
        with ThreadPoolExecutor(threads) as pool:
            ready = threading.Barrier(threads + 1)

            for _ in range(threads):
                pool.submit(wait, ready, source, ends)
            ready.wait()
            time.sleep(0.5)  # Not for luck: all of them are to be blocked when the clock starts.
            post(f"{control}/gates/herd-{round}/open", None)
        measured.append(max(ends) - min(ends))
    report("herd", "Python: 1,000 blocked threads", "rolebridge", statistics.median(measured))


def wait(ready: threading.Barrier, source: rolebridge.TokenSource, ends: list[float]) -> None:
    ready.wait()
    source.token()
    ends.append(time.perf_counter())


def post(url: str, body: object) -> None:
    data = b"" if body is None else json.dumps(body).encode()
    urllib.request.urlopen(urllib.request.Request(url, data, method="POST")).close()


if __name__ == "__main__":
    hits()
    herd()
