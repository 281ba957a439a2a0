"""AWS identities that a program names or supplies: a profile, a role, a callable, a session, google-auth's supplier."""

import pickle
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import rolebridge
from google.auth import aws
from rolebridge import Credentials, IdentityError, TokenSource, UnavailableError

from cloud import World, output_of

Give = Callable[[], Any]
LATER = datetime(2099, 1, 1, tzinfo=timezone.utc)


def keys(world: World) -> dict[str, str]:
    found: dict[str, str] = world.info["keys"]
    return found


@pytest.fixture
def away(make_world: Callable[..., World], environment: Callable[[dict[str, str]], None]) -> World:
    """A ready world whose metadata service this process does not know."""
    world = make_world()
    environment({"AWS_EC2_METADATA_DISABLED": "true", "ROLEBRIDGE_ALLOW_LOOPBACK": "1"})
    return world


def supplied_source(world: World, identity: Any, **options: Any) -> TokenSource:
    return TokenSource.from_info(world.credential(), identity=identity, **options)


def accepted(world: World, source: TokenSource) -> None:
    """Its token is good, and nothing but Google was asked for it."""
    assert world.session_user(source.token().value) == world.info["service_account"]
    assert not any(operation.startswith("metadata.") for operation in world.operations())


class Given:
    """Parts of an identity as attributes."""

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)


def shapes(key: dict[str, str]) -> dict[str, Any]:
    key_id, secret, token = key["access_key_id"], key["secret_access_key"], key["session_token"]
    ours: dict[str, Any] = {"access_key_id": key_id, "secret_access_key": secret, "session_token": token}
    return {
        "ours": {**ours, "expiration": LATER, "region": "us-east-1"},
        "AWS's": {
            "AccessKeyId": key_id,
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": "2099-01-01T00:00:00Z",
            "Region": "us-east-1",
        },
        "botocore's": {
            "access_key": key_id,
            "secret_key": secret,
            "token": token,
            "expiry_time": LATER.isoformat(),
            "region": "us-east-1",
        },
        "an object": Given(**ours, expiration=None, region="us-east-1"),
    }


@pytest.mark.parametrize("shape", shapes({"access_key_id": "", "secret_access_key": "", "session_token": ""}))
def test_a_callable_gives_any_of_these_shapes(away: World, shape: str) -> None:
    accepted(away, supplied_source(away, lambda: shapes(keys(away))[shape]))


def test_a_region_that_is_not_given_is_looked_for(away: World, monkeypatch: pytest.MonkeyPatch) -> None:
    source = supplied_source(away, lambda: keys(away))
    with pytest.raises(IdentityError, match="region"):
        source.token()
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    accepted(away, supplied_source(away, lambda: keys(away)))


