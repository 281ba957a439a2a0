"""Whose identity is used, against botocore: every row of `tests/identities`, as its README says, asked of both."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from rolebridge import RolebridgeError, TokenSource

from cloud import TESTS, World

FOLDER = TESTS / "identities"
ROWS = [
    pytest.param(row, id=f"{path.stem}-{index}")
    for path in sorted(FOLDER.glob("*.json"))
    if path.stem != "world"
    for index, row in enumerate(json.loads(path.read_text()))
]
assert len(ROWS) >= 100


@pytest.mark.parametrize("row", ROWS)
def test_we_are_whom_the_row_says(row: dict[str, Any], place: Callable[..., World]) -> None:
    found, why = federated(place(row))
    assert is_expected(row["identity"], found), why


@pytest.mark.parametrize("row", ROWS)
def test_botocore_is_the_same_or_the_difference_is_listed(
    row: dict[str, Any], place: Callable[..., World], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A busy machine is no slow service.
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "10")
    # botocore looks for the home once, when it is imported.
    for place_of_sign_ins in ("credentials.SSOProvider", "tokens.SSOTokenProvider"):
        folder = str(tmp_path / ".aws/sso/cache")
        monkeypatch.setattr(f"botocore.{place_of_sign_ins}._SSO_TOKEN_CACHE_DIR", folder)
    found, why = caller(place(row))
    assert is_expected(row.get("botocore", row)["identity"], found), why


def federated(world: World) -> tuple[str, object]:
    """Whom Google takes us for; nobody, and why, if we have no token."""
    # Direct access: the identity itself is whom BigQuery sees.
    credential = world.credential({"service_account_impersonation_url": None})
    try:
        token = TokenSource.from_info(credential).token()
    except RolebridgeError as error:
        return "", error
    return world.session_user(token.value).split("/subject/")[1], None


def caller(world: World) -> tuple[str, object]:
    """Whom AWS STS takes botocore for; nobody, and why, if it has no keys that are good."""
    try:
        session = Session()
        # Nobody is there to type a one-time code.
        session.get_component("credential_provider").get_provider("assume-role")._prompter = refuse
        credentials = session.get_credentials()
        if credentials is None:
            return "", "no source has keys"
        keys = credentials.get_frozen_credentials()
        # A session of its own, so that nothing but the keys is asked of it.
        client = Session().create_client(
            "sts",
            endpoint_url=world.info["aws_sts"],
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
        )
        return client.get_caller_identity()["Arn"], None
    except (BotoCoreError, ClientError, RuntimeError, OSError, ValueError, LookupError, EOFError) as error:
        return "", error


def is_expected(expected: str | None, arn: str) -> bool:
    """Whether an ARN, or nothing, is what a row says."""
    resource = arn.split(":", 5)[-1]
    if expected is not None and expected.endswith("*"):
        return resource.startswith(expected[:-1])
    return resource == (expected or "")


def refuse(_: str) -> str:
    raise EOFError("nobody is there")


@pytest.fixture
def place(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Mapping[str, Any]], World]:
    """Makes a row's world, its files in a home of its own, and its environment."""

    def make(row: Mapping[str, Any]) -> World:
        world = make_world(changed(json.loads((FOLDER / "world.json").read_text()), row.get("world", {})))
        for fault in row.get("faults", []):
            world.order(fault)
        names = own_names(world.info) | {"home": str(tmp_path)}

        def fill(text: str) -> str:
            for name, own in names.items():
                text = text.replace("{" + name + "}", own)
            return text

        for name, text in row.get("files", {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(fill(text).encode())
        variables = {
            "HOME": "{home}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}",
            "AWS_ENDPOINT_URL_STS": "{aws_sts}",
            "AWS_ENDPOINT_URL_SSO": "{sso_portal}",
            "AWS_ENDPOINT_URL_SSO_OIDC": "{sso_oidc}",
            "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
        } | row.get("environment", {})
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        for name, text in variables.items():
            monkeypatch.setenv(name, fill(text))
        return world

    return make


def own_names(info: Mapping[str, Any]) -> dict[str, str]:
    """What the braces of a row stand for: the members of a world's info, and of the keys in it."""
    owners = {"": info, "keys.": info["keys"] or {}} | {f"{user['name']}.": user for user in info["users"]}
    return {
        prefix + name: value
        for prefix, owner in owners.items()
        for name, value in owner.items()
        if isinstance(value, str)
    }


def changed(target: Any, patch: Any) -> Any:
    """A member takes the place of its like. `None` is a value as others are: an instance without a role."""
    if not isinstance(patch, Mapping):
        return patch
    members = dict(target) if isinstance(target, Mapping) else {}
    return members | {name: changed(members.get(name), member) for name, member in patch.items()}
