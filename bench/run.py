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
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cloud import Cloud
from homes import WAITS, WORLD, homes
from page import Figure, markdown, picture
from programs import (
    CHAIN_MILLISECONDS,
    GO,
    GOOGLE_MILLISECONDS,
    HAS_GO,
    IMPORTS,
    LOADED,
    MEMORY,
    METADATA_MILLISECONDS,
    PROGRAMS,
    PYTHON,
    RUST,
    TOP,
    VENV,
    WORK,
    Program,
)

Programs = list[tuple[str, str, list[str]]]

RUNS = 21
MEMORY_RUNS = 5
TELLS_MEMORY = Path("/proc/self/smaps_rollup").exists()


def build() -> None:
    """As released, all of it."""
    quiet = {"cwd": TOP, "check": True}
    rust = ["cargo", "build", "--release", "--locked", "--manifest-path", "bench/rust/Cargo.toml"]
    subprocess.run([*rust, "--target-dir", str(WORK / "rust")], **quiet)
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "rolebridge-cli"], **quiet)
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


def new_processes(section: str, programs: list[Program], environment: Mapping[str, str]) -> Iterator[Figure]:
    """Wall time of processes that take turns."""
    measured: dict[int, list[float]] = {index: [] for index in range(len(programs))}
    for run in range(RUNS + 1):
        for index, program in enumerate(programs):
            started = time.perf_counter()
            output(program.command, environment)
            if run:  # The first warms the disk's cache.
                measured[index].append(time.perf_counter() - started)
    bare: dict[str, float] = {}
    for index, program in enumerate(programs):
        median = statistics.median(measured[index])
        figure = Figure(section, program.subject, program.who, median)
        if program.is_bare:
            bare[program.runtime] = median
        else:
            figure.own = median - bare[program.runtime]
        yield figure


def told(section: str, programs: Programs, environment: Mapping[str, str]) -> Iterator[Figure]:
    """The seconds that programs print; they take turns."""
    turns = [[float(output(command, environment)) for _, _, command in programs] for _ in range(RUNS)]
    for (what, who, _), seconds in zip(programs, zip(*turns, strict=True), strict=True):
        yield Figure(section, what, who, statistics.median(seconds))


def loaded(environment: Mapping[str, str]) -> Iterator[Figure]:
    """From the moment at which Google's client is loaded to the token."""
    for figure in told("loaded", LOADED, environment):
        own = figure.value - CHAIN_MILLISECONDS / 1000
        figure.own = own if own > 0 else None
        yield figure


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
    cloud = Cloud(RUST / "cloud", WORLD)
    try:
        for operation, milliseconds in WAITS.items():
            cloud.slow(operation, milliseconds)
        for operation in ("session_token", "role", "region", "zone", "keys"):
            cloud.slow(f"metadata.{operation}", METADATA_MILLISECONDS)
        for operation in ("sts.token", "sts.root", "iamcredentials.generateAccessToken", "iamcredentials.root"):
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
        figures += new_processes("new", PROGRAMS, environment)
        for home in homes(cloud.info, WORK / "homes"):
            figures += new_processes("homes", home.programs(), environment | home.environment)
        figures += told("import", IMPORTS, environment)
        figures += loaded(environment)
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
    botocore = said(str(PYTHON), "-c", "import botocore; print(botocore.__version__)")
    providers = said("node", "-p", "require('@aws-sdk/credential-providers/package.json').version")
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
        f"botocore {botocore}",
        f"@aws-sdk/credential-providers {providers}",
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
