"""What runs in processes of its own: who is compared with whom, and by which few lines of program."""

import shutil
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
WORK = TOP / "target" / "bench"
VENV = WORK / "venv"
PYTHON = VENV / "bin" / "python"
RUST = WORK / "rust" / "release"
COMMAND = TOP / "target" / "release" / "rolebridge"
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


def google_node(library: str = "google-auth-library", method: str = "getAccessToken") -> str:
    return f"""(() => {{
  const {{ ExternalAccountClient }} = require('{library}');
  const file = JSON.parse(require('fs').readFileSync(process.env.GOOGLE_APPLICATION_CREDENTIALS));
  const client = ExternalAccountClient.fromJSON(file);
  client.scopes = ['{SCOPE}'];
  return client.{method}();
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
    native("Rust", TOKEN, "rolebridge token, the command", str(COMMAND), "token"),
    native("Rust", TOKEN, "google-cloud-auth", str(RUST / "cold"), "google-cloud-auth"),
    *(GO_PROGRAMS if HAS_GO else []),
    python(WAITING, "an interpreter", WAITING_PYTHON.format(CHAIN_MILLISECONDS), is_bare=True),
    python(TOKEN, "rolebridge.TokenSource", TOKEN_PYTHON),
    python(DROP_IN, "rolebridge.Credentials", DROP_IN_PYTHON),
    python(DROP_IN, "google-auth", GOOGLE_PYTHON),
    node(WAITING, "a runtime", WAITING_NODE.format(CHAIN_MILLISECONDS), is_bare=True),
    node(TOKEN, "rolebridge.TokenSource", TOKEN_NODE),
    node(DROP_IN, "rolebridge.createAuthClient", DROP_IN_NODE),
    node(DROP_IN, "google-auth-library", google_node()),
]


def timed_python(timed: str, before: str = "") -> list[str]:
    """A program that prints the seconds that `timed` takes after `before`."""
    lines = (before, "import time", "started = time.perf_counter()", timed, "print(time.perf_counter() - started)")
    return [str(PYTHON), "-c", "\n".join(lines)]


def timed_node(timed: str, before: str = "") -> list[str]:
    """As for Python; `timed` may be a promise."""
    said = "console.log(Number(process.hrtime.bigint() - started) / 1e9)"
    lines = (before, "const started = process.hrtime.bigint()", f"Promise.resolve({timed}).then(() => {said})")
    return ["node", "-e", ";\n".join(lines)]


#: What is imported, and a program that prints the seconds that it takes.
IMPORTS = [
    ("Python: import", "rolebridge", timed_python("import rolebridge")),
    ("Python: import", "google-auth", timed_python("from google.auth import aws")),
    ("Node: require", "rolebridge", timed_node("require('rolebridge')")),
    ("Node: require", "google-auth-library", timed_node("require('google-auth-library')")),
]

BIGQUERY_PYTHON, BIGQUERY_NODE = "import google.cloud.bigquery", "require('@google-cloud/bigquery')"
HEADERS_NODE = "const library = require('gal11')"

#: What client is loaded, who, and a program that prints the seconds from then to the token, or to the headers.
LOADED = [
    ("Python: google.cloud.bigquery", "rolebridge.Credentials", timed_python(DROP_IN_PYTHON, BIGQUERY_PYTHON)),
    (
        "Python: google.cloud.bigquery",
        "the same, made after rolebridge.warm()",
        timed_python(
            "credentials.refresh(None)",
            f"import rolebridge; rolebridge.warm()\n{BIGQUERY_PYTHON}\ncredentials = rolebridge.Credentials.from_env()",
        ),
    ),
    ("Python: google.cloud.bigquery", "google-auth", timed_python(GOOGLE_PYTHON, BIGQUERY_PYTHON)),
    ("Node: @google-cloud/bigquery", "rolebridge.createAuthClient", timed_node(DROP_IN_NODE, BIGQUERY_NODE)),
    (
        "Node: @google-cloud/bigquery",
        "the same, made after warm()",
        timed_node(
            "client.getAccessToken()",
            "const { createAuthClient, warm } = require('rolebridge'); warm();\n"
            f"{BIGQUERY_NODE};\nconst client = createAuthClient()",
        ),
    ),
    ("Node: @google-cloud/bigquery", "google-auth-library", timed_node(google_node(), BIGQUERY_NODE)),
    (
        "Node: google-auth-library 11, headers",
        "rolebridge.createAuthClient",
        timed_node(
            "createAuthClient({ library }).getRequestHeaders()",
            f"{HEADERS_NODE}; const {{ createAuthClient }} = require('rolebridge')",
        ),
    ),
    (
        "Node: google-auth-library 11, headers",
        "google-auth-library",
        timed_node(google_node("gal11", "getRequestHeaders"), HEADERS_NODE),
    ),
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
