"""`rolebridge.default` and `rolebridge.install`: credentials that a program does not name."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import google.auth
import pytest
import rolebridge
from google.auth import _default as hooks
from google.auth import exceptions
from google.oauth2 import service_account

from cloud import GOOGLE, World, output_of

BIGQUERY = "https://www.googleapis.com/auth/bigquery"

#: What `gcloud auth application-default login` writes; nobody can log in with it.
USER = {"type": "authorized_user", "client_id": "id", "client_secret": "secret", "refresh_token": "token"}


@pytest.fixture
def write(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes what `GOOGLE_APPLICATION_CREDENTIALS` names."""

    def written(content: object = None) -> Path:
        path = tmp_path / "credential.json"
        path.write_text(json.dumps(world.credential() if content is None else content))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        return path

    return written


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the time of one test."""
    monkeypatch.setattr(hooks, "_get_external_account_credentials", hooks._get_external_account_credentials)
    rolebridge.install()
    rolebridge.install()


def header_of(credentials: object) -> str:
    headers: dict[str, str] = {}
    credentials.before_request(None, "GET", "https://bigquery.googleapis.com/", headers)  # type: ignore[attr-defined]
    return headers["authorization"]


def test_the_default_is_ours_for_a_file_of_aws_and_asks_nobody(world: World, write: Callable[..., Path]) -> None:
    write()
    credentials, project = rolebridge.default(scopes=[BIGQUERY], quota_project_id="payer")
    assert isinstance(credentials, rolebridge.SigningCredentials)
    assert (project, credentials.scopes, credentials.quota_project_id) == ("my-project", [BIGQUERY], "payer")
    assert world.requests() == []
    assert header_of(credentials)
    libraries, _ = rolebridge.default(default_scopes=[BIGQUERY])
    assert isinstance(libraries, rolebridge.Credentials)
    assert (libraries.scopes, libraries.default_scopes) == (None, [BIGQUERY])


def test_json_in_the_environment_is_read_first(
    world: World, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(USER)
    monkeypatch.setenv("ROLEBRIDGE_CREDENTIALS", json.dumps(world.credential()))
    assert isinstance(rolebridge.default()[0], rolebridge.Credentials)


def test_every_other_file_is_google_s(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    write(USER)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "mine")
    for _ in ("by Google's variable", "by ours"):
        credentials, project = rolebridge.default()
        assert type(credentials).__module__ == "google.oauth2.credentials"
        assert project in ("mine", None)
        monkeypatch.setenv("ROLEBRIDGE_CREDENTIALS", json.dumps(USER))


def test_blank_variables_name_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Then Google's own library looks further, here in gcloud's folder."""
    (tmp_path / "application_default_credentials.json").write_text(json.dumps(USER))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("ROLEBRIDGE_CREDENTIALS", " ")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "mine")
    with warnings.catch_warnings():
        # That a user's credentials name no quota project.
        warnings.simplefilter("ignore", UserWarning)
        credentials, project = rolebridge.default()
    assert type(credentials).__module__ == "google.oauth2.credentials"
    assert project == "mine"


def test_gcloud_s_own_file_is_ours_if_it_is_of_aws(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "application_default_credentials.json").write_text(json.dumps(world.credential()))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    # Google's own library would ask its Resource Manager for the project.
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "mine")
    credentials, project = rolebridge.default(quota_project_id="payer")
    assert isinstance(credentials, rolebridge.Credentials)
    assert (credentials.quota_project_id, project) == ("payer", "mine")
    assert header_of(credentials)


def test_what_is_wrong_is_an_error_of_both_kinds(write: Callable[..., Path], world: World) -> None:
    write({**world.credential(), "audience": "nobody"})
    with pytest.raises(exceptions.DefaultCredentialsError) as caught:
        rolebridge.default()
    error = caught.value
    assert isinstance(error, rolebridge.ConfigError)
    assert (error.field, error.step) == ("audience", "config")
    path = write()
    path.write_text("{")
    with pytest.raises(rolebridge.ConfigError, match="not JSON"):
        rolebridge.default()
    path.unlink()
    with pytest.raises(exceptions.DefaultCredentialsError, match="cannot be read"):
        rolebridge.default()


