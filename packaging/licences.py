"""The licences of what is linked into a binary, as one text.

A crate that may be had under the Apache License, which is Rolebridge's own, is had under it: that text is there once.
Of any other, all the licence files of the crate are there.
"""

import sys
from pathlib import Path

from crates import Crate, linked
from project import TOP

PREFIXES = ("licen", "copying", "notice", "unlicen")
#: The text for crates whose package holds none; who wrote them is in their manifest.
MIT = (TOP / "packaging" / "mit.txt").read_text()
RULE = "=" * 100


def text(package: str, triple: str) -> str:
    crates = linked(package, triple)
    apache = [crate for crate in crates if "Apache-2.0" in crate.licence.split(" OR ")]
    others = [crate for crate in crates if crate not in apache]
    names = "\n".join(f"  {crate.name} {crate.version}" for crate in apache)
    parts = [
        "Rolebridge is linked with the Rust standard library, the crates below, and on Linux LLVM's libunwind "
        "(Apache License, Version 2.0, with LLVM's exception).",
        f"Under the Apache License, Version 2.0 (see LICENSE): the Rust standard library, and\n\n{names}",
        *(notices(crate) for crate in apache if notices(crate)),
        *(own_text(crate) for crate in others),
    ]
    return f"\n\n{RULE}\n\n".join(parts) + "\n"


def notices(crate: Crate) -> str:
    """What the Apache License asks to be passed on."""
    texts = [file.read_text() for file in files(crate) if file.name.lower().startswith("notice")]
    return "\n\n".join([f"{crate.name} {crate.version}", *texts]) if texts else ""


def own_text(crate: Crate) -> str:
    texts = [file.read_text().strip() for file in files(crate)]
    if not texts and crate.licence == "MIT":
        texts = [MIT.replace("AUTHORS", ", ".join(crate.authors) or f"the authors of {crate.name}").strip()]
    if not texts:
        sys.exit(f"{crate.name} {crate.version} ({crate.licence}) holds no text of its licence")
    return "\n\n".join([f"{crate.name} {crate.version} ({crate.licence})", *texts])


def files(crate: Crate) -> list[Path]:
    found = crate.folder.rglob("*")
    return sorted(file for file in found if is_text(file))


def is_text(file: Path) -> bool:
    return file.is_file() and file.name.lower().startswith(PREFIXES) and file.suffix in ("", ".md", ".txt")
