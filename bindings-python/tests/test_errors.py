"""Every failure is a `RolebridgeError` of the class for its kind."""

import copy
import json
import pickle
import pydoc
import sys
import traceback
from collections.abc import Callable

import pytest
import rolebridge
from google.auth import exceptions
from rolebridge import RolebridgeError, TokenSource, _native, errors
from rolebridge._google_errors import of_a_token

from cloud import World, output_of


def test_every_kind_of_the_native_side_is_a_class() -> None:
    assert sorted(errors.BY_KIND) == sorted(_native.KINDS)
    defined = {value for value in vars(errors).values() if isinstance(value, type) and value is not RolebridgeError}
    assert defined == set(errors.BY_KIND.values())
    for kind, error in errors.BY_KIND.items():
        assert issubclass(error, RolebridgeError)
        assert error.kind == kind
        assert error.__name__ == f"{kind.capitalize()}Error"
        assert error.__doc__


@pytest.mark.parametrize("kind", _native.KINDS)
def test_every_kind_is_one_that_google_s_clients_know(kind: str) -> None:
    error = errors.BY_KIND[kind]("words", step="exchange", status=400, code="code", field="field", hint="hint")
    error.__cause__ = ValueError("below")
    same = of_a_token(error)
    assert isinstance(same, errors.BY_KIND[kind])
    assert isinstance(same, exceptions.TransportError if kind == "unavailable" else exceptions.RefreshError)
    assert isinstance(same, exceptions.GoogleAuthError)
    assert isinstance(same.args[0], ConnectionError if kind == "unavailable" else str)
    assert len(same.args) == 1
    assert str(same) == str(error) == "words\nhint: hint"
    assert same.__cause__ is error.__cause__
    for other in (same, pickle.loads(pickle.dumps(same)), copy.copy(same)):
        assert type(other) is type(same)
        assert vars(other).items() >= vars(error).items()
        assert str(other) == str(error)


def test_every_class_is_at_the_package_itself_and_in_its_help() -> None:
    classes: list[type[RolebridgeError]] = [RolebridgeError, *errors.BY_KIND.values()]
    for error in classes:
        assert getattr(rolebridge, error.__name__) is error
        assert error.__name__ in rolebridge.__all__
    text = pydoc.plain(pydoc.render_doc(rolebridge))
    for error in errors.BY_KIND.values():
        assert f"class {error.__name__}(RolebridgeError)" in text
    assert "class TokenSource" in text


def test_every_step_is_documented() -> None:
    assert RolebridgeError.__doc__ is not None
    assert all(f"`{step}`" in RolebridgeError.__doc__ for step in _native.STEPS)


def test_a_wrong_file_is_refused_by_the_name_of_its_field(world: World) -> None:
    with pytest.raises(errors.ConfigError, match=r"credential_source\.environment_id") as caught:
        TokenSource.from_info(world.credential({"credential_source": {"environment_id": "aws2"}}))
    error = caught.value
    assert (error.kind, error.step, error.field) == ("config", "config", "credential_source.environment_id")
    assert (error.status, error.code) == (None, None)
    assert world.requests() == []


def test_the_hint_is_the_last_line(world: World) -> None:
    world.change({"aws": {"instance": {"role": None}}})
    with pytest.raises(errors.IdentityError) as caught:
        TokenSource.from_info(world.credential()).token()
    error = caught.value
    assert error.status == 404
    assert error.hint
    assert str(error) == f"{error.args[0]}\nhint: {error.hint}"


def test_what_lies_below_is_the_cause() -> None:
    with pytest.raises(errors.ConfigError) as caught:
        TokenSource.from_info("{")
    assert isinstance(caught.value.__cause__, Exception)
    assert str(caught.value.__cause__) in "".join(traceback.format_exception(caught.value))


def test_a_missing_file_is_a_wrong_configuration() -> None:
    with pytest.raises(errors.ConfigError, match=r"nowhere\.json"):
        TokenSource.from_file("nowhere.json")


@pytest.mark.skipif(sys.platform != "linux", reason="closes descriptors as daemons do there")
def test_a_panic_below_is_an_error_of_ours(make_world: Callable[..., World]) -> None:
    """A daemon that closes its descriptors after the first token takes the one that wakes the thread which mints."""
    script = """
import os, rolebridge, sys

source = rolebridge.TokenSource.from_info(sys.argv[1])
source.token()
for name in os.listdir("/proc/self/fd"):
    try:
        if "eventfd" in os.readlink(f"/proc/self/fd/{name}"):
            os.close(int(name))
    except OSError:
        pass
for number in range(3):
    other = source.with_scopes([f"https://example.com/{number}"])
    try:
        other.token()
        print("a token")
    except rolebridge.RolebridgeError as error:
        print(type(error).__name__, error)
source.with_scopes(["https://example.com/warm"]).warm()
"""
    world = make_world()
    environment = {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
    output = output_of(script, environment, json.dumps(world.credential()))
    told = [line for line in output.splitlines() if not line.startswith("hint: ")]
    assert len(told) == 3
    assert all(line == "a token" or line.startswith("InternalError ") for line in told), output


def test_an_error_crosses_processes_whole() -> None:
    error = errors.RefusedError("no", step="exchange", status=400, code="invalid_grant", hint="ask again")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is errors.RefusedError
        assert (str(other), vars(other)) == (str(error), vars(error))
