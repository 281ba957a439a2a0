#!/usr/bin/env python3
"""Measures Rolebridge beside its peers, in one run, and writes `docs/benchmarks.md` and `docs/benchmarks.svg`.

    make bench

Everything is built as released. The two clouds are the emulator's, on loopback; in the second each request to Google
takes 20 milliseconds and each to the metadata service one, over TLS under the real host names. All who are compared
take turns, and each figure is a median. Go's libraries are measured where Go is at hand, memory where Linux tells it.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud import Cloud
from page import Figure, markdown, picture

TOP = Path(__file__).resolve().parent.parent
WORK = TOP / "target" / "bench"
VENV = WORK / "venv"
PYTHON = VENV / "bin" / "python"
RUST = WORK / "rust" / "release"
GO = WORK / "go"
RUNS = 21
METADATA_MILLISECONDS = 1
GOOGLE_MILLISECONDS = 20
#: What every new process waits for: three answers of the metadata service one after another, and two of Google's.
CHAIN_MILLISECONDS = 3 * METADATA_MILLISECONDS + 2 * GOOGLE_MILLISECONDS
MEMORY_RUNS = 5
HAS_GO = shutil.which("go") is not None
TELLS_MEMORY = Path("/proc/self/smaps_rollup").exists()


@dataclass
class Program:
    """A process that ends with its token; a bare one only waits as long as the longest chain of waits."""

    group: str
    who: str
    command: list[str]
    is_bare: bool = False


NATIVE, PYTHON_ALONE, NODE_ALONE = "Rust, Go", "Python", "Node"
WITH_BIGQUERY = {
    "Python": "Python, with google.cloud.bigquery imported",
    "Node": "Node, with @google-cloud/bigquery required",
}


def python(group: str, who: str, script: str, *, is_bare: bool = False) -> Program:
    return Program(group, who, [str(PYTHON), "-c", script], is_bare)


def node(group: str, who: str, script: str, *, is_bare: bool = False) -> Program:
    return Program(group, who, ["node", "-e", script], is_bare)


SCOPE = "https://www.googleapis.com/auth/cloud-platform"
WAIT_PYTHON = f"import time; time.sleep({CHAIN_MILLISECONDS} / 1000)"
WAIT_NODE = f"setTimeout(() => 0, {CHAIN_MILLISECONDS})"
IMPORT_BIGQUERY = "import google.cloud.bigquery\n"
DROP_IN_PYTHON = "import rolebridge; rolebridge.Credentials.from_env().refresh(None)"
GOOGLE_PYTHON = f"""
import os; from google.auth import aws; from google.auth.transport.requests import Request
path = os.environ["GOOGLE_APPLICATION_CREDENTIALS"]
aws.Credentials.from_file(path, scopes=["{SCOPE}"]).refresh(Request())
"""
REQUIRE_BIGQUERY = "require('@google-cloud/bigquery');\n"
DROP_IN_NODE = "require('rolebridge').createAuthClient().getAccessToken()"
GOOGLE_NODE = f"""
const {{ ExternalAccountClient }} = require('google-auth-library');
const file = JSON.parse(require('fs').readFileSync(process.env.GOOGLE_APPLICATION_CREDENTIALS));
const client = ExternalAccountClient.fromJSON(file);
client.scopes = ['{SCOPE}'];
client.getAccessToken();
"""

GO_PROGRAMS = [
    Program(
        NATIVE, "a process of Go that only waits", [str(GO / "auth"), "wait", f"{CHAIN_MILLISECONDS}ms"], is_bare=True
    ),
    Program(NATIVE, "cloud.google.com/go/auth", [str(GO / "auth"), "token"]),
    Program(NATIVE, "golang.org/x/oauth2", [str(GO / "oauth2")]),
]

#: A bare process comes before those that are measured against it, and in each group Rolebridge before its peers.
PROGRAMS = [
    Program(NATIVE, "a process that only waits", [str(RUST / "cold"), "wait", str(CHAIN_MILLISECONDS)], is_bare=True),
    Program(NATIVE, "rolebridge", [str(RUST / "cold"), "rolebridge"]),
    Program(NATIVE, "google-cloud-auth", [str(RUST / "cold"), "google-cloud-auth"]),
    *(GO_PROGRAMS if HAS_GO else []),
    python(PYTHON_ALONE, "an interpreter that only waits", WAIT_PYTHON, is_bare=True),
    python(PYTHON_ALONE, "rolebridge.TokenSource", "import rolebridge; rolebridge.TokenSource.from_env().token()"),
    python(PYTHON_ALONE, "rolebridge.Credentials", DROP_IN_PYTHON),
    python(PYTHON_ALONE, "google-auth", GOOGLE_PYTHON),
    python(WITH_BIGQUERY["Python"], "one that only waits", IMPORT_BIGQUERY + WAIT_PYTHON, is_bare=True),
    python(WITH_BIGQUERY["Python"], "rolebridge.Credentials", IMPORT_BIGQUERY + DROP_IN_PYTHON),
    python(WITH_BIGQUERY["Python"], "google-auth", IMPORT_BIGQUERY + GOOGLE_PYTHON),
    node(NODE_ALONE, "a runtime that only waits", WAIT_NODE, is_bare=True),
    node(NODE_ALONE, "rolebridge.TokenSource", "require('rolebridge').TokenSource.fromEnv().token()"),
    node(NODE_ALONE, "rolebridge.createAuthClient", DROP_IN_NODE),
    node(NODE_ALONE, "google-auth-library", GOOGLE_NODE),
    node(WITH_BIGQUERY["Node"], "one that only waits", REQUIRE_BIGQUERY + WAIT_NODE, is_bare=True),
    node(WITH_BIGQUERY["Node"], "rolebridge.createAuthClient", REQUIRE_BIGQUERY + DROP_IN_NODE),
    node(WITH_BIGQUERY["Node"], "google-auth-library", REQUIRE_BIGQUERY + GOOGLE_NODE),
]

WARMED_PYTHON = """
import rolebridge, time
rolebridge.warm()
import google.cloud.bigquery
credentials = rolebridge.Credentials.from_env()
started = time.perf_counter()
credentials.refresh(None)
print(time.perf_counter() - started)
"""
WARMED_NODE = """
const { createAuthClient, warm } = require('rolebridge');
warm();
require('@google-cloud/bigquery');
const client = createAuthClient();
const started = process.hrtime.bigint();
client.getAccessToken().then(() => console.log(Number(process.hrtime.bigint() - started) / 1e9));
"""

#: They print how long they waited, in seconds.
WARMED = {
    "Python: google.cloud.bigquery": [str(PYTHON), "-c", WARMED_PYTHON],
    "Node: @google-cloud/bigquery": ["node", "-e", WARMED_NODE],
}

MEMORY = [
    *([str(PYTHON), "bench/python/memory.py", who] for who in ("rolebridge.TokenSource", "rolebridge.Credentials")),
    [str(PYTHON), "bench/python/memory.py", "google-auth"],
    *(["node", "bench/node/memory.js", who] for who in ("rolebridge.TokenSource", "rolebridge.createAuthClient")),
    ["node", "bench/node/memory.js", "google-auth-library"],
]


def build() -> None:
    """As released, all of it."""
    quiet = {"cwd": TOP, "check": True}
    rust = ["cargo", "build", "--release", "--locked", "--manifest-path", "bench/rust/Cargo.toml"]
    subprocess.run([*rust, "--target-dir", str(WORK / "rust")], **quiet)
    if HAS_GO:
        GO.mkdir(parents=True, exist_ok=True)
        subprocess.run(["go", "build", "-o", f"{GO}{os.sep}", "./..."], cwd=TOP / "bench" / "go", check=True)
    if not VENV.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], **quiet)
    pip = [str(PYTHON), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, "-r", "bindings-python/requirements-test.txt"], **quiet)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", "."], **quiet)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], **quiet)
    subprocess.run(["npm", "run", "-s", "build"], **quiet)


def output(command: list[str], environment: Mapping[str, str]) -> str:
    # What Google's libraries warn of is theirs.
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    done = subprocess.run(command, cwd=TOP, env=environment, **pipes)
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def printed(command: list[str], environment: Mapping[str, str]) -> list[Figure]:
    """The figures that a program prints."""
    return [Figure(**json.loads(line)) for line in output(command, environment).splitlines()]


def new_processes(environment: Mapping[str, str]) -> Iterator[Figure]:
    """Wall time of processes that take turns."""
    measured: dict[int, list[float]] = {index: [] for index in range(len(PROGRAMS))}
    for run in range(RUNS + 1):
        for index, program in enumerate(PROGRAMS):
            started = time.perf_counter()
            output(program.command, environment)
            if run:  # The first warms the disk's cache.
                measured[index].append(time.perf_counter() - started)
    bare: list[float] = []
    for index, program in enumerate(PROGRAMS):
        figure = Figure("new", program.group, program.who, statistics.median(measured[index]))
        if program.is_bare:
            bare = measured[index]
        else:
            # Of one turn each: what disturbed the machine meanwhile disturbed both.
            figure.own = statistics.median(mine - only for mine, only in zip(measured[index], bare, strict=True))
        yield figure


def warmed(environment: Mapping[str, str]) -> Iterator[Figure]:
    """What is left to wait for when Google's client has been loaded."""
    for what, command in WARMED.items():
        waits = [float(output(command, environment)) for _ in range(RUNS)]
        yield Figure("warm", what, "rolebridge", statistics.median(waits))


