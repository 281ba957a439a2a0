"""The bill of materials of a binary: what it is linked of, in CycloneDX's form, the same for each build."""

import json

from crates import Crate, linked
from project import version

#: Zig links it into what it makes for Linux; elsewhere the system has one.
UNWINDER = {"type": "library", "name": "libunwind", "licenses": [{"expression": "Apache-2.0 WITH LLVM-exception"}]}


def text(package: str, triple: str) -> str:
    own = {"type": "library", "name": package, "version": version(), "licenses": [{"expression": "Apache-2.0"}]}
    components = [component(crate) for crate in linked(package, triple)]
    if "linux" in triple:
        components.append(UNWINDER)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": own, "properties": [{"name": "cargo:target", "value": triple}]},
        "components": components,
    }
    return json.dumps(bill, indent=1) + "\n"


def component(crate: Crate) -> dict:
    return {
        "type": "library",
        "name": crate.name,
        "version": crate.version,
        "purl": f"pkg:cargo/{crate.name}@{crate.version}",
        "licenses": [{"expression": crate.licence}],
    }
