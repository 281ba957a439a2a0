#!/usr/bin/env python3
"""Prints what the changelog says of the version in `Cargo.toml`: the notes of its release."""

import re
import sys

from project import TOP, version


def section(name: str) -> str:
    text = (TOP / "CHANGELOG.md").read_text()
    found = re.search(rf"^## {re.escape(name)}\b[^\n]*\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if not found or not found[1].strip():
        sys.exit(f"CHANGELOG.md has no section `## {name}`")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    print(section(version()), end="")