def memory(environment: Mapping[str, str]) -> Iterator[Figure]:
    runs = [[figure for command in MEMORY for figure in printed(command, environment)] for _ in range(MEMORY_RUNS)]
    for same in zip(*runs, strict=True):
        yield Figure("memory", same[0].what, same[0].who, statistics.median(figure.value for figure in same))


def measure() -> tuple[list[Figure], str]:
    """All figures, and the time line of one cold mint."""
    WORK.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    cloud = Cloud(RUST / "cloud")
    try:
        file = WORK / "loopback.json"
        file.write_text(json.dumps(cloud.credential(cloud.info["google"], cloud.info["google"])))
        environment = cloud.environment(file)
        figures += printed([str(RUST / "rolebridge-bench")], environment)
        if HAS_GO:
            figures += printed([str(GO / "auth"), "hits"], environment)
        figures += printed([str(PYTHON), "bench/python/hits.py"], environment)
        figures += printed(["node", "bench/node/hits.js"], environment)
    finally:
        cloud.close()
    cloud = Cloud(RUST / "cloud")
    try:
        for operation in ("session_token", "role", "region", "zone", "keys"):
            cloud.slow(f"metadata.{operation}", METADATA_MILLISECONDS)
        for operation in ("sts.token", "iamcredentials.generateAccessToken"):
            cloud.slow(operation, GOOGLE_MILLISECONDS)
        file, authority = WORK / "hosts.json", WORK / "authority.pem"
        hosts = cloud.credential("https://sts.googleapis.com", "https://iamcredentials.googleapis.com")
        file.write_text(json.dumps(hosts))
        authority.write_text(cloud.info["ca_pem"])
        environment = cloud.environment(file) | {
            "HTTPS_PROXY": cloud.info["proxy"],
            "NO_PROXY": "127.0.0.1",
            "SSL_CERT_FILE": str(authority),
            "REQUESTS_CA_BUNDLE": str(authority),
            "NODE_EXTRA_CA_CERTS": str(authority),
        }
        figures += new_processes(environment)
        figures += warmed(environment)
        if TELLS_MEMORY:
            figures += memory(environment)
        time_line = output([str(RUST / "timing"), str(file)], environment)
    finally:
        cloud.close()
    return figures, time_line


