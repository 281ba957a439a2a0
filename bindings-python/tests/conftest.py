"""One emulator for the session; for each test a world of its own and an environment with nothing in it."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cloud import World

_EMULATOR = Path(__file__).parents[2] / "target" / "debug" / "rolebridge-emulator"
_OURS = re.compile(
    r"^(AWS|GOOGLE|GCLOUD|CLOUDSDK|ROLEBRIDGE)_|_PROXY$|^(SSL_CERT|REQUESTS_CA|CURL_CA|NODE_EXTRA_CA)_", re.IGNORECASE
)

MakeWorld = Callable[..., World]

_ACCOUNT = "serviceAccount:bigquery-reader@my-project.iam.gserviceaccount.com"

#: Lets the workload's access tokens sign as the account they are of, as signed URLs need, and make ID tokens.
_SIGNS = {
    "bindings": [
        {"role": f"roles/iam.{role}", "members": [_ACCOUNT]}
        for role in ("serviceAccountTokenCreator", "serviceAccountOpenIdTokenCreator")
    ]
}


@pytest.fixture(scope="session")
def control() -> Iterator[str]:
    """Where the emulator is controlled."""
    program = _emulator_path
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as emulator:
        assert emulator.stdout is not None
        yield json.loads(emulator.stdout.readline())["control"]


#: Read before a test's environment is emptied.
_emulator_path = os.environ.get("ROLEBRIDGE_EMULATOR", str(_EMULATOR))


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which there is nothing."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    """Nothing that whoever runs the tests has set, nor their home; metadata is not asked unless a test says where."""
    for name in list(os.environ):
        if _OURS.search(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(empty_home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def make_world(control: str) -> Iterator[MakeWorld]:
    """Makes worlds that end with the test."""
    worlds: list[World] = []

    def make(specification: Mapping[str, Any] | None = None) -> World:
        worlds.append(World(control, specification))
        return worlds[-1]

    yield make
    for world in worlds:
        world.end()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], None]:
    """Sets the whole environment that Rolebridge reads to just this."""

    def replace(variables: Mapping[str, str]) -> None:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return replace


@pytest.fixture
def world(make_world: MakeWorld, environment: Callable[[Mapping[str, str]], None]) -> World:
    """A ready world, and this process one of its instances."""
    world = make_world()
    environment(world.environment)
    return world


@pytest.fixture
def signing_world(make_world: MakeWorld, environment: Callable[[Mapping[str, str]], None]) -> World:
    """A ready world whose service account may sign for itself, and this process one of its instances."""
    world = make_world(_SIGNS)
    environment(world.environment)
    return world


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells `tests/run` how many scenarios passed."""
    passed = [report for report in terminalreporter.stats.get("passed", []) if "test_scenario[" in report.nodeid]
    if passed:
        terminalreporter.write_line(f"scenarios in Python: {len(passed)}")
