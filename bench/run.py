#!/usr/bin/env python3
"""Measures Rolebridge beside its peers, in one run, and writes `docs/benchmarks.md` and `docs/benchmarks.svg`.

    make bench

Everything is built as released. The two clouds are the emulator's, on loopback; for what happens in a new process each
request to Google takes 20 milliseconds and each to the metadata service one, over TLS under the real host names. All
who are compared take turns, and each figure is a median.
"""

import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
WORK = TOP / "target" / "bench"
VENV = WORK / "venv"
PYTHON = VENV / "bin" / "python"
COLD = WORK / "rust" / "release" / "cold"
CLOUD = WORK / "rust" / "release" / "cloud"
RUNS = 21

IMPORT_OURS = "import rolebridge; rolebridge.TokenSource.from_env().token()"
DROP_IN_OURS = "import rolebridge; rolebridge.Credentials.from_env().refresh(None)"
GOOGLE_PYTHON = (
    "import os; from google.auth import aws; from google.auth.transport.requests import Request; "
    "aws.Credentials.from_file(os.environ['GOOGLE_APPLICATION_CREDENTIALS'], "
    "scopes=['https://www.googleapis.com/auth/cloud-platform']).refresh(Request())"
)
WARMED = (
    "import rolebridge, time; c = rolebridge.Credentials.from_env(); c.warm(); import google.cloud.bigquery; "
    "t = time.perf_counter(); c.refresh(None); print(time.perf_counter() - t)"
)
GOOGLE_NODE = (
    "const {ExternalAccountClient} = require('gal10'); const file = JSON.parse(require('fs').readFileSync("
    "process.env.GOOGLE_APPLICATION_CREDENTIALS)); const c = ExternalAccountClient.fromJSON(file); "
    "c.scopes = ['https://www.googleapis.com/auth/cloud-platform']; c.getAccessToken()"
)
DROP_IN_NODE = "const library = require('gal10'); require('rolebridge').createAuthClient({library}).getAccessToken()"

#: From the start of a process to its token: who, and the command.
NEW_PROCESSES: list[tuple[str, str, list[str]]] = [
    ("a process alone", "Rust", [str(COLD), "nothing"]),
    ("rolebridge", "Rust", [str(COLD), "rolebridge"]),
    ("google-cloud-auth", "Rust", [str(COLD), "google-cloud-auth"]),
    ("the interpreter alone", "Python", [str(PYTHON), "-c", "pass"]),
    ("rolebridge.TokenSource", "Python", [str(PYTHON), "-c", IMPORT_OURS]),
    ("rolebridge.Credentials", "Python", [str(PYTHON), "-c", DROP_IN_OURS]),
    ("google-auth", "Python", [str(PYTHON), "-c", GOOGLE_PYTHON]),
    ("the runtime alone", "Node", ["node", "-e", "0"]),
    ("rolebridge.TokenSource", "Node", ["node", "-e", "require('rolebridge').TokenSource.fromEnv().token()"]),
    ("rolebridge.createAuthClient", "Node", ["node", "-e", DROP_IN_NODE]),
    ("google-auth-library 10", "Node", ["node", "-e", GOOGLE_NODE]),
]


@dataclass
class Figure:
    """A median of one who is compared."""

    what: str
    who: str
    seconds: float


