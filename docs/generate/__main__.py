#!/usr/bin/env python3
"""Makes what the pages quote: programs, their output, errors and references, so that no page differs from the code.

    .venv/bin/python docs/generate          writes them into the pages
    .venv/bin/python docs/generate --check  fails if a page differs, and says where

What is between `<!-- made: KIND ARGUMENT -->` and `<!-- end -->` in a page is made here; all else is written by hand.
The packages of both bindings, the Rust examples and the emulator must have been built: `make docs` does that first.
"""

import difflib
import re
import sys
from pathlib import Path

import api_node
import api_python
import clients
import errors
import programs
from instance import Cloud

TOP = Path(__file__).resolve().parents[2]
PAGES = [TOP / "README.md", TOP / "README.ja.md", *sorted((TOP / "docs").glob("*.md"))]
REFERENCES = {"python": api_python.reference, "node": api_node.reference}
PLACE = re.compile(r"(<!-- made: (\w+) (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


#: The end of an access key's id, which is another in each run.
KEY = re.compile(r"keys …[A-Z0-9]{4}\b")


def main() -> int:
    checks = sys.argv[1:] == ["--check"]
    stale = 0
    with Cloud() as cloud:
        makers = {
            "clients": clients.table,
            "program": programs.source,
            "session": programs.Sessions(cloud).output,
            "errors": errors.Tables(cloud).table,
            "reference": lambda language: REFERENCES[language](),
        }

        def fill(place: re.Match[str]) -> str:
            begin, kind, argument, end = place.groups()
            return f"{begin}{KEY.sub('keys …MPLE', makers[kind](argument))}\n{end}"

        for page in PAGES:
            before = page.read_text()
            after, places = PLACE.subn(fill, before)
            if places != before.count("<!-- made: "):
                raise ValueError(f"{page.name}: a place that is made has no end, or its beginning is misspelt")
            if after == before:
                continue
            stale += 1
            if checks:
                lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
                sys.stdout.writelines(difflib.unified_diff(*lines, page.name, "as the code has it"))
            else:
                page.write_text(after)
                print(f"{page.relative_to(TOP)} written")
    if checks and stale:
        print(f"\n{stale} pages differ from the code: `make docs` writes them anew")
    return int(checks and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
