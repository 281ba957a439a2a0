#!/usr/bin/env python3
"""The crate beside what crates.io has of it.

packaging/crates_io.py publish    unless this version is there
packaging/crates_io.py semver     compares the interface with that of the last release, if there is one
"""

import json
import os
import sys
import urllib.error
import urllib.request

from project import TARGET, run, version

#: Where the index of crates.io has a name of this length (The Cargo Book, "Registry Index", "Index Files").
INDEX = "https://index.crates.io/ro/le/rolebridge"
#: A version that holds a name, so that a publisher can be trusted with it, is no release.
PLACEHOLDER = "0.0.0"


def main(arguments: list[str]) -> None:
    {"publish": publish, "semver": semver}[arguments[0]]()


def publish() -> None:
    if version() in released():
        print(f"rolebridge {version()} is there")
    else:
        run("cargo", "publish", "--locked", "--package", "rolebridge")


def semver() -> None:
    if not released():
        print("there is no release to compare with")
        return
    tools = TARGET / "cargo-tools"
    run("cargo", "install", "--quiet", "--locked", "cargo-semver-checks@0.51.0", "--root", tools)
    path = os.pathsep.join([str(tools / "bin"), os.environ["PATH"]])
    run("cargo", "semver-checks", "--package", "rolebridge", env={**os.environ, "PATH": path})


def released() -> set[str]:
    try:
        with urllib.request.urlopen(INDEX) as reply:
            entries = [json.loads(line) for line in reply]
    except urllib.error.HTTPError as refusal:
        if refusal.code != 404:
            raise
        return set()
    return {entry["vers"] for entry in entries} - {PLACEHOLDER}


if __name__ == "__main__":
    main(sys.argv[1:])
