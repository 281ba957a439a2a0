#!/usr/bin/env python3
"""Looks into what was built: does each file hold what its name says, its licences, and nothing of this machine?

packaging/check.py                what is in dist/
packaging/check.py --complete     and whether it is the whole release
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from cargo import BIN, folders, tools
from platforms import PLATFORMS, Platform
from project import DIST, run, size, version

#: The libraries that each system has.
LIBRARIES = {
    "gnu": {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1", "ld-linux"},
    "musl": {"libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libgcc_s.so.1"},
}
OLDEST_GLIBC = (2, 17)
MACHINES = {"x64": "X86-64", "arm64": "AArch64"}
#: As wheels name processors and C libraries.
WHEELS = {
    "linux-x64-gnu": r"-manylinux2014_x86_64\.manylinux_2_17_x86_64\.whl$",
    "linux-x64-musl": r"-musllinux_1_2_x86_64\.whl$",
    "linux-arm64-gnu": r"-manylinux2014_aarch64\.manylinux_2_17_aarch64\.whl$",
    "linux-arm64-musl": r"-musllinux_1_2_aarch64\.whl$",
    "darwin-x64": r"-macosx_\w+_x86_64\.whl$",
    "darwin-arm64": r"-macosx_\w+_arm64\.whl$",
    "win32-x64-msvc": r"-win_amd64\.whl$",
}
PAPERS = {"LICENSE", "THIRD-PARTY-LICENSES.txt", "rolebridge.cdx.json"}
BINARY = (".so", ".node", ".pyd")
#: In bytes, of what is downloaded; what makes it grow beyond is looked at before it is released.
LARGEST = 2_300_000


class Wrong(Exception):
    """What is wrong with a file, in a sentence."""


def main(arguments: list[str]) -> None:
    files = sorted([*DIST.glob("*.whl"), *DIST.glob("*.tgz"), *DIST.glob("*.tar.gz")])
    wrong = missing(files) if arguments == ["--complete"] else []
    for file in files:
        try:
            print(f"{file.name}: {size(file)}, {look(file)}")
        except Wrong as problem:
            wrong.append(f"{file.name}: {problem}")
    if wrong:
        sys.exit("\n".join(wrong))
    tools()
    run(BIN / "twine", "check", "--strict", *(file for file in files if file.suffix != ".tgz"))
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (DIST / "SHA256SUMS").write_text(sums)


def missing(files: list[Path]) -> list[str]:
    """What of a release is not there."""
    packages = [f"rolebridge-{version()}.tar.gz", f"rolebridge-{version()}.tgz"]
    packages += [f"rolebridge-native-{one.name}-{version()}.tgz" for one in PLATFORMS]
    wanted = {f"the wheel for {name}": pattern for name, pattern in WHEELS.items()}
    wanted |= {name: f"^{re.escape(name)}$" for name in packages}
    found = [file.name for file in files]
    return [f"{name} is missing" for name, pattern in wanted.items() if not any(re.search(pattern, f) for f in found)]


def look(file: Path) -> str:
    with tempfile.TemporaryDirectory() as place:
        if file.suffix == ".whl":
            zipfile.ZipFile(file).extractall(place)
        else:
            with tarfile.open(file) as archive:
                archive.extractall(place, filter="data")
        paths = [path for path in Path(place).rglob("*") if path.is_file()]
        members = {path.name: path for path in paths}
        require(version() in file.name, f"is not of version {version()}")
        require(file.stat().st_size <= LARGEST, f"is larger than {LARGEST / 1e6} MB")
        require("LICENSE" in members, "holds no LICENSE")
        hold_nothing_of_this_machine(paths)
        if file.name.endswith(".tar.gz"):
            return "sources"
        platform = platform_of(file, members)
        binaries = [path for path in paths if path.suffix in BINARY]
        if not platform:
            require(not binaries, f"holds {[path.name for path in binaries]}, and is for every platform")
            return "no binary"
        require(members.keys() >= PAPERS, f"lacks {PAPERS - members.keys()}")
        require(len(binaries) == 1, f"holds {len(binaries)} binaries")
        return fit(binaries[0], platform) if platform.system == "linux" else platform.name


def platform_of(file: Path, members: dict[str, Path]) -> Platform | None:
    if file.suffix == ".whl":
        require("-cp310-abi3-" in file.name, "is not for Python 3.10 and later")
        found = [one for one in PLATFORMS if re.search(WHEELS[one.name], file.name)]
        require(bool(found), "has the tag of no platform of ours")
        return found[0]
    manifest = json.loads(members["package.json"].read_text())
    require(not manifest.get("scripts"), "runs scripts where it is installed")
    by_name = {one.package: one for one in PLATFORMS}
    if manifest["name"] == "rolebridge":
        wanted = dict.fromkeys(by_name, version())
        require(manifest["optionalDependencies"] == wanted, f"names {manifest['optionalDependencies']}")
        return None
    platform = by_name[manifest["name"]]
    require({name: manifest.get(name) for name in platform.constraints} == platform.constraints, "fits elsewhere")
    return platform


def fit(binary: Path, platform: Platform) -> str:
    """What a library of Linux needs must be there on the oldest system that its package is for."""
    elf = subprocess.run(
        ["readelf", "--wide", "--file-header", "--dynamic", "--version-info", binary], capture_output=True, text=True
    ).stdout
    require(MACHINES[platform.processor] in elf, "is for another processor")
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", elf))
    libc = "musl" if platform.is_musl else "gnu"
    strange = {name for name in needed if not name.startswith(tuple(LIBRARIES[libc]))}
    require(not strange, f"needs {strange}")
    symbols = {tuple(map(int, found.split("."))) for found in re.findall(r"\bGLIBC_(\d+(?:\.\d+)+)", elf)}
    if platform.is_musl:
        require(not symbols, "needs glibc")
        return f"musl, needs {', '.join(sorted(needed))}"
    require(bool(symbols), "needs no glibc")
    newest = max(symbols)
    require(newest <= OLDEST_GLIBC, f"needs glibc {'.'.join(map(str, newest))}")
    return f"glibc {'.'.join(map(str, newest))}, needs {', '.join(sorted(needed))}"


def hold_nothing_of_this_machine(paths: list[Path]) -> None:
    places = [place.encode() for place in folders()]
    for path in paths:
        content = path.read_bytes()
        found = [place.decode() for place in places if place in content]
        require(not found, f"{path.name} names {', '.join(found)}")


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Wrong(otherwise)


if __name__ == "__main__":
    main(sys.argv[1:])
