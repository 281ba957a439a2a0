"""The credential files that all three languages accept and refuse; see `tests/vectors/README.md`."""

import json
import traceback
from pathlib import Path

import pytest
from rolebridge import TokenSource
from rolebridge.errors import ConfigError

from cloud import TESTS

VECTORS = TESTS / "vectors" / "config"


@pytest.mark.parametrize("path", sorted((VECTORS / "accept").glob("*.json")), ids=lambda path: path.stem)
def test_accepted(path: Path) -> None:
    assert TokenSource.from_info(path.read_text())
    assert TokenSource.from_file(path)


@pytest.mark.parametrize("path", sorted((VECTORS / "reject").glob("*.json")), ids=lambda path: path.stem)
def test_refused(path: Path) -> None:
    vector = json.loads(path.read_text())
    with pytest.raises(ConfigError) as caught:
        TokenSource.from_info(vector["text"] if "text" in vector else vector["file"])
    assert (caught.value.field or "") == vector["field"]
    for text in vector["says"]:
        assert text in str(caught.value)
    assert "planted-secret" not in "".join([repr(caught.value), *traceback.format_exception(caught.value)])
