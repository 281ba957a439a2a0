"""Google's own AWS credentials, unmodified, succeed and fail against the emulator exactly as ours do."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import google.auth.aws
import pytest
from google.auth import exceptions
from google.auth.transport.requests import Request
from rolebridge import TokenSource
from rolebridge.errors import RefusedError

from cloud import World

ANOTHER_ACCOUNT = "444455556666"


def google_token(file: Mapping[str, Any]) -> str:
    credentials = google.auth.aws.Credentials.from_info(
        dict(file), scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    credentials.refresh(Request())
    return str(credentials.token)


def test_both_get_a_token(make_world: Callable[..., World], environment: Callable[..., None]) -> None:
    world = make_world()
    environment(world.key_environment)
    file = world.credential()
    assert world.session_user(google_token(file)) == world.info["service_account"]
    assert world.session_user(TokenSource.from_info(file).token().value) == world.info["service_account"]


def wrong_secret(world: World) -> dict[str, str]:
    keys = world.key_environment
    last = keys["AWS_SECRET_ACCESS_KEY"][-1]
    return {**keys, "AWS_SECRET_ACCESS_KEY": keys["AWS_SECRET_ACCESS_KEY"][:-1] + ("A" if last != "A" else "B")}


def wrong_account(world: World) -> dict[str, str]:
    user = world.info["users"][0]
    return {
        "AWS_ACCESS_KEY_ID": user["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": user["secret_access_key"],
        "AWS_REGION": world.info["region"],
        "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
    }


def right_keys(world: World) -> dict[str, str]:
    return world.key_environment


@pytest.mark.parametrize(
    ("keys", "audience"),
    [(wrong_secret, ""), (wrong_account, ""), (right_keys, "x")],
    ids=["secret", "account", "audience"],
)
def test_both_are_refused_in_the_same_words(
    make_world: Callable[..., World],
    environment: Callable[..., None],
    keys: Callable[[World], dict[str, str]],
    audience: str,
) -> None:
    world = make_world({"aws": {"users": [{"name": "stranger", "account": ANOTHER_ACCOUNT}]}})
    environment(keys(world))
    file = world.credential({"audience": world.info["audience"] + audience})

    with pytest.raises(exceptions.OAuthError) as google_s:
        google_token(file)
    refusal = json.loads(google_s.value.args[1])
    with pytest.raises(RefusedError) as ours:
        TokenSource.from_info(file).token()

    assert ours.value.step == "exchange"
    assert ours.value.code == refusal["error"]
    assert timeless(refusal["error_description"]) in timeless(ours.value.args[0])


def test_where_the_clock_is_wrong_google_s_is_refused_and_ours_signs_by_aws_s(
    make_world: Callable[..., World], environment: Callable[..., None]
) -> None:
    world = make_world({"clock": {"offset_seconds": 3600}})
    environment(world.key_environment)
    file = world.credential()
    with pytest.raises(exceptions.OAuthError, match="Signature expired"):
        google_token(file)
    assert world.session_user(TokenSource.from_info(file).token().value) == world.info["service_account"]


def timeless(words: str) -> str:
    """Two requests are not signed in the same second."""
    return re.sub(r"\d{8}T\d{6}Z", "TIME", words)
