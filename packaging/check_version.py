#!/usr/bin/env python3
"""Fails where a version differs from the one in `Cargo.toml`.

packaging/check_version.py           of the packages and their lock files
packaging/check_version.py v1.2.3    of this tag as well, and of the changelog, which must have a section for it
"""

import json
import re
import sys

from project import TOP, version
from release_notes import section

#: Lock files that name crates of ours.
CARGO_LOCKS = ("Cargo.lock", "bench/rust/Cargo.lock")
#: All but the benches, which are of no release.
OWN_CRATE = re.compile(r'\[\[package\]\]\nname = "(rolebridge(?!-bench)[^"]*)"\nversion = "([^"]+)"\n(?!source)')


def main(arguments: list[str]) -> None:
    package, lock = (json.loads((TOP / name).read_text()) for name in ("package.json", "package-lock.json"))
    found = {
        "package.json": package["version"],
        "package-lock.json": lock["version"],
        "package-lock.json, of its root": lock["packages"][""]["version"],
    }
    for name in CARGO_LOCKS:
        found |= {f"{name}, of {crate}": one for crate, one in OWN_CRATE.findall((TOP / name).read_text())}
    if arguments:
        found[f"the tag {arguments[0]}"] = arguments[0].removeprefix("v")
    wrong = [f"{where}: {one}" for where, one in found.items() if one != version()]
    if wrong:
        sys.exit(f"Cargo.toml says {version()}, and these differ:\n" + "\n".join(wrong))
    if arguments:
        section(version())
    print(f"{version()} in {len(found)} places")


if __name__ == "__main__":
    main(sys.argv[1:])
