"""Refuses a sub-interpreter, before native code is loaded that knows one interpreter only.

Loaded there, it works until the process ends, which then never comes (seen with Python 3.10 and 3.11).
"""

import sys


def _is_main() -> bool:
    """Whether this is the main interpreter, as far as this Python tells."""
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    try:
        interpreters = __import__(name)
    except ImportError:
        return True
    return bool(interpreters.get_current() == interpreters.get_main())


if not _is_main():
    raise ImportError(
        "rolebridge works in Python's main interpreter only, and this is a sub-interpreter "
        "(under mod_wsgi, set `WSGIApplicationGroup %{GLOBAL}`)",
        name="rolebridge",
    )
