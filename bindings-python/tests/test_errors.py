"""Every failure is a `RolebridgeError` of the class for its kind."""

import copy
import pickle
import traceback

import pytest
from rolebridge import RolebridgeError, TokenSource, _native, errors

from cloud import World


def test_every_kind_of_the_native_side_is_a_class() -> None:
    assert sorted(errors.BY_KIND) == sorted(_native.KINDS)
    defined = {value for value in vars(errors).values() if isinstance(value, type) and value is not RolebridgeError}
    assert defined == set(errors.BY_KIND.values())
    for kind, error in errors.BY_KIND.items():
        assert issubclass(error, RolebridgeError)
        assert error.kind == kind
        assert error.__name__ == f"{kind.capitalize()}Error"
        assert error.__doc__


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


def test_an_error_crosses_processes_whole() -> None:
    error = errors.RefusedError("no", step="exchange", status=400, code="invalid_grant", hint="ask again")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is errors.RefusedError
        assert (str(other), vars(other)) == (str(error), vars(error))
