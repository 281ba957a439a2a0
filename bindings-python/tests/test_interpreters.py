"""A sub-interpreter, as mod_wsgi makes one for each application, is refused at import and not at the process's end."""

import pytest

from cloud import output_of

SCRIPT = """
import sys

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

ATTEMPT = f'''
import sys
sys.path[:0] = {sys.path!r}
try:
    import rolebridge
except ImportError as error:
    print(error.name, error, flush=True)
else:
    print("imported", flush=True)
'''

# One that shares its lock with the main interpreter, as mod_wsgi's do; later Pythons alone have others.
other = interpreters.create("legacy") if sys.version_info >= (3, 13) else interpreters.create(isolated=False)
if sys.argv[1] == "main first":
    import rolebridge
interpreters.run_string(other, ATTEMPT)
# It is left alive, as at a server's end.
"""


@pytest.mark.parametrize("order", ["main first", "alone"])
def test_a_sub_interpreter_is_refused_in_one_sentence(order: str) -> None:
    output = output_of(SCRIPT, {}, order)
    assert output.count("\n") == 1
    assert output.startswith("rolebridge rolebridge works in Python's main interpreter only")
    assert "WSGIApplicationGroup %{GLOBAL}" in output
