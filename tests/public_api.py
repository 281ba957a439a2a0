#!/usr/bin/env python3
"""Checks which crates the public interface of `rolebridge` names: a type of another crate ties our versions to its own.

rustdoc writes the interface as JSON, an output that is unstable; the variable that allows it is set for rustdoc alone,
so that nothing else is built anew.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
# `headers()` gives what every HTTP client of Rust takes.
ALLOWED = {"std", "core", "alloc", "http", "rolebridge"}


def interface() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        rustdoc = Path(folder) / "rustdoc"
        rustdoc.write_text('#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc -Z unstable-options --output-format json "$@"\n')
        rustdoc.chmod(0o755)
        command = ("cargo", "rustdoc", "-q", "--lib", "--locked", "-p", "rolebridge", "--target-dir", target())
        subprocess.run(command, cwd=TOP, check=True, env={**os.environ, "RUSTDOC": str(rustdoc)})
    return json.loads((Path(target()) / "doc" / "rolebridge.json").read_text())


def target() -> str:
    return os.environ.get("CARGO_TARGET_DIR") or str(TOP / "target")


def types(value: Any) -> Iterator[int]:
    """The ids of all types and traits that a part of the interface names."""
    if isinstance(value, list):
        for part in value:
            yield from types(part)
    if isinstance(value, dict):
        if "id" in value and ("path" in value or "args" in value):
            yield value["id"]
        for part in value.values():
            yield from types(part)


def main() -> int:
    api = interface()
    strangers = set()
    for item in api["index"].values():
        implementation = item["inner"].get("impl", {})
        # What every type implements, and what other crates implement for every type, is not ours to choose.
        if item["crate_id"] != 0 or implementation.get("is_synthetic") or implementation.get("blanket_impl"):
            continue
        for named in types(item["inner"]):
            path = api["paths"].get(str(named))
            if path is None:
                continue
            if path["crate_id"] != 0:
                crate = api["external_crates"][str(path["crate_id"])]["name"]
                if crate not in ALLOWED:
                    strangers.add(f"{item['name'] or 'an implementation'} names {'::'.join(path['path'])}")
    for stranger in sorted(strangers):
        print(stranger)
    print(f"{len(api['index'])} items looked at, {len(strangers)} name a crate that is not allowed")
    return 1 if strangers else 0


if __name__ == "__main__":
    sys.exit(main())