class Cloud:
    """The emulator, and one ready world in it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([str(CLOUD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        control = json.loads(self._process.stdout.readline())["control"]
        self.info = self._post(f"{control}/worlds", {})
        self.world = f"{control}/worlds/{self.info['id']}"

    def slow(self, operation: str, milliseconds: int) -> None:
        order = {"on": operation, "times": None, "do": {"delay_milliseconds": milliseconds}}
        self._post(f"{self.world}/faults", order)

    def close(self) -> None:
        self._process.communicate()

    @staticmethod
    def _post(url: str, body: object) -> dict:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), method="POST")) as reply:
            return json.loads(reply.read() or b"{}")

    def credential(self, sts: str, iam: str) -> dict:
        """A file that Google's libraries read as well: they find the metadata service by it."""
        metadata = self.info["metadata"]
        account = self.info["service_account"]
        return {
            "type": "external_account",
            "audience": self.info["audience"],
            "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
            "token_url": f"{sts}/v1/token",
            "service_account_impersonation_url": f"{iam}/v1/projects/-/serviceAccounts/{account}:generateAccessToken",
            "credential_source": {
                "environment_id": "aws1",
                "region_url": f"{metadata}/latest/meta-data/placement/availability-zone",
                "url": f"{metadata}/latest/meta-data/iam/security-credentials",
                "imdsv2_session_token_url": f"{metadata}/latest/api/token",
                "regional_cred_verification_url": (
                    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
                ),
            },
        }

    def environment(self, file: Path) -> dict[str, str]:
        names = ("AWS_", "GOOGLE_", "ROLEBRIDGE_", "SSL_CERT_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(names)}
        return inherited | {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.info["metadata"],
            "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
            "GOOGLE_APPLICATION_CREDENTIALS": str(file),
            "NO_GCE_CHECK": "true",
            "BENCH_WORLD": self.world,
        }


def build() -> None:
    """As released, all of it."""
    quiet = {"cwd": TOP, "check": True}
    rust = ["cargo", "build", "--release", "--locked", "--manifest-path", "bench/rust/Cargo.toml"]
    subprocess.run([*rust, "--target-dir", str(WORK / "rust")], **quiet)
    if not VENV.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], **quiet)
    pip = [str(PYTHON), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, "-r", "bindings-python/requirements-test.txt"], **quiet)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", "."], **quiet)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], **quiet)
    subprocess.run(["npm", "run", "-s", "build"], **quiet)


