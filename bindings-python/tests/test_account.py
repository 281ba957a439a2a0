"""What the service account gives besides access tokens: ID tokens and signatures, checked with its published keys."""

import asyncio
import copy
import json
import pickle
from collections.abc import Callable
from typing import Any, cast

import google.auth.credentials
import pytest
import requests
import rolebridge
from google.auth import exceptions, jwt
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import id_token as verifier
from rolebridge import ConfigError, RefusedError, TokenSource

from cloud import World, merged, output_of
from published import base64url, verify_signature

AUDIENCE = "https://service.example"


@pytest.fixture
def world(signing_world: World) -> World:
    return signing_world


@pytest.fixture
def source(world: World) -> TokenSource:
    return TokenSource.from_info(world.credential())


def claims_of(world: World, token: str) -> dict[str, Any]:
    """As Google's own verifier reads it."""
    url = f"{world.info['google']}/oauth2/v1/certs"
    return dict(verifier.verify_token(token, Request(), AUDIENCE, url))


def test_an_id_token_is_of_the_account_for_its_audience_and_kept(world: World, source: TokenSource) -> None:
    token = source.id_token(AUDIENCE)
    claims = claims_of(world, token.value)
    assert (claims["email"], claims["aud"]) == (world.info["service_account"], AUDIENCE)
    assert -1 < claims["exp"] - token.expires_at.timestamp() < 2
    assert source.id_token(AUDIENCE) is token
    assert source.id_token("https://other.example").value != token.value
    assert TokenSource.from_info(world.credential()).id_token(AUDIENCE).value == token.value
    assert token.value not in repr(token)
    assert world.operations().count("iamcredentials.generateIdToken") == 2
    assert "iamcredentials.generateAccessToken" not in world.operations()


def test_an_id_token_without_an_e_mail_is_another(world: World, source: TokenSource) -> None:
    assert "email" not in claims_of(world, source.id_token(AUDIENCE, include_email=False).value)
    assert "email" in claims_of(world, source.id_token(AUDIENCE).value)


def test_more_audiences_than_are_kept_at_hand_all_have_a_token(world: World, source: TokenSource) -> None:
    first = source.id_token("https://0.example")
    for number in range(200):
        source.id_token(f"https://{number}.example")
    assert len(source._id_tokens) <= 64
    assert source.id_token("https://0.example").value == first.value


def test_a_signature_is_the_account_s_and_is_asked_for_each_time(world: World, source: TokenSource) -> None:
    for payload in (b"a\x00b", b"\xff" * 70_000, bytearray(b"array"), memoryview(b"view")):
        signature = source.sign(cast(bytes, payload))
        verify_signature(world, signature, bytes(payload))
        assert repr(signature) == f"<rolebridge.Signature key_id={signature.key_id}>"
    assert world.operations().count("iamcredentials.signBlob") == 4
    assert world.operations().count("iamcredentials.generateAccessToken") == 1


def test_asyncio_waits_for_both(world: World, source: TokenSource) -> None:
    async def both() -> None:
        token, signature = await asyncio.gather(source.id_token_async(AUDIENCE), source.sign_async(b"payload"))
        assert claims_of(world, token.value)["aud"] == AUDIENCE
        verify_signature(world, signature, b"payload")

    asyncio.run(both())


def test_what_is_lacking_is_a_typed_error(make_world: Callable[..., World], environment: Callable[..., None]) -> None:
    world = make_world()
    environment(world.environment)
    source = TokenSource.from_info(world.credential())
    with pytest.raises(RefusedError) as caught:
        source.sign(b"payload")
    assert (caught.value.step, caught.value.status) == ("signing", 403)
    assert "roles/iam.serviceAccountTokenCreator" in (caught.value.hint or "")

    direct = TokenSource.from_info(merged(world.credential(), {"service_account_impersonation_url": None}))
    with pytest.raises(ConfigError, match="service account"):
        direct.id_token(AUDIENCE)
    with pytest.raises(ConfigError, match="service account"):
        direct.sign(b"payload")
    with pytest.raises(ConfigError, match="audience"):
        TokenSource.from_info(world.credential()).id_token(" ")
    for wrong in (None, 5, b"bytes"):
        with pytest.raises(TypeError, match="`audience` is a string"):
            source.id_token(cast(str, wrong))
    for text in (None, 5, "text"):
        with pytest.raises(TypeError, match="`payload`"):
            source.sign(cast(bytes, text))


def test_a_source_that_has_id_tokens_pickles_without_them(source: TokenSource) -> None:
    token = source.id_token(AUDIENCE)
    pickled = pickle.dumps(source)
    assert token.value.encode() not in pickled
    assert pickle.loads(pickled).id_token(AUDIENCE).value == token.value


