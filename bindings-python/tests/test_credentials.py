"""`Credentials`, as Google's own clients use it."""

import copy
import json
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import google.auth.credentials
import pytest
import rolebridge
from google.auth import exceptions
from google.auth.transport.requests import AuthorizedSession
from rolebridge import TokenSource

from cloud import World, output_of

BIGQUERY = "https://www.googleapis.com/auth/bigquery"
CLOUD = "https://www.googleapis.com/auth/cloud-platform"
IAM = "https://iamcredentials.googleapis.com/v1/projects"


@pytest.fixture
def credentials(world: World) -> rolebridge.Credentials:
    return rolebridge.Credentials.from_info(world.credential())


def headers_of(credentials: rolebridge.Credentials) -> dict[str, str]:
    headers: dict[str, str] = {}
    credentials.before_request(None, "GET", "https://bigquery.googleapis.com/", headers)
    return headers


def test_google_s_own_session_is_let_in(world: World, credentials: rolebridge.Credentials) -> None:
    url = f"{world.info['google']}/bigquery/v2/projects/my-project/queries"
    with AuthorizedSession(credentials) as session:
        reply = session.post(url, json={"query": "SELECT SESSION_USER()", "useLegacySql": False}, timeout=30)
    assert reply.json()["rows"][0]["f"][0]["v"] == world.info["service_account"]


def test_google_s_bigquery_client_is_let_in(world: World, credentials: rolebridge.Credentials) -> None:
    from google.cloud import bigquery

    with bigquery.Client(credentials=credentials, client_options={"api_endpoint": world.info["google"]}) as client:
        assert client.project == "my-project"
        rows = list(client.query("SELECT COUNT(*) FROM mydataset.users").result())
    assert rows[0][0] == 5


def test_the_real_host_names_behind_a_proxy(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world()
    authority = tmp_path / "authority.pem"
    authority.write_text(world.info["ca_pem"])
    path = tmp_path / "credential.json"
    path.write_text(
        json.dumps(world.credential())
        .replace(world.info["google"] + "/v1/projects", IAM)
        .replace(world.info["google"], "https://sts.googleapis.com")
    )
    script = """
import rolebridge, sys
from google.cloud import bigquery
client = bigquery.Client(credentials=rolebridge.Credentials.from_file(sys.argv[1]))
print(*[row[0] for row in client.query("SELECT SESSION_USER()").result()])
"""
    environment = {
        "HTTPS_PROXY": world.info["proxy"],
        "REQUESTS_CA_BUNDLE": str(authority),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": world.info["metadata"],
        "AWS_EC2_METADATA_DISABLED": "false",
    }
    assert output_of(script, environment, str(path)).strip() == world.info["service_account"]
    hosts = {request["host"] for request in world.requests() if not request["operation"].startswith("metadata.")}
    assert hosts == {"sts.googleapis.com", "iamcredentials.googleapis.com", "bigquery.googleapis.com"}


def test_before_request_hands_out_the_cached_token(world: World, credentials: rolebridge.Credentials) -> None:
    assert (credentials.token, credentials.expiry, credentials.valid) == (None, None, False)
    headers = headers_of(credentials)
    assert headers == {"authorization": f"Bearer {credentials.token}"}
    assert credentials.valid
    assert credentials.expiry is not None
    assert credentials.expiry.tzinfo is None
    left = credentials.expiry.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)
    assert timedelta(minutes=50) < left <= timedelta(hours=1)
    assert headers_of(credentials) == headers
    assert world.operations().count("sts.token") == 1


def test_a_token_near_its_end_is_used_without_waiting(world: World) -> None:
    """Of a life of 100 s, all lies within the 225 s in which google-auth itself stalls for a new token."""
    file = world.credential({"service_account_impersonation_url": None})
    world.fault("sts.token", merge={"expires_in": 100})
    world.fault("sts.token", times=None, hold="never")
    credentials = rolebridge.Credentials.from_info(file)
    headers = headers_of(credentials)
    assert not credentials.valid
    assert headers_of(credentials) == headers
    credentials.refresh(None)
    assert headers_of(credentials) == headers


class Source:
    """Stands for a source whose token is old enough to be renewed, for which a real one needs thirty seconds."""

    quota_project_id = None
    universe_domain = "googleapis.com"

    def __init__(self, life: timedelta = timedelta(hours=1)) -> None:
        self.minted = [Issue("first", life)]
        self.calls: list[str] = []

    def token(self) -> "Issue":
        return self.minted[-1]

    def invalidate(self, token: "Issue") -> None:
        self.calls.append(f"refused {token.value}")
        if token is self.minted[-1]:
            self.minted.append(Issue("second"))


