#!/usr/bin/env python3
"""Builds the local cloud for every Linux: a program that needs no C library of the system."""

import os
import shutil

import cargo
from platforms import PLATFORMS
from project import TARGET, run

EMULATORS = TARGET / "emulators"


def main() -> None:
    cargo.tools()
    for platform in PLATFORMS:
        if platform.is_musl:
            cargo.ensure_target(platform.triple)
            env = {**os.environ, "PATH": f"{cargo.BIN}{os.pathsep}{os.environ['PATH']}"}
            command = ("cargo-zigbuild", "zigbuild", "--locked", "--package", "rolebridge-emulator")
            run(*command, "--target", platform.triple, env=env)
            place = EMULATORS / platform.processor
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(TARGET / platform.triple / "debug" / "rolebridge-emulator", place)


if __name__ == "__main__":
    main()