def versions() -> str:
    def said(*command: str) -> str:
        return output(list(command), os.environ).strip()

    lock = (TOP / "bench" / "rust" / "Cargo.lock").read_text().split('[[package]]\nname = "google-cloud-auth"')[1]
    google_auth = said(str(PYTHON), "-c", "import google.auth.version as v; print(v.__version__)")
    gal = [said("node", "-p", f"require('{name}/package.json').version") for name in ("gal9", "gal10", "gal11")]
    languages = [
        said("rustc", "--version").split(" (")[0],
        f"Python {platform.python_version()}",
        f"Node {said('node', '-v')[1:]}",
    ]
    libraries = [
        f"google-cloud-auth {lock.split(chr(34))[1]}",
        f"google-auth {google_auth}",
        f"google-auth-library {', '.join(gal)}",
    ]
    if HAS_GO:
        languages.append(said("go", "env", "GOVERSION").replace("go", "Go "))
        needed = (line.split() for line in (TOP / "bench" / "go" / "go.mod").read_text().splitlines())
        direct = [words for words in needed if len(words) == 2 and words[1].startswith("v")]
        libraries += [f"{module} {version[1:]}" for module, version in direct]
    return f"{', '.join(languages)}; {', '.join(libraries)}."


def main() -> None:
    if "--no-build" not in sys.argv:
        build()
    figures, time_line = measure()
    docs = TOP / "docs"
    docs.mkdir(exist_ok=True)
    (docs / "benchmarks.md").write_text(markdown(figures, versions(), time_line))
    (docs / "benchmarks.svg").write_text(picture(figures))
    print((docs / "benchmarks.md").read_text())


if __name__ == "__main__":
    main()
