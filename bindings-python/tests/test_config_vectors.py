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
    for source in (TokenSource.from_info(path.read_text()), TokenSource.from_file(path)):
        assert "planted" not in repr(source)


@pytest.mark.parametrize("path", sorted((VECTORS / "reject").glob("*.json")), ids=lambda path: path.stem)
def test_refused(path: Path) -> None:
    vector = json.loads(path.read_text())
    with pytest.raises(ConfigError) as caught:
        TokenSource.from_info(vector["text"])
    assert (caught.value.field or "") == vector["field"]
    for text in vector["says"]:
        assert text in str(caught.value)
    assert "planted" not in "".join([repr(caught.value), *traceback.format_exception(caught.value)])
