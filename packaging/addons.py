#!/usr/bin/env python3
"""Builds the addons, each as an npm package of its own.

packaging/addons.py              for every platform that can be built here, into dist/
packaging/addons.py NAME …       for those
packaging/addons.py --dev        for this machine with the dev profile, into target/packages/
"""

import os
import shutil
import sys
from pathlib import Path

import bill
import deflate
import licences
from cargo import environment
from npm import pack
from platforms import Platform, chosen, host
from project import DEV, DIST, TARGET, TOP, run

CRATE = "rolebridge-node"


def main(arguments: list[str]) -> None:
    if arguments == ["--dev"]:
        dev()
    else:
        for platform in chosen(arguments):
            release(platform)


def release(platform: Platform) -> None:
    env = environment(platform)
    command = ["cargo", "build", "--target", platform.triple]
    if platform.system == "linux":
        command = ["cargo-zigbuild", "zigbuild", "--target", platform.zig_target]
    run(*command, "--release", "--locked", "--package", CRATE, env=env)
    deflate.again(package(platform, Path(env["CARGO_TARGET_DIR"]) / platform.triple / "release", DIST))


def dev() -> None:
    """As `napi build` calls cargo, so that nothing is left to compile."""
    run("cargo", "build", "--locked", "--package", CRATE, "--target", host().triple, env=dict(os.environ))
    package(host(), TARGET / host().triple / "debug", DEV)


def package(platform: Platform, built: Path, folder: Path) -> Path:
    """The addon with its papers, as a tarball."""

    def fill(stage: Path) -> None:
        shutil.copyfile(built / platform.library, stage / "rolebridge.node")
        shutil.copyfile(TOP / "LICENSE", stage / "LICENSE")
        (stage / "README.md").write_text(f"The native half of `rolebridge` for {platform.name}: install that.\n")
        (stage / "THIRD-PARTY-LICENSES.txt").write_text(licences.text(CRATE, platform.triple))
        (stage / "rolebridge.cdx.json").write_text(bill.text(CRATE, platform.triple))

    return pack(manifest(platform), fill, folder)


def manifest(platform: Platform) -> dict:
    return {
        "name": platform.package,
        "description": f"The native half of rolebridge for {platform.name}",
        "main": "rolebridge.node",
        "files": ["rolebridge.node", "THIRD-PARTY-LICENSES.txt", "rolebridge.cdx.json"],
        **platform.constraints,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