@pytest.mark.usefixtures("_installed")
def test_installed_google_s_own_default_is_ours(world: World, write: Callable[..., Path]) -> None:
    path = write()
    credentials, project = google.auth.default(scopes=[BIGQUERY], quota_project_id="payer")
    assert isinstance(credentials, rolebridge.SigningCredentials)
    assert (project, credentials.scopes, credentials.quota_project_id) == ("my-project", [BIGQUERY], "payer")
    assert str(path) in (credentials.get_cred_info() or {})["credential_source"]
    assert header_of(credentials)
    assert world.operations().count("metadata.session_token") == 1


@pytest.mark.usefixtures("_installed")
def test_installed_a_client_s_credentials_file_is_ours(world: World, write: Callable[..., Path]) -> None:
    from google.cloud import bigquery

    options = {"api_endpoint": world.info["google"], "credentials_file": str(write())}
    with warnings.catch_warnings():
        # Of files that strangers wrote; the oldest google-auth does not.
        warnings.simplefilter("ignore", DeprecationWarning)
        client = bigquery.Client(project="my-project", client_options=options)
    with client:
        assert isinstance(client._credentials, rolebridge.Credentials)
        assert [row[0] for row in client.query("SELECT COUNT(*) FROM mydataset.users").result()] == [5]


@pytest.mark.usefixtures("_installed")
def test_installed_every_other_credential_stays_google_s(world: World, write: Callable[..., Path]) -> None:
    write(USER)
    assert type(google.auth.default()[0]).__module__ == "google.oauth2.credentials"
    other = {"subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": {"file": "token"}}
    write({**world.credential(), **other, **GOOGLE_URLS})
    assert type(google.auth.default()[0]).__module__ == "google.auth.identity_pool"
    write({**world.credential(), "audience": "nobody"})
    with pytest.raises(exceptions.DefaultCredentialsError, match="audience"):
        google.auth.default()


#: A file that names no service account, with Google's own hosts: nothing is asked of them for its project.
GOOGLE_URLS = {"token_url": GOOGLE["token_url"], "service_account_impersonation_url": None}


def test_a_key_of_google_s_stays_google_s(write: Callable[..., Path]) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write(
        {
            "type": "service_account",
            "client_email": "somebody@my-project.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
            "private_key": key.decode(),
            "project_id": "theirs",
        }
    )
    credentials, project = rolebridge.default()
    assert isinstance(credentials, service_account.Credentials)
    assert project == "theirs"


def test_a_google_auth_without_the_place_is_named() -> None:
    script = """
import google.auth._default as hooks
del hooks._get_external_account_credentials
import rolebridge
try:
    rolebridge.install()
except ImportError as error:
    print(error.name, error)
"""
    told = output_of(script, {})
    assert told.startswith("google.auth this version of google-auth has no place for rolebridge.install()")


def test_an_audience_in_place_of_a_file_behind_a_proxy(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world()
    authority = tmp_path / "authority.pem"
    authority.write_text(world.info["ca_pem"])
    script = """
import pickle, rolebridge, sys
credentials = rolebridge.Credentials.from_audience(*sys.argv[1:])
credentials.refresh(None)
source = rolebridge.TokenSource.from_audience(*sys.argv[1:])
print(credentials.token == source.token().value == pickle.loads(pickle.dumps(source)).token().value)
print(type(credentials).__name__, credentials.project_id)
print(type(rolebridge.Credentials.from_audience(sys.argv[1])).__name__)
"""
    environment = {
        "HTTPS_PROXY": world.info["proxy"],
        "SSL_CERT_FILE": str(authority),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": world.info["metadata"],
        "AWS_EC2_METADATA_DISABLED": "false",
    }
    output = output_of(script, environment, world.info["audience"], world.info["service_account"])
    assert output.splitlines() == ["True", "SigningCredentials my-project", "Credentials"]
    assert world.operations().count("iamcredentials.generateAccessToken") == 1


@pytest.mark.parametrize("wrong", [None, 5, b"audience"])
def test_an_audience_is_a_string(wrong: object) -> None:
    with pytest.raises(TypeError, match="`audience`"):
        rolebridge.TokenSource.from_audience(wrong)  # type: ignore[arg-type]


def test_without_google_auth_both_doors_say_what_to_install() -> None:
    script = """
import sys
sys.modules["google.auth"] = None
import rolebridge
for door in (rolebridge.default, rolebridge.install):
    try:
        door()
    except ImportError as error:
        print(error)
"""
    told = output_of(script, {}).splitlines()
    assert len(told) == 2
    assert all(line.endswith("needs google-auth: `pip install google-auth`") for line in told)
