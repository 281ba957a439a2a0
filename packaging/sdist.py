#!/usr/bin/env python3
"""Makes the source distribution of Python.

    packaging/sdist.py           into dist/
    packaging/sdist.py --dev     into target/packages/, with whatever maturin is on the PATH

maturin leaves most members of the workspace out and keeps the whole lock file, which then fits its manifest no more:
here it is brought back to what is in the archive. Times are the commit's and owners are nobody, so that the archive is
the same each time.
"""

import gzip
import io
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from cargo import environment
from platforms import host
from project import DEV, DIST, output, run, version

NAME = f"rolebridge-{version()}"


def main(arguments: list[str]) -> None:
    is_dev = arguments == ["--dev"]
    folder = DEV if is_dev else DIST
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        run("maturin", "sdist", "--out", place, env=dict(os.environ) if is_dev else environment(host()))
        with tarfile.open(Path(place) / f"{NAME}.tar.gz") as archive:
            archive.extractall(place, filter="data")
        root = Path(place) / NAME
        run("cargo", "update", "--quiet", "--workspace", "--offline", cwd=root)
        write(root, folder / f"{NAME}.tar.gz")


def write(root: Path, file: Path) -> None:
    time = int(output("git", "log", "-1", "--format=%ct"))

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode = time, 0, 0, "", "", 0o644
        return entry

    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            archive.add(path, path.relative_to(root.parent), filter=plain)
    file.write_bytes(gzip.compress(content.getvalue(), mtime=time))


if __name__ == "__main__":
    main(sys.argv[1:])
