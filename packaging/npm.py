#!/usr/bin/env python3
"""Makes npm's tarballs; run by itself, that of the package `rolebridge`, which is JavaScript and types alone.

packaging/npm.py           into dist/
packaging/npm.py --dev     into target/packages/
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from platforms import PLATFORMS
from project import DEV, DIST, TOP, run, version

#: What only a clone has use for.
OURS = ("scripts", "devDependencies", "napi")


def main(arguments: list[str]) -> None:
    manifest = {name: value for name, value in source().items() if name not in OURS}
    manifest["files"] = [pattern for pattern in manifest["files"] if not pattern.endswith(".node")]
    # Exactly: the two halves fit together only as they were made together.
    manifest["optionalDependencies"] = {platform.package: version() for platform in PLATFORMS}

    def fill(stage: Path) -> None:
        for name in ("LICENSE", "README.md"):
            shutil.copyfile(TOP / name, stage / name)
        for pattern in manifest["files"]:
            for file in TOP.glob(pattern):
                (stage / file.relative_to(TOP)).parent.mkdir(exist_ok=True)
                shutil.copyfile(file, stage / file.relative_to(TOP))

    pack(manifest, fill, DEV if arguments == ["--dev"] else DIST)


def source() -> dict:
    return json.loads((TOP / "package.json").read_text())


def pack(manifest: dict, fill: Callable[[Path], None], folder: Path) -> Path:
    """A tarball of a package, with what all of ours have in common; nothing in it runs when it is installed."""
    common = {name: source()[name] for name in ("license", "repository", "engines")}
    whole = {**manifest, "version": version(), **common, "publishConfig": {"access": "public"}}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as stage:
        (Path(stage) / "package.json").write_text(json.dumps(whole, indent=2) + "\n")
        fill(Path(stage))
        run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder.absolute(), cwd=Path(stage))
    return folder / f"{manifest['name'].lstrip('@').replace('/', '-')}-{version()}.tgz"


if __name__ == "__main__":
    main(sys.argv[1:])
