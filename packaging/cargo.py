"""How cargo is called for a release: the same bytes wherever it runs, and no path of that machine in them."""

import os
import subprocess
import sys
import venv
from pathlib import Path

from platforms import Platform
from project import TARGET, TOP, output, run

REQUIREMENTS = TOP / "packaging" / "requirements.txt"
TOOLS = TARGET / "packaging-tools"
BIN = TOOLS / ("Scripts" if sys.platform == "win32" else "bin")


def tools() -> None:
    """Installs what `requirements.txt` names beside this script, unless it is there."""
    installed = TOOLS / "requirements.txt"
    if installed.exists() and installed.read_text() == REQUIREMENTS.read_text():
        return
    venv.create(TOOLS, clear=True, with_pip=True)
    run(BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS)
    installed.write_text(REQUIREMENTS.read_text())


def environment(platform: Platform) -> dict[str, str]:
    """The environment of a release build for a platform."""
    tools()
    ensure_target(platform.triple)
    # Of those that fit, rustc takes the last.
    flags = [f"--remap-path-prefix={path}={name}" for path, name in sorted(folders().items())]
    if platform.is_musl:
        # A shared library is loaded by a program that has its own.
        flags += ["-C", "target-feature=-crt-static"]
    if platform.triple.endswith("-msvc"):
        # Windows has no C runtime of Visual Studio until somebody installs it.
        flags += ["-C", "target-feature=+crt-static"]
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
        "CARGO_TARGET_DIR": str(TARGET / "release-packages"),
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH") or output("git", "log", "-1", "--format=%ct").strip(),
    }


def folders() -> dict[str, str]:
    """Those of this machine that a build reads, and what stands for each in what is built."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    return {
        str(home / "registry" / "src"): "crates",
        output("rustc", "--print", "sysroot").strip(): "rust",
        str(TARGET): "target",
        str(TOP): "rolebridge",
    }


def ensure_target(triple: str) -> None:
    """Rust's standard library for a target, where rustup has the say."""
    if triple not in output("rustc", "-vV"):
        subprocess.run(["rustup", "target", "add", triple], check=True)