def test_credentials_for_googles_clients_take_it_too(away: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    credentials = Credentials.from_info(away.credential(), identity=lambda: keys(away))
    headers: dict[str, str] = {}
    credentials.before_request(None, "GET", "https://example.com", headers)
    assert away.session_user(headers["authorization"].removeprefix("Bearer ")) == away.info["service_account"]


@pytest.mark.parametrize("library", ["boto3", "botocore"])
def test_a_session_with_a_role_to_assume(
    away: World, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its credentials are botocore's own, renewed by it: AWS STS is asked by botocore, and by nobody else."""
    key = keys(away)
    config = tmp_path / "config"
    config.write_text(
        f"[profile work]\nrole_arn = {away.info['role_arn']}\nsource_profile = base\nregion = us-east-1\n"
        f"[profile base]\naws_access_key_id = {key['access_key_id']}\n"
        f"aws_secret_access_key = {key['secret_access_key']}\naws_session_token = {key['session_token']}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", away.info["aws_sts"])
    session: Any
    session = boto3.Session(profile_name="work") if library == "boto3" else botocore.session.Session(profile="work")
    accepted(away, supplied_source(away, session))
    (asked,) = away.arrived("aws.assumeRole")
    assert "Botocore" in asked["user_agent"] or "Boto3" in asked["user_agent"]
    # Its end is known: without one, keys of an hour would be used to their end.
    assert session.get_credentials()._expiry_time is not None


def test_a_supplier_of_google_auth(away: World) -> None:
    seen = []

    class Supplier(aws.AwsSecurityCredentialsSupplier):
        def get_aws_security_credentials(self, context: Any, request: Any) -> aws.AwsSecurityCredentials:
            seen.append((context.audience, context.subject_token_type, callable(request)))
            return aws.AwsSecurityCredentials(**keys(away))

        def get_aws_region(self, context: Any, request: Any) -> str:
            return "us-east-1"

    accepted(away, supplied_source(away, Supplier()))
    assert seen == [(away.info["audience"], "urn:ietf:params:aws:token-type:aws4_request", True)]


def test_a_profile_and_a_role_that_are_named(away: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys(away)
    file = tmp_path / "credentials"
    file.write_text(
        f"[work]\naws_access_key_id = {key['access_key_id']}\n"
        f"aws_secret_access_key = {key['secret_access_key']}\naws_session_token = {key['session_token']}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", away.info["aws_sts"])
    options: dict[str, Any] = {"profile": "work", "role_arn": away.info["role_arn"], "role_session_name": "mine"}
    accepted(away, TokenSource.from_info(away.credential(), **options))
    (asked,) = away.arrived("aws.assumeRole")
    assert asked["session"] == "mine"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"profile": " "}, "`profile`"),
        ({"role_arn": "name"}, "`role_arn`"),
        ({"external_id": "id"}, "`role_arn`"),
        ({"profile": "work", "identity": dict}, "only one of them"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(away: World, options: dict[str, Any], says: str) -> None:
    with pytest.raises(rolebridge.ConfigError, match=says):
        TokenSource.from_info(away.credential(), **options)


@pytest.mark.parametrize("identity", ["work", {"access_key_id": "id"}, 1, object()])
def test_what_supplies_nothing_is_refused_by_its_type(away: World, identity: Any) -> None:
    with pytest.raises(TypeError, match=f"`identity` is a callable.* not of type {type(identity).__name__}"):
        supplied_source(away, identity)


def test_what_it_raises_is_the_cause_itself(away: World) -> None:
    raised = ValueError("the vault is sealed")
    below = raised.__cause__ = KeyError("below")

    def supply() -> None:
        raise raised

    with pytest.raises(IdentityError, match="the identity supplier failed") as caught:
        supplied_source(away, supply).token()
    assert caught.value.__cause__ is raised
    assert raised.__cause__ is below
    assert caught.value.step == "identity"


def test_one_that_ends_the_program_ends_its_own_thread_only(away: World) -> None:
    with pytest.raises(IdentityError) as caught:
        supplied_source(away, lambda: exit(3)).token()
    assert isinstance(caught.value.__cause__, SystemExit)


async def _coroutine() -> None: ...


class _WithoutCredentials:
    def get_credentials(self) -> None:
        return None


@pytest.mark.parametrize(
    ("identity", "says"),
    [
        (lambda: None, "None"),
        (lambda: 42, "no `access_key_id`, but a value of type int"),
        (dict, "no `access_key_id`"),
        (lambda: {"access_key_id": "id"}, "no `secret_access_key`"),
        (lambda: {"access_key_id": b"id", "secret_access_key": "secret"}, "`access_key_id` of type bytes"),
        (lambda: {"access_key_id": "id", "secret_access_key": "s", "token": 1}, "`session_token` of type int"),
        (lambda: {"access_key_id": "id", "secret_access_key": "s", "expiration": 1}, "`expiration` of type int"),
        (lambda: {"access_key_id": "id", "secret_access_key": "s", "expiration": "soon"}, "`expiration` that is no"),
        (
            lambda: {"access_key_id": "id", "secret_access_key": "s", "expiration": datetime(2099, 1, 1)},
            "`expiration` without a time zone",
        ),
        (lambda: {"access_key_id": "id", "secret_access_key": "s", "region": "nowhere"}, "a region that is no AWS"),
        (lambda: {"access_key_id": "two words", "secret_access_key": "s"}, "no access key"),
        (_coroutine, "an awaitable"),
        (_WithoutCredentials(), "the session has none"),
    ],
)
def test_rubbish_is_named(away: World, identity: Any, says: str) -> None:
    with pytest.raises(IdentityError, match=f"the identity supplier gave .*{says}") as caught:
        supplied_source(away, identity).token()
    assert "secret" not in str(caught.value).replace("secret_access_key", "")
    assert away.requests() == []


def test_one_that_asks_its_own_source_is_named(away: World) -> None:
    sources: list[TokenSource] = []

    def supply() -> object:
        return sources[0].token()

    sources.append(supplied_source(away, supply))
    with pytest.raises(IdentityError, match="the identity supplier failed") as caught:
        sources[0].token()
    cause = caught.value.__cause__
    assert isinstance(cause, IdentityError)
    assert "asks for a token that is minted with the identity that it supplies" in str(cause)


def test_one_may_ask_another_source(away: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    other = supplied_source(away, lambda: keys(away))

    def supply() -> object:
        other.token()
        return keys(away)

    accepted(away, supplied_source(away, supply))


def test_one_that_hangs_is_named_in_time_and_holds_up_no_other(away: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    asked, answer = threading.Event(), threading.Event()

    def hang() -> object:
        asked.set()
        answer.wait()
        return keys(away)

    source = supplied_source(away, hang)
    began = time.monotonic()
    source.warm()
    assert asked.wait(10)
    accepted(away, supplied_source(away, lambda: keys(away)))
    with pytest.raises(UnavailableError, match="the identity supplier did not answer within 20 s"):
        source.token()
    assert time.monotonic() - began < 25
    answer.set()


def test_it_is_asked_again_before_its_identity_ends(away: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    count = []

    def supply() -> object:
        count.append(1)
        # Less than what an identity must be good for to serve another exchange.
        return keys(away) | {"expiration": datetime.now(timezone.utc) + timedelta(seconds=30)}

    source = supplied_source(away, supply)
    source.token()
    source.with_scopes("https://www.googleapis.com/auth/bigquery").token()
    narrow = TokenSource.from_info(away.credential(), identity=supply)
    narrow.token()
    assert len(count) >= 2


def module_function() -> None:
    raise NotImplementedError


def test_a_source_pickles_if_its_supplier_does(away: World) -> None:
    source = supplied_source(away, module_function)
    with pytest.raises(IdentityError) as caught:
        pickle.loads(pickle.dumps(source)).token()
    assert isinstance(caught.value.__cause__, NotImplementedError)
    pickle.loads(pickle.dumps(Credentials(source)))
    for identity, kind in ((lambda: None, "function"), (boto3.Session(), "Session")):
        with pytest.raises(TypeError, match=f"does not pickle, since its `identity`, of type {kind}, does not"):
            pickle.dumps(supplied_source(away, identity))


def test_a_process_ends_well_while_a_supplier_works(away: World) -> None:
    """Its thread is in Python code then, and is ended by the interpreter."""
    script = """
import sys, threading, time
import rolebridge
asked = threading.Event()
def supply():
    asked.set()
    while True:
        time.sleep(0.001)
source = rolebridge.TokenSource.from_info(sys.argv[1], identity=supply)
source.warm()
asked.wait(10)
print("ends")
"""
    import json

    for _ in range(5):
        environment = {"ROLEBRIDGE_ALLOW_LOOPBACK": "1"}
        assert output_of(script, environment, json.dumps(away.credential())) == "ends\n"


@pytest.mark.parametrize("patch", ["gevent.monkey:patch_all", "eventlet:monkey_patch"])
def test_under_a_monkey_patch_it_has_a_thread_all_the_same(away: World, patch: str) -> None:
    script = """
import importlib, sys, warnings
warnings.simplefilter("ignore")
module, name = sys.argv[1].split(":")
getattr(importlib.import_module(module), name)()
import json, time
import rolebridge
def supply():
    time.sleep(0.05)
    return json.loads(sys.argv[3]) | {"region": "us-east-1"}
source = rolebridge.TokenSource.from_info(sys.argv[2], identity=supply)
print(source.token().value)
"""
    import json

    given = (patch, json.dumps(away.credential()), json.dumps(keys(away)))
    token = output_of(script, {"ROLEBRIDGE_ALLOW_LOOPBACK": "1"}, *given)
    assert away.session_user(token.strip()) == away.info["service_account"]
