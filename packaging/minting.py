"""The local cloud, and programs that fetch a token in it with what was installed and nothing else."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from emulators import EMULATORS
from platforms import host
from project import TARGET, TOP

PROGRAM = "rolebridge-emulator.exe" if os.name == "nt" else "rolebridge-emulator"
#: The one that cargo built here, or one of `emulators.py`.
BUILT = (TARGET / "debug" / PROGRAM, EMULATORS / host().processor / PROGRAM)
#: What Windows gives every program, and few can do without.
SYSTEM = {name: os.environ[name] for name in ("SYSTEMROOT",) if os.name == "nt"}

PYTHON = """
import sys, rolebridge
source = rolebridge.TokenSource.from_file("credential.json")
print(rolebridge.__version__, source.token().value)
"""
NODE = """
const { TokenSource, version } = require('rolebridge');
TokenSource.fromFile('credential.json').token().then(({ value }) => console.log(version, value));
"""


class Cloud:
    """One world of the emulator, which ends with this."""

    def __enter__(self) -> "Cloud":
        self._emulator = subprocess.Popen([emulator()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        control = json.loads(self._emulator.stdout.readline())["control"]
        self._world = client().World(control)
        return self

    def __exit__(self, *_: object) -> None:
        self._emulator.communicate()

    def mint(self, program: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> str:
        """Runs a program that prints a version and a token, with no variable of ours, and gives the version.

        BigQuery of the local cloud must know the token.
        """
        (folder / "credential.json").write_text(json.dumps(self._world.credential()))
        bare = {"PATH": "/usr/bin:/bin"} if os.name == "posix" else SYSTEM
        variables = {**bare, "HOME": str(folder), **self._world.environment, **(environment or {})}
        command = [str(part) for part in program]
        ended = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)
        if ended.returncode:
            sys.exit(f"{' '.join(command[:2])}: {ended.stdout}{ended.stderr}")
        version, token = ended.stdout.split()
        account = self._world.session_user(token)
        assert account == self._world.info["service_account"], account
        return version


def emulator() -> str:
    """The program; `ROLEBRIDGE_EMULATOR` names another, as it does for all tests."""
    if named := os.environ.get("ROLEBRIDGE_EMULATOR"):
        return named
    for program in BUILT:
        if program.exists():
            program.chmod(0o755)
            return str(program)
    return sys.exit("there is no local cloud: cargo build -p rolebridge-emulator")


def client():
    """The client of the emulator's control API that Python's tests have."""
    specification = importlib.util.spec_from_file_location("cloud", TOP / "bindings-python" / "tests" / "cloud.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
