"""The versions of Node and the package managers that an install is tried with, from npm's registry."""

import json
import os
import shutil
from pathlib import Path

from platforms import host
from project import TARGET, TOP, output, run

FOLDER = TARGET / "packaging-runtimes"
TESTED = json.loads((TOP / "bindings-node" / "test" / "fixtures" / "runtimes" / "package.json").read_text())
#: Beside the one that is on the PATH, those that Node's tests run with; npm has no such ones for macOS and musl.
HAS_NODES = host().system == "win32" or host().name.endswith("-gnu")
NODES = {name: one.split("@")[-1] for name, one in TESTED["optionalDependencies"].items()} if HAS_NODES else {}
MANAGERS = ("pnpm@10.34.8", "yarn@1.22.22", "@yarnpkg/cli-dist@4.18.1")


def node() -> Path:
    found = shutil.which("node")
    assert found, "node is not on the PATH"
    return Path(found)


def npm() -> Path:
    """npm's own program, which any Node can run."""
    if os.name == "nt":
        return node().parent / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Path(os.path.realpath(shutil.which("npm") or "npm"))


def install() -> None:
    system = {"win32": "win"}.get(host().system, host().system)
    nodes = [f"{name}@npm:node-{system}-{host().processor}@{version}" for name, version in NODES.items()]
    FOLDER.mkdir(parents=True, exist_ok=True)
    options = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    run(node(), npm(), "install", "--prefix", FOLDER, *options, *nodes, *MANAGERS)


def nodes() -> dict[str, Path]:
    """Every Node, by its version."""
    modules = FOLDER / "node_modules"
    program = "bin/node.exe" if os.name == "nt" else "bin/node"
    found = [node(), *(modules / name / program for name in NODES)]
    return {output(path, "--version").strip(): path for path in found}


def managers() -> dict[str, Path]:
    """Every package manager's program, to be run by a Node."""
    modules = FOLDER / "node_modules"
    return {
        "npm": npm(),
        "pnpm": modules / "pnpm" / "bin" / "pnpm.cjs",
        "yarn 1": modules / "yarn" / "bin" / "yarn.js",
        "yarn 4": modules / "@yarnpkg" / "cli-dist" / "bin" / "yarn.js",
    }
