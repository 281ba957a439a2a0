"""The crates that a binary is linked of, as cargo resolves them for one platform."""

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

from project import output


@dataclass(frozen=True)
class Crate:
    name: str
    version: str
    #: An SPDX expression.
    licence: str
    authors: tuple[str, ...]
    folder: Path


def linked(package: str, triple: str) -> list[Crate]:
    """All of other people; not what only runs while we build, macros included."""
    tree = ("cargo", "tree", "--locked", "--prefix", "none", "-e", "normal,no-proc-macro")
    lines = output(*tree, "-p", package, "--target", triple).splitlines()
    names = {tuple(re.match(r"(\S+) v(\S+)", line).groups()) for line in lines if line}
    return [every()[name] for name in sorted(names) if name in every()]


@functools.cache
def every() -> dict[tuple[str, str], Crate]:
    packages = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1"))["packages"]
    return {(one["name"], one["version"]): crate(one) for one in packages if one["source"]}


def crate(package: dict) -> Crate:
    # The older way to write that there is a choice.
    licence = package["license"].replace("/", " OR ")
    folder = Path(package["manifest_path"]).parent
    return Crate(package["name"], package["version"], licence, tuple(package["authors"]), folder)
