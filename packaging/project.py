"""Where things lie in this repository, its version, and how a command is run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or TOP / "target").absolute()
#: What is for users.
DIST = TOP / "dist"
#: The same for everyday tests: of the dev profile, which costs seconds.
DEV = TARGET / "packages"


def version() -> str:
    """The one place of the version is `Cargo.toml`."""
    line = re.search(r'^\[workspace\.package\]\nversion = "([^"]+)"', (TOP / "Cargo.toml").read_text(), re.MULTILINE)
    assert line
    return line[1]


def run(*command: str | Path, cwd: Path = TOP, env: Mapping[str, str] | None = None) -> None:
    """Ends this program with a sentence if the command fails; what that prints has been seen."""
    try:
        status = subprocess.run(found(command, env), cwd=cwd, env=env).returncode
    except FileNotFoundError:
        status = "is not on the PATH"
    if status:
        sys.exit(f"{' '.join(map(str, command))}: {status}")


def output(*command: str | Path, cwd: Path = TOP, env: Mapping[str, str] | None = None) -> str:
    """What a command prints."""
    return subprocess.run(found(command, env), cwd=cwd, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def found(command: Sequence[str | Path], env: Mapping[str, str] | None) -> list[str]:
    """A command with its program as it is on the PATH that it is given; Windows alone would look on ours."""
    program, *arguments = map(str, command)
    return [shutil.which(program, path=(os.environ if env is None else env)["PATH"]) or program, *arguments]


def size(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:.2f} MB"