class Issue:
    def __init__(self, value: str, life: timedelta = timedelta(hours=1)) -> None:
        self.value = value
        self.expires_at = datetime.now(timezone.utc) + life
        self._authorization = f"Bearer {value}"


def test_a_refused_token_is_renewed() -> None:
    source = Source()
    credentials = rolebridge.Credentials(cast(TokenSource, source))
    credentials.refresh(None)  # Nothing was handed out yet that could have been refused.
    assert (credentials.token, source.calls) == ("first", [])
    credentials.refresh(None)
    assert (credentials.token, source.calls) == ("second", ["refused first"])


def test_a_token_that_google_auth_calls_invalid_is_renewed_where_an_api_refused_it() -> None:
    """It calls none valid in the last 225 s of its life, and its session comes to `refresh` for a 401 all the same."""
    source = Source(timedelta(seconds=100))
    credentials = rolebridge.Credentials(cast(TokenSource, source))
    headers: dict[str, str] = {}
    credentials.before_request(None, "GET", "https://bigquery.googleapis.com/", headers)
    assert not credentials.valid
    credentials.refresh(None)
    assert (credentials.token, source.calls) == ("second", ["refused first"])


def test_a_token_that_google_auth_calls_invalid_is_kept_where_nobody_sent_it() -> None:
    """As by a program that calls `refresh` whenever `valid` is false: nothing refused the token."""
    source = Source(timedelta(seconds=100))
    credentials = rolebridge.Credentials(cast(TokenSource, source))
    for _ in range(2):
        assert not credentials.valid
        credentials.refresh(None)
    assert (credentials.token, source.calls) == ("first", [])


def test_a_token_that_somebody_renewed_meanwhile_is_not_renewed_again() -> None:
    source = Source()
    credentials = rolebridge.Credentials(cast(TokenSource, source))
    credentials.refresh(None)
    source.minted.append(Issue("renewed"))
    credentials.refresh(None)
    assert (credentials.token, source.calls) == ("renewed", ["refused first"])


def test_a_session_s_401_renews_no_token_of_the_last_half_minute(
    world: World, credentials: rolebridge.Credentials
) -> None:
    world.fault("bigquery.query", times=None, status=401)
    url = f"{world.info['google']}/bigquery/v2/projects/my-project/queries"
    with AuthorizedSession(credentials) as session:
        assert session.post(url, json={"query": "SELECT 1"}, timeout=30).status_code == 401
    assert world.operations().count("iamcredentials.generateAccessToken") == 1
    assert world.operations().count("bigquery.query") == 3


def test_scopes_are_the_program_s_then_the_library_s(world: World, credentials: rolebridge.Credentials) -> None:
    assert credentials.requires_scopes
    scoped = google.auth.credentials.with_scopes_if_required(credentials, None, default_scopes=[BIGQUERY])
    assert (scoped.requires_scopes, scoped.scopes, scoped.default_scopes) == (False, None, [BIGQUERY])
    headers_of(scoped)
    headers_of(scoped.with_scopes([CLOUD], default_scopes=[BIGQUERY]))
    headers_of(credentials)  # Without any, cloud-platform: the same token.
    asked = [request["scope"] for request in world.arrived("iamcredentials.generateAccessToken")]
    assert asked == [BIGQUERY, CLOUD]
    assert world.operations().count("sts.token") == 1
    assert not rolebridge.Credentials.from_info(world.credential(), scopes=[BIGQUERY]).requires_scopes


def test_a_quota_project_is_named_to_apis(world: World, credentials: rolebridge.Credentials) -> None:
    payer = credentials.with_quota_project("payer")
    assert headers_of(payer)["x-goog-user-project"] == "payer"
    assert payer.with_scopes([BIGQUERY]).quota_project_id == "payer"
    assert "x-goog-user-project" not in headers_of(payer.with_quota_project(None))
    assert [request["quota_project"] for request in world.requests()] == [None] * len(world.requests())
    assert world.operations().count("iamcredentials.generateAccessToken") == 1


