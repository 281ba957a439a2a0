"""Builds all that the demo runs, with the dev profile: the emulator, the Rust example, and both packages."""

import os
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import screen

DEMO = Path(__file__).resolve().parent
ROOT = DEMO.parent
ARTICLE = DEMO / "article"
VENV = DEMO / ".venv"
PYTHON = VENV / "bin" / "python"
DEBUG = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"
EMULATOR = DEBUG / "rolebridge-emulator"
TOKEN_EXAMPLE = DEBUG / "examples" / "token"


class BuildFailed(Exception):
    """A command of the build ended badly; with its last words."""


def build():
    screen.headline("Build, with the dev profile")
    step("Rust: the emulator and the example", rust_programs)
    step("Python: Google's client", python_environment)
    step("Python: rolebridge", python_package)
    step("Node: the builder of addons", node_tools)
    step("Node: rolebridge", node_package)
    step("Node: Google's client", node_client)


def step(title, act):
    began = time.monotonic()
    screen.started(title)
    try:
        act(title)
    except BuildFailed:
        screen.ended(title, time.monotonic() - began, [], ok=False)
        raise
    screen.ended(title, time.monotonic() - began, [])


def rust_programs(title):
    packages = ["--package", "rolebridge-emulator", "--package", "rolebridge"]
    run(title, "cargo", "build", "--locked", *packages, "--bin", "rolebridge-emulator", "--example", "token")


def python_environment(title):
    wanted = DEMO / "requirements.txt"
    installed = VENV / "requirements.txt"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return
    run(title, sys.executable, "-m", "venv", "--clear", VENV)
    run(title, PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--requirement", wanted)
    installed.write_text(wanted.read_text())


def python_package(title):
    run(title, VENV / "bin" / "maturin", "develop", VIRTUAL_ENV=str(VENV))


def node_tools(title):
    # Without scripts: the package's own would build it for release.
    install_node_modules(title, ROOT)


def node_package(title):
    run(title, "npm", "run", "build:debug")


def node_client(title):
    install_node_modules(title, ARTICLE)


def install_node_modules(title, folder):
    installed = folder / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (folder / "package-lock.json").stat().st_mtime:
        return
    run(title, "npm", "ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)


# Another Python's: two at once confuse what builds for one of them.
STRANGE = ("CONDA_", "PYTHONHOME", "PYTHONPATH")


def run(title, *command, cwd=ROOT, **environment):
    """Runs a command whose words matter only if it fails."""
    last_words = deque(maxlen=40)
    with subprocess.Popen(
        command,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if not name.startswith(STRANGE)} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        for line in child.stdout:
            last_words.append(line)
            screen.started(title, line)
    if child.returncode:
        raise BuildFailed(f"{' '.join(map(str, command))}\n{''.join(last_words)}")
