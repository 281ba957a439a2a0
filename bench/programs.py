"""What runs in processes of its own: who is compared with whom, and by which few lines of program."""

import shutil
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
WORK = TOP / "target" / "bench"
VENV = WORK / "venv"
PYTHON = VENV / "bin" / "python"
RUST = WORK / "rust" / "release"
GO = WORK / "go"
HAS_GO = shutil.which("go") is not None

METADATA_MILLISECONDS = 1
GOOGLE_MILLISECONDS = 20
#: The longest chain of waits: three answers of the metadata service one after another, and two of Google's.
CHAIN_MILLISECONDS = 3 * METADATA_MILLISECONDS + 2 * GOOGLE_MILLISECONDS


@dataclass
class Program:
    """A process that ends with its token; a bare one only waits as long as the longest chain of waits.

    What a program adds to the bare one of its runtime is its own; it is compared with others of the same subject.
    """

    runtime: str
    subject: str
    who: str
    command: list[str]
    is_bare: bool = False


TOKEN, DROP_IN, WAITING = "a token", "a credential for Google's clients", "waiting alone"


def native(runtime: str, subject: str, who: str, *command: str, is_bare: bool = False) -> Program:
    label = f"{runtime}: {subject}" if is_bare else f"Rust, Go: {subject}"
    return Program(runtime, label, who, list(command), is_bare)


def python(subject: str, who: str, script: str, *, is_bare: bool = False) -> Program:
    return Program("Python", f"Python: {subject}", who, [str(PYTHON), "-c", script], is_bare)


def node(subject: str, who: str, script: str, *, is_bare: bool = False) -> Program:
    return Program("Node", f"Node: {subject}", who, ["node", "-e", script], is_bare)


SCOPE = "https://www.googleapis.com/auth/cloud-platform"
WAITING_PYTHON = "import time; time.sleep({} / 1000)"
TOKEN_PYTHON = "import rolebridge; rolebridge.TokenSource.from_env().token()"
DROP_IN_PYTHON = "import rolebridge; rolebridge.Credentials.from_env().refresh(None)\n"
GOOGLE_PYTHON = f"""
import os; from google.auth import aws; from google.auth.transport.requests import Request
path = os.environ["GOOGLE_APPLICATION_CREDENTIALS"]
aws.Credentials.from_file(path, scopes=["{SCOPE}"]).refresh(Request())
"""
WAITING_NODE = "setTimeout(() => 0, {})"
TOKEN_NODE = "require('rolebridge').TokenSource.fromEnv().token()"
DROP_IN_NODE = "require('rolebridge').createAuthClient().getAccessToken()"
GOOGLE_NODE = f"""(() => {{
  const {{ ExternalAccountClient }} = require('google-auth-library');
  const file = JSON.parse(require('fs').readFileSync(process.env.GOOGLE_APPLICATION_CREDENTIALS));
  const client = ExternalAccountClient.fromJSON(file);
  client.scopes = ['{SCOPE}'];
  return client.getAccessToken();
}})()"""

GO_PROGRAMS = [
    native("Go", WAITING, "a process", str(GO / "auth"), "wait", f"{CHAIN_MILLISECONDS}ms", is_bare=True),
    native("Go", TOKEN, "cloud.google.com/go/auth", str(GO / "auth"), "token"),
    native("Go", TOKEN, "golang.org/x/oauth2", str(GO / "oauth2")),
]

#: A bare process comes before those that are measured against it, and Rolebridge before its peers.
PROGRAMS = [
    native("Rust", WAITING, "a process", str(RUST / "cold"), "wait", str(CHAIN_MILLISECONDS), is_bare=True),
    native("Rust", TOKEN, "rolebridge", str(RUST / "cold"), "rolebridge"),
    native("Rust", TOKEN, "google-cloud-auth", str(RUST / "cold"), "google-cloud-auth"),
    *(GO_PROGRAMS if HAS_GO else []),
    python(WAITING, "an interpreter", WAITING_PYTHON.format(CHAIN_MILLISECONDS), is_bare=True),
    python(TOKEN, "rolebridge.TokenSource", TOKEN_PYTHON),
    python(DROP_IN, "rolebridge.Credentials", DROP_IN_PYTHON),
    python(DROP_IN, "google-auth", GOOGLE_PYTHON),
    node(WAITING, "a runtime", WAITING_NODE.format(CHAIN_MILLISECONDS), is_bare=True),
    node(TOKEN, "rolebridge.TokenSource", TOKEN_NODE),
    node(DROP_IN, "rolebridge.createAuthClient", DROP_IN_NODE),
    node(DROP_IN, "google-auth-library", GOOGLE_NODE),
]


def python_after_client(token: str, *, before: str = "", made: str = "") -> list[str]:
    """`before` the client is imported, `made` of it, and what is timed."""
    lines = (before, "import google.cloud.bigquery, time", made, "started = time.perf_counter()", token)
    return [str(PYTHON), "-c", "\n".join((*lines, "print(time.perf_counter() - started)"))]


def node_after_client(token: str, *, before: str = "", made: str = "") -> list[str]:
    """As for Python; `token` is a promise."""
    end = f"{token}.then(() => console.log(Number(process.hrtime.bigint() - started) / 1e9))"
    lines = (before, "require('@google-cloud/bigquery')", made, "const started = process.hrtime.bigint()", end)
    return ["node", "-e", ";\n".join(lines)]


CREDENTIALS = "credentials = rolebridge.Credentials.from_env()"
CLIENT = "const client = createAuthClient()"

#: What client is loaded, who, and a program that prints the seconds from then to the token.
LOADED = [
    ("Python: google.cloud.bigquery", "rolebridge.Credentials", python_after_client(DROP_IN_PYTHON)),
    (
        "Python: google.cloud.bigquery",
        "the same, made after rolebridge.warm()",
        python_after_client(
            "credentials.refresh(None)", before="import rolebridge; rolebridge.warm()", made=CREDENTIALS
        ),
    ),
    ("Python: google.cloud.bigquery", "google-auth", python_after_client(GOOGLE_PYTHON)),
    ("Node: @google-cloud/bigquery", "rolebridge.createAuthClient", node_after_client(DROP_IN_NODE)),
    (
        "Node: @google-cloud/bigquery",
        "the same, made after warm()",
        node_after_client(
            "client.getAccessToken()",
            before="const { createAuthClient, warm } = require('rolebridge'); warm()",
            made=CLIENT,
        ),
    ),
    ("Node: @google-cloud/bigquery", "google-auth-library", node_after_client(GOOGLE_NODE)),
]

MEMORY = [
    *(
        [str(PYTHON), "bench/python/memory.py", who]
        for who in ("rolebridge.TokenSource", "rolebridge.Credentials", "google-auth")
    ),
    *(
        ["node", "bench/node/memory.js", who]
        for who in ("rolebridge.TokenSource", "rolebridge.createAuthClient", "google-auth-library")
    ),
]
