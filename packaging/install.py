#!/usr/bin/env python3
"""Installs what was built as a user does, with no cargo on the PATH, and fetches a token with it.

    packaging/install.py           what dist/ holds for this machine
    packaging/install.py --dev     what target/packages/ holds

A wheel is installed for each Python that is here, npm's package by each package manager for several versions of Node.
The sdist says in a sentence that there is no cargo, and is built where there is one.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import runtimes
from check import WHEELS
from minting import NODE, PYTHON, SYSTEM, Cloud
from platforms import host
from project import DEV, DIST, TARGET, run, version
from registry import Registry

PYTHONS = [f"python3.{minor}" for minor in range(10, 16)]
#: How a package manager installs from a registry in a folder, with scripts off.
MANAGERS = {
    "npm": ("install", "rolebridge", "--ignore-scripts", "--no-audit", "--no-fund"),
    "pnpm": ("add", "rolebridge", "--ignore-scripts"),
    "yarn 1": ("add", "rolebridge", "--ignore-scripts", "--no-progress"),
    "yarn 4": ("add", "rolebridge"),
}
#: For those of them that take it from their environment.
SETTINGS = {
    "YARN_ENABLE_GLOBAL_CACHE": "false",
    "YARN_ENABLE_SCRIPTS": "false",
    "YARN_ENABLE_TELEMETRY": "false",
    "YARN_NODE_LINKER": "node-modules",
    # What was built a minute ago is what is tried.
    "YARN_NPM_MINIMAL_AGE_GATE": "0",
    "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
}


def main(arguments: list[str]) -> None:
    folder = DEV if arguments == ["--dev"] else DIST
    with Cloud() as cloud:
        wheels(cloud, folder)
        sdist(cloud, folder)
        npm(cloud, folder)


def wheels(cloud: Cloud, folder: Path) -> None:
    # That of the dev profile has the tag of this machine.
    wheel = the_only(folder, rf"-{version()}-.*\.whl$" if folder == DEV else WHEELS[host().name])
    for name, python in pythons():
        with Place() as empty:
            mint_in_venv(cloud, python, wheel, empty, path="")
        print(f"{wheel.name}: installed and minting on {name}", flush=True)


def sdist(cloud: Cloud, folder: Path) -> None:
    archive = the_only(folder, rf"-{version()}\.tar\.gz$")
    with Place() as empty:
        refusal = pip(make_venv(sys.executable, empty), archive, path="")
        if "cargo is not on the PATH" not in refusal.stdout + refusal.stderr or not refusal.returncode:
            sys.exit(f"{archive.name}: without cargo it says {refusal.stdout}{refusal.stderr}")
    print(f"{archive.name}: without cargo it says so", flush=True)
    if not shutil.which("cargo"):
        return
    with Place() as empty:
        mint_in_venv(cloud, sys.executable, archive, empty, path=os.environ["PATH"])
    print(f"{archive.name}: built, installed and minting", flush=True)


def mint_in_venv(cloud: Cloud, python: str, package: Path, empty: Path, path: str) -> None:
    program = make_venv(python, empty)
    installed = pip(program, package, path)
    if installed.returncode:
        sys.exit(f"{package.name}: {installed.stdout}{installed.stderr}")
    expect(cloud.mint([program, "-c", PYTHON], empty))


def make_venv(python: str, empty: Path) -> Path:
    subprocess.run([python, "-m", "venv", empty / "venv"], check=True)
    return empty / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pip(python: Path, package: Path, path: str) -> subprocess.CompletedProcess[str]:
    """With the dev profile and the target folder of the tests, where it builds: what is shown is that it can."""
    dev = {"MATURIN_PEP517_ARGS": "--profile dev", "CARGO_TARGET_DIR": str(TARGET)}
    env = {**os.environ, **dev, "PATH": path or str(python.parent)}
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", str(package.absolute())]
    return subprocess.run(command, env=env, capture_output=True, text=True)


def npm(cloud: Cloud, folder: Path) -> None:
    if folder == DEV:
        nodes, managers = {"the Node that is here": runtimes.node()}, {"npm": runtimes.npm()}
    else:
        runtimes.install()
        nodes, managers = runtimes.nodes(), runtimes.managers()
    with Registry(folder) as registry:
        for manager, program in managers.items():
            for name, node in nodes.items():
                with Place() as empty:
                    install_by(manager, program, node, registry, empty)
                    expect(cloud.mint([node, "-e", NODE], empty))
                print(f"rolebridge {version()}: installed by {manager} and minting on {name}", flush=True)


def install_by(manager: str, program: Path, node: Path, registry: Registry, empty: Path) -> None:
    (empty / "package.json").write_text("{}")
    # No program is to be found.
    place = {**SYSTEM, "PATH": str(empty), "HOME": str(empty), "YARN_CACHE_FOLDER": str(empty / "cache")}
    env = {**place, **SETTINGS, "npm_config_registry": registry.url, "YARN_NPM_REGISTRY_SERVER": registry.url}
    run(node, program, *MANAGERS[manager], cwd=empty, env=env)
    modules = empty / "node_modules"
    # pnpm keeps what a package of ours depends on in a folder of its own.
    found = [*modules.glob("@rolebridge/*"), *modules.glob(".pnpm/*/node_modules/@rolebridge/*")]
    addons = {path.name for path in found}
    own = host().package.split("/")[1]
    # yarn 1 knows of no C library, and installs the addons for both.
    if addons != {own} and not (manager == "yarn 1" and own in addons):
        sys.exit(f"{manager} installed {addons}")


def pythons() -> list[tuple[str, str]]:
    """Those on the PATH, and pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    path = os.pathsep.join([*(str(folder) for folder in sorted(pyenv.glob("3.*/bin"))), os.environ["PATH"]])
    found = {name: shutil.which(name, path=path) for name in PYTHONS}
    usable = [(name, python) for name, python in found.items() if python and works(python)]
    return usable or [("this Python", sys.executable)]


def works(python: str) -> bool:
    """Version managers leave names behind of what is not chosen."""
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def expect(found: str) -> None:
    if found != version():
        sys.exit(f"version {found} was installed, and {version()} was built")


def the_only(folder: Path, pattern: str) -> Path:
    found = [file for file in folder.iterdir() if re.search(pattern, file.name)]
    if len(found) != 1:
        sys.exit(f"{folder} holds {len(found)} of {pattern}")
    return found[0]


class Place(tempfile.TemporaryDirectory):
    """An empty folder, as a path."""

    def __enter__(self) -> Path:
        return Path(super().__enter__())


if __name__ == "__main__":
    main(sys.argv[1:])
