#!/usr/bin/env python3
"""Builds this machine's wheel twice, each time with nothing built before, and names what differs."""

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import cargo
import wheels
from platforms import host


def main() -> None:
    # A commit in between would be another time.
    os.environ["SOURCE_DATE_EPOCH"] = cargo.environment(host())["SOURCE_DATE_EPOCH"]
    with tempfile.TemporaryDirectory() as place:
        first, second = (once(Path(place) / name) for name in ("first", "second"))
        if first.read_bytes() == second.read_bytes():
            print(f"{first.name}: the same bytes twice")
            return
        sys.exit(f"{first.name}: not the same twice: {', '.join(differences(first, second)) or 'the archive itself'}")


def once(folder: Path) -> Path:
    shutil.rmtree(cargo.environment(host())["CARGO_TARGET_DIR"], ignore_errors=True)
    wheels.release(host(), folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def differences(first: Path, second: Path) -> list[str]:
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as other:
        names = sorted({*one.namelist(), *other.namelist()})
        return [name for name in names if content(one, name) != content(other, name)]


def content(archive: zipfile.ZipFile, name: str) -> bytes | None:
    return archive.read(name) if name in archive.namelist() else None


if __name__ == "__main__":
    main()