def printed(command: list[str], environment: Mapping[str, str]) -> Iterator[Figure]:
    """The figures that a program prints."""
    output = subprocess.run(command, cwd=TOP, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in output.splitlines():
        figure = json.loads(line)
        yield Figure(figure["what"], figure["who"], figure["seconds"])


def new_processes(environment: Mapping[str, str]) -> Iterator[Figure]:
    """Wall time of processes that take turns."""
    seconds: dict[int, list[float]] = {index: [] for index in range(len(NEW_PROCESSES))}
    for run in range(RUNS + 1):
        for index, (_, _, command) in enumerate(NEW_PROCESSES):
            started = time.perf_counter()
            subprocess.run(command, cwd=TOP, env=environment, check=True, stdout=subprocess.DEVNULL)
            if run:  # The first warms the disk's cache.
                seconds[index].append(time.perf_counter() - started)
    for index, (who, language, _) in enumerate(NEW_PROCESSES):
        yield Figure(f"{language}: a new process and its token", who, statistics.median(seconds[index]))


def warmed(environment: Mapping[str, str]) -> Iterator[Figure]:
    """What is left to wait for when Google's client has been imported."""
    command = [str(PYTHON), "-c", WARMED]
    waits = [
        float(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout)
        for _ in range(RUNS)
    ]
    what = "Python: wait for the token after warm() and import google.cloud.bigquery"
    yield Figure(what, "rolebridge", statistics.median(waits))


def measure() -> list[Figure]:
    WORK.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    cloud = Cloud()
    try:
        file = WORK / "loopback.json"
        file.write_text(json.dumps(cloud.credential(cloud.info["google"], cloud.info["google"])))
        environment = cloud.environment(file)
        figures += printed([str(WORK / "rust" / "release" / "rolebridge-bench")], environment)
        figures += printed([str(PYTHON), "bench/python/hits.py"], environment)
        figures += printed(["node", "bench/node/hits.js"], environment)
    finally:
        cloud.close()
    cloud = Cloud()
    try:
        for operation in ("session_token", "role", "region", "zone", "keys"):
            cloud.slow(f"metadata.{operation}", 1)
        for operation in ("sts.token", "iamcredentials.generateAccessToken"):
            cloud.slow(operation, 20)
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
    finally:
        cloud.close()
    return figures


def shown(figure: Figure) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if figure.seconds * factor >= 1:
            return f"{figure.seconds * factor:.3g} {unit}"
    return f"{figure.seconds * 1e9:.0f} ns"


def versions() -> str:
    def said(*command: str) -> str:
        return subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    lock = (TOP / "bench" / "rust" / "Cargo.lock").read_text().split('[[package]]\nname = "google-cloud-auth"')[1]
    google_auth = said(str(PYTHON), "-c", "import google.auth.version as v; print(v.__version__)")
    gal = [said("node", "-p", f"require('{name}/package.json').version") for name in ("gal9", "gal10", "gal11")]
    return (
        f"{said('rustc', '--version').split(' (')[0]}, Python {platform.python_version()}, "
        f"Node {said('node', '-v')[1:]}; "
        f"google-cloud-auth {lock.split(chr(34))[1]}, google-auth {google_auth}, google-auth-library {', '.join(gal)}"
    )


def rolebridge_beside(figure: Figure, figures: list[Figure]) -> Figure | None:
    return next((ours for ours in figures if ours.what == figure.what and ours.who.startswith("rolebridge")), None)


def page(figures: list[Figure]) -> str:
    lines = [
        "# Benchmarks",
        "",
        "What Rolebridge costs beside Google's own libraries. `make bench` measures all of it in one run, in which",
        "those who are compared take turns, and writes this page; each figure is a median. Compare inside a group",
        "only: the ratios travel to another machine, the figures do not.",
        "",
        f"{versions()}.",
        "",
        "In the groups about a new process each request to Google takes 20 ms and each to the metadata service 1 ms,",
        "so the longest chain of waits is 43 ms, and about 48 with what the local cloud's timers overrun,",
        "for all alike; TLS under the real host names, through a proxy on loopback.",
        "",
        "![How many times as much the peers cost](benchmarks.svg)",
        "",
        "| | who | median | times rolebridge |",
        "|---|---|---:|---:|",
    ]
    before = ""
    for figure in figures:
        ours = rolebridge_beside(figure, figures)
        ratio = f"{figure.seconds / ours.seconds:.3g}" if ours and ours is not figure and ours.seconds > 0 else ""
        lines.append(f"| {figure.what if figure.what != before else ''} | {figure.who} | {shown(figure)} | {ratio} |")
        before = figure.what
    return "\n".join(lines) + "\n"


def picture(figures: list[Figure]) -> str:
    """A bar for each peer: how many times what Rolebridge costs, on a logarithmic scale."""
    bars = []
    for figure in figures:
        ours = rolebridge_beside(figure, figures)
        if ours and figure.who.startswith(("google", "aws")):
            bars.append((figure.what, figure.who, figure.seconds / ours.seconds))
    left, width, row = 380, 380, 34
    whole, height = left + width + 70, row * len(bars) + 50
    decades = math.log10(max(10, *(ratio for _, _, ratio in bars)))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{whole}" height="{height}" fill="#fff"/>',
        '<text x="14" y="22" font-size="14">How many times as much as Rolebridge (logarithmic)</text>',
    ]
    for index, (what, who, ratio) in enumerate(bars):
        y, length = 40 + index * row, max(2.0, width * math.log10(max(ratio, 1.0)) / decades)
        out.append(f'<text x="{left - 10}" y="{y + 10}" text-anchor="end">{what}</text>')
        out.append(f'<text x="{left - 10}" y="{y + 24}" text-anchor="end" fill="#667" font-size="11">{who}</text>')
        out.append(f'<rect x="{left}" y="{y}" width="{length:.0f}" height="22" rx="2" fill="#3b6ea5"/>')
        out.append(f'<text x="{left + length + 6:.0f}" y="{y + 15}">{ratio:.3g}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def main() -> None:
    if "--no-build" not in sys.argv:
        build()
    figures = measure()
    docs = TOP / "docs"
    docs.mkdir(exist_ok=True)
    (docs / "benchmarks.md").write_text(page(figures))
    (docs / "benchmarks.svg").write_text(picture(figures))
    print((docs / "benchmarks.md").read_text())


if __name__ == "__main__":
    main()
