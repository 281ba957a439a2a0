"""Programs that start processes after they have a token, or while they mint one: the parent and each child go on."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no fork here")

#: How a parent is when its children start: it holds a token, or its exchange has begun and nothing answers it.
STATES = ["refreshed", "refreshing"]

#: `source` as the parent has it: in the second state the exchange is under way for as long as the gate is shut.
PARENT = """
import os, rolebridge, sys

source = rolebridge.TokenSource.from_info(os.environ["CREDENTIAL"])
if os.environ["STATE"] == "refreshed":
    source.token()
elif os.environ["STATE"] == "refreshing":
    source.warm()
"""


def environment_of(world: World, state: str, folder: Path) -> dict[str, str]:
    if state == "refreshing":
        # The children's exchanges come after it and are not held.
        world.fault("sts.token", hold="exchange", times=1)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CREDENTIAL": json.dumps(world.credential()),
        "STATE": state,
        **world.key_environment,
    }


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str], folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A program that is ended with the test, with whatever it has started."""
    with (folder / "log").open("w") as log:
        program = subprocess.Popen(
            command, env=environment, cwd=folder, text=True, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield program
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


MULTIPROCESSING = (
    PARENT
    + """
import multiprocessing, time


def in_child(_):
    return os.getpid(), source.token().value


if __name__ == "__main__":
    method = sys.argv[1]
    if os.environ["STATE"] == "refreshing":
        print("refreshing", flush=True)
        sys.stdin.readline()
    with multiprocessing.get_context(method).Pool(2) as pool:
        values = {value for _, value in pool.map(in_child, range(8))}
    print("children", len(values), flush=True)
    sys.stdin.readline()
    print("parent", source.token().value in values, flush=True)
"""
)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("state", STATES)
def test_multiprocessing(world: World, tmp_path: Path, method: str, state: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(MULTIPROCESSING)
    environment = environment_of(world, state, tmp_path)
    process = subprocess.Popen(
        [sys.executable, str(program), method],
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        if state == "refreshing":
            assert process.stdout.readline() == "refreshing\n"
            world.arrived("sts.token")
            process.stdin.write("\n")
            process.stdin.flush()
        counted = process.stdout.readline().split()
        assert counted[0] == "children"
        # A child of a parent with a token has that one, and makes no exchange; all others have one each.
        shared = method == "fork" and state == "refreshed"
        assert int(counted[1]) in ((1,) if shared else (1, 2))
        if shared:
            assert world.operations().count("sts.token") == 1
        if state == "refreshing":
            world.open("exchange")
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"parent {shared}\n"
        assert process.wait(30) == 0


GUNICORN = (
    PARENT
    + """

def application(environ, start_response):
    value = source.token().value
    start_response("200 OK", [("content-type", "text/plain")])
    return [f"{os.getpid()} {value}".encode()]
"""
)


class Connection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))


def asked(path: Path) -> tuple[str, str]:
    """Which process answered, and with which token."""
    with contextlib.closing(Connection(path)) as connection:
        connection.request("GET", "/")
        process, value = connection.getresponse().read().decode().split()
    return process, value


@pytest.mark.parametrize("kind", ["sync", "gthread"])
@pytest.mark.parametrize("state", STATES)
def test_gunicorn_with_its_application_preloaded(world: World, tmp_path: Path, kind: str, state: str) -> None:
    (tmp_path / "app.py").write_text(GUNICORN)
    place = tmp_path / "socket"
    options = ["--preload", "--workers", "2", "--threads", "2", "--worker-class", kind, "--bind", f"unix:{place}"]
    command = [sys.executable, "-m", "gunicorn", *options, "--no-control-socket", "app:application"]
    with running(command, environment_of(world, state, tmp_path), tmp_path) as program:
        answers: set[tuple[str, str]] = set()
        deadline = time.monotonic() + 40
        while len({process for process, _ in answers}) < 2:
            assert program.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            try:
                answers.add(asked(place))
            except (ConnectionRefusedError, FileNotFoundError):
                time.sleep(0.01)  # It does not listen yet.
        values = {value for _, value in answers}
        assert len(values) == (1 if state == "refreshed" else 2)
        assert all(world.session_user(value) for value in values)
        world.open("exchange")
        program.terminate()
        assert program.wait(30) == 0, (tmp_path / "log").read_text()
    assert world.operations().count("sts.token") == (1 if state == "refreshed" else 3)


CELERY = (
    PARENT
    + """
import celery

app = celery.Celery("tasks", broker="filesystem://", backend=f"file://{os.environ['HOME']}/results")
places = {name: f"{os.environ['HOME']}/{place}" for name, place in
          (("data_folder_in", "queue"), ("data_folder_out", "queue"), ("control_folder", "control"))}
app.conf.update(broker_transport_options=places, worker_concurrency=2, task_track_started=False)


@app.task
def token():
    return [os.getpid(), source.token().value]
"""
)

CELERY_CLIENT = """
import os, sys
os.environ["STATE"] = "elsewhere"
import tasks
for answer in [tasks.token.delay() for _ in range(6)]:
    print(*answer.get(timeout=40, interval=0.02))
"""


@pytest.mark.parametrize("state", STATES)
def test_celery_with_workers_that_are_forked(world: World, tmp_path: Path, state: str) -> None:
    """Its children close all descriptors that they do not know."""
    for folder in ("queue", "control", "results"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tasks.py").write_text(CELERY)
    environment = environment_of(world, state, tmp_path)
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--pool", "prefork", "--without-gossip"]
    with running(command, environment, tmp_path) as program:
        client = subprocess.run(
            [sys.executable, "-c", CELERY_CLIENT],
            env=environment,
            cwd=tmp_path,
            text=True,
            capture_output=True,
            timeout=50,
        )
        assert client.returncode == 0, client.stderr + (tmp_path / "log").read_text()
        answers = [line.split() for line in client.stdout.splitlines()]
        assert len(answers) == 6
        values = {value for _, value in answers}
        assert all(world.session_user(value) for value in values)
        children = {process for process, _ in answers}
        assert str(program.pid) not in children
        assert len(values) == (1 if state == "refreshed" else len(children))
        world.open("exchange")
        program.terminate()
        assert program.wait(30) == 0, (tmp_path / "log").read_text()
