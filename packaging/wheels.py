#!/usr/bin/env python3
"""Builds wheels.

packaging/wheels.py              for every platform that can be built here, into dist/
packaging/wheels.py NAME …       for those
packaging/wheels.py --dev        for this machine with the dev profile, into target/packages/
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import bill
import deflate
import licences
from cargo import environment
from platforms import Platform, chosen, host
from project import DEV, DIST, TARGET, TOP, run

CRATE = "rolebridge-python"
#: Where `pyproject.toml` has maturin look for it.
LICENCES = TOP / "THIRD-PARTY-LICENSES.txt"


def main(arguments: list[str]) -> None:
    if arguments == ["--dev"]:
        dev()
    else:
        for platform in chosen(arguments):
            release(platform, DIST)


def release(platform: Platform, folder: Path) -> None:
    command = ["maturin", "build", "--release", "--target", platform.triple]
    if platform.compatibility:
        command += ["--zig", "--compatibility", platform.compatibility]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        build([*command, "--out", place], platform, environment(platform))
        (wheel,) = Path(place).iterdir()
        deflate.again(wheel)
        shutil.copy(wheel, folder)


def dev() -> None:
    """With the profile and the settings of `maturin develop`, so that little is left to compile."""
    command = ["maturin", "build", "--profile", "dev", "--out", str(DEV)]
    build(command, host(), dict(os.environ))


def build(command: Sequence[str], platform: Platform, env: dict[str, str]) -> None:
    with papers(platform) as bill_of_materials:
        run(*command, "--sbom-include", bill_of_materials, env=env)


@contextmanager
def papers(platform: Platform):
    """The licences and the bill of materials, where maturin finds them."""
    bill_of_materials = TARGET / "rolebridge.cdx.json"
    LICENCES.write_text(licences.text(CRATE, platform.triple))
    bill_of_materials.write_text(bill.text(CRATE, platform.triple))
    try:
        yield bill_of_materials
    finally:
        LICENCES.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
