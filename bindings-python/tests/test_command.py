"""Programs that know nothing of Rolebridge, run by `rolebridge exec`: Google's own library uses its tokens."""

import json
import os
import pty
import signal
import sys
from pathlib import Path

import pytest

from cloud import GOOGLE, World, output_of

COMMAND = os.environ.get("ROLEBRIDGE_COMMAND", str(Path(__file__).parents[2] / "target" / "debug" / "rolebridge"))


@pytest.fixture
def exec_environment(world: World, tmp_path: Path) -> dict[str, str]:
    """An instance of the world, under the real host names: a proxy leads there, and nowhere else."""
    (tmp_path / "credential.json").write_text(json.dumps(world.credential(GOOGLE)))
    authority = tmp_path / "authority.pem"
    authority.write_text(world.info["ca_pem"])
    return {
        "HOME": str(tmp_path),
        "HTTPS_PROXY": world.info["proxy"],
        "HTTP_PROXY": world.info["proxy"],
        "REQUESTS_CA_BUNDLE": str(authority),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": world.info["metadata"],
        "AWS_EC2_METADATA_DISABLED": "false",
        # The file for us, which the program does not see.
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "credential.json"),
        "NO_GCE_CHECK": "true",
    }


PROGRAM = (COMMAND, "exec", "--", sys.executable)


def test_google_auth_takes_it_for_compute_engine(world: World, exec_environment: dict[str, str]) -> None:
    script = """
import google.auth
from google.auth import compute_engine
from google.auth.transport.requests import Request

credentials, project = google.auth.default()
assert type(credentials) is compute_engine.Credentials, credentials
credentials.refresh(Request())
print(project, credentials.service_account_email, credentials.universe_domain, credentials.token)
"""
    project, account, universe, token = output_of(script, exec_environment, program=PROGRAM).split()
    assert (project, account, universe) == ("my-project", world.info["service_account"], "googleapis.com")
    assert world.session_user(token) == world.info["service_account"]
    assert world.operations().count("iamcredentials.generateAccessToken") == 1


def test_scopes_are_those_that_the_program_asks_for(world: World, exec_environment: dict[str, str]) -> None:
    script = """
import google.auth
from google.auth.transport.requests import Request

scopes = ["https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/devstorage.read_only"]
credentials, _ = google.auth.default(scopes=scopes)
credentials.refresh(Request())
"""
    output_of(script, exec_environment, program=PROGRAM)
    asked = [it["scope"] for it in world.requests() if it["operation"] == "iamcredentials.generateAccessToken"]
    assert len(asked) == 2, asked
    assert "bigquery" in str(asked[1])
    assert "devstorage.read_only" in str(asked[1])


def test_an_id_token_is_for_its_audience(world: World, exec_environment: dict[str, str]) -> None:
    script = """
from google.auth import jwt
from google.auth.transport.requests import Request
from google.oauth2 import id_token

claims = jwt.decode(id_token.fetch_id_token(Request(), "https://service.example/path?a=b"), verify=False)
print(claims["aud"], claims["email"])
"""
    printed = output_of(script, exec_environment, program=PROGRAM)
    assert printed.split() == ["https://service.example/path?a=b", world.info["service_account"]]


def test_bigquery_s_client_is_the_service_account(world: World, exec_environment: dict[str, str]) -> None:
    script = """
from google.cloud import bigquery

with bigquery.Client() as client:
    [[user]] = client.query("SELECT SESSION_USER()").result()
print(user)
"""
    assert output_of(script, exec_environment, program=PROGRAM).split() == [world.info["service_account"]]
    assert "proxy.refused" not in world.operations()


def test_a_terminal_s_interrupt_reaches_the_command_once(world: World, exec_environment: dict[str, str]) -> None:
    """The command is told by the terminal, and not once more by us."""
    script = """
import signal, sys

interrupts = []
signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("ready", flush=True)
signal.sigwait({signal.SIGUSR1})
sys.exit(40 + len(interrupts))
"""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(COMMAND, [*PROGRAM, "-c", script], {"PATH": os.environ["PATH"], **exec_environment})
    shown = b""
    while b"ready" not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    while b"^C" not in shown:
        shown += os.read(terminal, 1024)
    os.kill(child, signal.SIGUSR1)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 41, shown