def test_properties_come_from_the_file_alone(world: World, tmp_path: Path) -> None:
    path = tmp_path / "credential.json"
    path.write_text(json.dumps(world.credential()))
    credentials = rolebridge.Credentials.from_file(path)
    assert credentials.project_id == "my-project"
    assert credentials.service_account_email == world.info["service_account"]
    assert credentials.universe_domain == "googleapis.com"
    assert credentials.get_cred_info() == {
        "credential_source": str(path),
        "credential_type": "external account credentials",
        "principal": world.info["service_account"],
    }
    assert rolebridge.Credentials.from_info(world.credential()).get_cred_info() is None
    assert world.requests() == []


def test_repr_says_whose_tokens_and_for_what(world: World, credentials: rolebridge.Credentials) -> None:
    headers_of(credentials)
    email = world.info["service_account"]
    assert repr(credentials) == f"<rolebridge.Credentials for {email}, scopes=['{CLOUD}']>"


def test_a_string_is_one_scope(world: World, credentials: rolebridge.Credentials) -> None:
    assert rolebridge.Credentials.from_info(world.credential(), scopes=BIGQUERY).scopes == [BIGQUERY]
    scoped = credentials.with_scopes(BIGQUERY)
    assert scoped.scopes == [BIGQUERY]
    assert repr(scoped).endswith(f"scopes=['{BIGQUERY}']>")


@pytest.mark.parametrize("wrong", [None, "good.json", b"good.json", Path("good.json"), {"type": "external_account"}])
def test_what_is_no_source_is_pointed_to_the_right_door(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"Credentials\.from_file\(path\)"):
        rolebridge.Credentials(wrong)


def test_without_google_auth_it_says_what_to_install() -> None:
    script = """
import sys
# As where it is not installed.
sys.modules["google.auth"] = None
import rolebridge
try:
    from rolebridge import Credentials
except ImportError as error:
    print(error)
print(rolebridge.TokenSource.__name__)
"""
    told = "rolebridge.Credentials needs google-auth: `pip install google-auth`"
    assert output_of(script, {}) == f"{told}\nTokenSource\n"


def test_a_permanent_failure_is_a_refresh_error(world: World, credentials: rolebridge.Credentials) -> None:
    world.change({"aws": {"instance": {"role": "other-role"}}})
    with pytest.raises(exceptions.RefreshError, match="refused to impersonate") as caught:
        headers_of(credentials)
    error = caught.value
    assert isinstance(error, rolebridge.RefusedError)
    assert (error.step, error.status) == ("impersonation", 403)
    assert f"hint: {error.hint}" in str(error)
    assert len(error.args) == 1


def test_a_passing_failure_is_one_that_google_s_clients_try_again(
    world: World, credentials: rolebridge.Credentials
) -> None:
    world.fault("metadata.session_token", times=None, status=503)
    with pytest.raises(exceptions.TransportError) as caught:
        credentials.refresh(None)
    error = caught.value
    assert isinstance(error, rolebridge.UnavailableError)
    assert isinstance(error.args[0], ConnectionError)
    assert (error.kind, error.step, error.status) == ("unavailable", "identity", 503)
    assert str(error).startswith(str(error.args[0]))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_duplicates_are_made_without_a_token(
    world: World, credentials: rolebridge.Credentials, duplicate: Callable[[Any], Any]
) -> None:
    credentials = credentials.with_scopes([BIGQUERY]).with_quota_project("payer")
    headers = headers_of(credentials)
    other = duplicate(credentials)
    assert (other.token, other.expiry, other.scopes, other.quota_project_id) == (None, None, [BIGQUERY], "payer")
    assert headers_of(other) == headers
    assert world.operations().count("sts.token") == 1


def test_no_token_is_in_a_pickle(world: World, credentials: rolebridge.Credentials) -> None:
    headers_of(credentials)
    text = pickle.dumps(credentials)
    assert credentials.token is not None
    assert credentials.token.encode() not in text
    assert world.info["keys"]["secret_access_key"].encode() not in text


def test_from_env(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLEBRIDGE_CREDENTIALS", json.dumps(world.credential()))
    assert headers_of(rolebridge.Credentials.from_env())


def test_a_refresh_leaves_its_own_token_and_end(credentials: rolebridge.Credentials) -> None:
    credentials.refresh(None)
    token, end = credentials.token, credentials.expiry
    assert token
    assert end
    # Programs force a refresh so, and threads that overtake each other leave what is not of one token.
    credentials.token, credentials.expiry = None, None
    credentials.refresh(None)
    assert (credentials.token, credentials.expiry) == (token, end)
    assert credentials.valid
