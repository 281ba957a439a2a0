"""The credential files that all three languages accept and refuse; see `tests/vectors/README.md`."""

import json
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rolebridge import TokenSource
from rolebridge.errors import ConfigError

from cloud import TESTS

VECTORS = TESTS / "vectors" / "config"
GIVEN = TESTS / "vectors" / "given"


@pytest.mark.parametrize("path", sorted((VECTORS / "accept").glob("*.json")), ids=lambda path: path.stem)
def test_accepted(path: Path) -> None:
    for source in (TokenSource.from_info(path.read_text()), TokenSource.from_file(path)):
        assert "planted" not in repr(source)


@pytest.mark.parametrize("path", sorted((VECTORS / "reject").glob("*.json")), ids=lambda path: path.stem)
def test_refused(path: Path) -> None:
    vector = json.loads(path.read_text())
    with pytest.raises(ConfigError) as caught:
        TokenSource.from_info(vector["text"])
    check(caught.value, vector)


@pytest.mark.parametrize("path", sorted(GIVEN.glob("*.json")), ids=lambda path: path.stem)
def test_given(path: Path, environment: Callable[[Mapping[str, str]], None]) -> None:
    vector = json.loads(
        path.read_text().replace("{gcloud}", json.dumps((VECTORS / "accept/gcloud.json").read_text())[1:-1])
    )
    environment(vector.get("environment", {}))

    def build() -> TokenSource:
        options = {"allow_endpoints": vector.get("allow_endpoints")}
        if "file" in vector:
            return TokenSource.from_file(vector["file"], **options)
        if "json" in vector:
            return TokenSource.from_info(vector["json"], **options)
        return TokenSource.from_env(**options)

    if "error" in vector:
        with pytest.raises(ConfigError) as caught:
            build()
        check(caught.value, vector["error"])
    else:
        source = build()
        assert {"project": source.project_id, "quota_project": source.quota_project_id} == vector["source"]


def check(error: ConfigError, expected: Mapping[str, Any]) -> None:
    """That an error names the field, says and hints what it is to, and shows no secret."""
    assert (error.field or "") == expected.get("field", "")
    for text in expected["says"]:
        assert text in str(error.args[0])
    for text in expected.get("hints", []):
        assert text in (error.hint or "")
    assert "planted" not in "".join([repr(error), *traceback.format_exception(error)])