PROGRAM = """
import gevent.monkey; gevent.monkey.patch_all()
import sys, gevent
from rolebridge import TokenSource
source = TokenSource.from_info(sys.argv[1])
turns = 0
def others():
    global turns
    while True:
        turns += 1
        gevent.sleep(0.001)
other = gevent.spawn(others)
gevent.sleep(0)
waiting = [gevent.spawn(source.sign, b"payload"), gevent.spawn(source.id_token, "https://service.example")]
gevent.joinall(waiting, raise_error=True)
print(turns > 5, len(waiting[0].value.value))
"""


def test_greenlets_go_on_while_one_waits_for_a_signature(world: World) -> None:
    world.fault("iamcredentials.signBlob", delay_milliseconds=100)
    assert output_of(PROGRAM, world.key_environment, json.dumps(world.credential())) == "True 256\n"


def test_google_s_session_is_let_in_with_an_id_token(world: World, source: TokenSource) -> None:
    for made_of in (source, rolebridge.Credentials(source)):
        credentials = rolebridge.IDTokenCredentials(made_of, AUDIENCE)
        assert (credentials.token, credentials.valid) == (None, False)
        with AuthorizedSession(credentials) as session:
            request = session.prepare_request(requests.Request("GET", "https://service.example/"))
            credentials.before_request(None, "GET", AUDIENCE, cast(dict[str, str], request.headers))
        assert request.headers["authorization"] == f"Bearer {credentials.token}"
        assert credentials.valid
        assert claims_of(world, str(credentials.token))["aud"] == AUDIENCE
        assert credentials.service_account_email == world.info["service_account"]
        assert repr(credentials).endswith(f"audience='{AUDIENCE}'>")
        assert str(credentials.token) not in repr(credentials)
    assert world.operations().count("iamcredentials.generateIdToken") == 1


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_duplicates_of_id_token_credentials_are_made_without_a_token(
    source: TokenSource, duplicate: Callable[[Any], Any]
) -> None:
    credentials = rolebridge.IDTokenCredentials(source, AUDIENCE, include_email=False)
    credentials.refresh(None)
    other = duplicate(credentials)
    assert (other.token, other.target_audience) == (None, AUDIENCE)
    other.refresh(None)
    assert other.token == credentials.token
    elsewhere = credentials.with_target_audience("https://other.example")
    elsewhere.refresh(None)
    assert (elsewhere.target_audience, elsewhere.token == other.token) == ("https://other.example", False)


def test_what_id_token_credentials_cannot_do_is_an_error_of_both_kinds(world: World) -> None:
    direct = merged(world.credential(), {"service_account_impersonation_url": None})
    with pytest.raises(exceptions.RefreshError, match="service account") as caught:
        rolebridge.IDTokenCredentials(TokenSource.from_info(direct), AUDIENCE)
    assert isinstance(caught.value, ConfigError)
    with pytest.raises(TypeError, match="`source_or_credentials`"):
        rolebridge.IDTokenCredentials(cast(TokenSource, "credential.json"), AUDIENCE)


def test_credentials_sign_where_there_is_a_service_account(world: World) -> None:
    credentials = rolebridge.Credentials.from_info(world.credential())
    assert isinstance(credentials, google.auth.credentials.Signing)
    assert isinstance(credentials, rolebridge.SigningCredentials)
    assert credentials.signer_email == world.info["service_account"]
    assert len(credentials.sign_bytes(b"payload")) == 256
    header, payload, signature = jwt.encode(credentials.signer, {"iss": "me"}).decode().split(".")
    assert len(base64url(signature)) == 256
    assert jwt.decode(f"{header}.{payload}.{signature}", verify=False) == {"iss": "me"}
    for other in (credentials.with_scopes([AUDIENCE]), copy.copy(credentials), pickle.loads(pickle.dumps(credentials))):
        assert isinstance(other, rolebridge.SigningCredentials)
        assert len(other.sign_bytes(b"payload")) == 256
    direct = merged(world.credential(), {"service_account_impersonation_url": None})
    assert not isinstance(rolebridge.Credentials.from_info(direct), google.auth.credentials.Signing)


def test_a_refused_signature_is_an_error_of_both_kinds(
    make_world: Callable[..., World], environment: Callable[..., None]
) -> None:
    world = make_world()
    environment(world.environment)
    credentials = rolebridge.Credentials.from_info(world.credential())
    assert isinstance(credentials, rolebridge.SigningCredentials)
    with pytest.raises(exceptions.RefreshError, match="refused to sign") as caught:
        credentials.sign_bytes(b"payload")
    assert isinstance(caught.value, RefusedError)
