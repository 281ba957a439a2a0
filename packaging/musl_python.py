"""A Python for musl, of which Debian has none: its source, built by zig, for whichever processor."""

import hashlib
import os
import sys
import tarfile
import urllib.request
from pathlib import Path

import cargo
from install import pythons
from project import output, run

VERSION = "3.13.5"
SOURCE = f"http://deb.debian.org/debian/pool/main/p/python3.13/python3.13_{VERSION}.orig.tar.xz"
SHA256 = "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640"
#: A Python of this machine runs what the build of another one needs.
NATIVE = "python3.13"
#: What configure cannot find out about a system that it does not run on.
ANSWERS = ("ac_cv_file__dev_ptmx=yes", "ac_cv_file__dev_ptc=no", "ac_cv_buggy_getaddrinfo=no")
#: zig forbids `__DATE__`, which Python prints at its start.
WARNINGS = "-Wno-error=date-time"


def build(triple: str, folder: Path) -> None:
    """Leaves a Python in `folder`: `program` is it, in its `environment`."""
    native = dict(pythons()).get(NATIVE)
    if native is None:
        sys.exit(f"{NATIVE} is not here: it is needed to build one for musl")
    cargo.tools()
    source = unpacked(folder)
    built = folder / "built"
    built.mkdir()
    compiler = script(folder / "cc", f"cc -target {triple} -dynamic {WARNINGS}")
    # The libraries of this machine are not those of the other one.
    variables = {**os.environ, "CC": compiler, "AR": script(folder / "ar", "ar"), "PKG_CONFIG": "false"}
    processor = output("uname", "-m").strip()
    options = (f"--host={triple}", f"--build={processor}-linux-gnu", f"--with-build-python={native}")
    run(source / "configure", "--quiet", *options, "--disable-test-modules", *ANSWERS, cwd=built, env=variables)
    run("make", "--silent", f"-j{os.cpu_count()}", "python", "sharedmods", cwd=built, env=variables)


def script(file: Path, command: str) -> str:
    """A command of zig's as one word."""
    file.write_text(f'#!/bin/sh\nexec "{cargo.BIN / "python"}" -m ziglang {command} "$@"\n')
    file.chmod(0o755)
    return str(file)


def environment(folder: Path, packages: str) -> dict[str, str]:
    (modules,) = (folder / "built" / "build").glob("lib.*")
    return {"PYTHONPATH": os.pathsep.join([str(folder / f"Python-{VERSION}" / "Lib"), str(modules), packages])}


def program(folder: Path) -> Path:
    return folder / "built" / "python"


def unpacked(folder: Path) -> Path:
    archive = folder / "source.tar.xz"
    urllib.request.urlretrieve(SOURCE, archive)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{SOURCE}: it is not what it was")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / f"Python-{VERSION}"
