#!/usr/bin/env python3
"""Publishes npm's packages of dist/: the addons, and then the package that names them. What is there already stays."""

import json
import subprocess
import tarfile
from pathlib import Path

from project import DIST, run


def main() -> None:
    for tarball in sorted(DIST.glob("*.tgz"), key=lambda file: not file.name.startswith("rolebridge-native-")):
        name = identity(tarball)
        if subprocess.run(["npm", "view", name, "version"], capture_output=True, text=True).stdout.strip():
            print(f"{name} is there")
        else:
            run("npm", "publish", tarball, "--provenance", "--access", "public")


def identity(tarball: Path) -> str:
    with tarfile.open(tarball) as archive:
        manifest = json.load(archive.extractfile("package/package.json"))
    return f"{manifest['name']}@{manifest['version']}"


if __name__ == "__main__":
    main()
