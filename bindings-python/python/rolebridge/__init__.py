"""Google Cloud tokens for software that runs on AWS, with no service-account key.

    source = rolebridge.TokenSource.from_file("credential.json")
    source.token().value

`TokenSource` hands out tokens and needs nothing else. `Credentials` is one for Google's own clients, such as
`google.cloud.bigquery.Client(credentials=…)`; it needs google-auth, which is imported when it is first named.
"""

from rolebridge import _interpreter as _interpreter  # Before native code is loaded.
from rolebridge._native import Signature, Token, __version__
from rolebridge._source import TokenSource
from rolebridge.errors import (
    ConfigError,
    IdentityError,
    InternalError,
    MalformedError,
    RefusedError,
    RolebridgeError,
    UnavailableError,
)

#: As type checkers know it; importing `typing` would cost as much as all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from google.auth import credentials as google_credentials
    from rolebridge._credentials import Credentials, SigningCredentials
    from rolebridge._id_token_credentials import IDTokenCredentials

__all__ = [
    "ConfigError",
    "Credentials",
    "IDTokenCredentials",
    "IdentityError",
    "InternalError",
    "MalformedError",
    "RefusedError",
    "RolebridgeError",
    "Signature",
    "SigningCredentials",
    "Token",
    "TokenSource",
    "UnavailableError",
    "__version__",
    "default",
    "install",
    "warm",
]

#: What needs google-auth, and where it is.
_OF_GOOGLE = {
    "Credentials": "rolebridge._credentials",
    "IDTokenCredentials": "rolebridge._id_token_credentials",
    "SigningCredentials": "rolebridge._credentials",
}


def warm(*, scopes: "str | Sequence[str] | None" = None) -> None:
    """Starts the minting of a token for what the environment names, and returns at once.

    For a program that imports Google's client meanwhile; every object of equal configuration finds the token. Whatever
    goes wrong with the credential or the environment is told to the first call that wants the token, not raised here.
    """
    try:
        TokenSource.from_env(scopes=scopes).warm()
    except RolebridgeError:
        return  # Told to the first call that wants the token.


def default(
    scopes: "str | Sequence[str] | None" = None,
    request: "Any" = None,
    quota_project_id: str | None = None,
    default_scopes: "str | Sequence[str] | None" = None,
) -> "tuple[google_credentials.Credentials, str | None]":
    """Credentials and a project id, as `google.auth.default` gives them, wherever the program runs.

    They are Rolebridge's where `ROLEBRIDGE_CREDENTIALS` (a path or the JSON itself), `GOOGLE_APPLICATION_CREDENTIALS`
    or gcloud's own file names an AWS workload, and Google's own everywhere else: on a laptop, on Google Cloud, with a
    service account's key. Arguments as those of `google.auth.default`; no request is made for Rolebridge's.

    Errors: a `ConfigError` that is a `google.auth.exceptions.DefaultCredentialsError`, or one of google-auth's.
    """
    made: tuple[google_credentials.Credentials, str | None] = _google("default()", "rolebridge._default").default(
        scopes, request, quota_project_id, default_scopes
    )
    return made


def install() -> None:
    """Has `google.auth.default()`, and whatever else reads a credential file through google-auth, make Rolebridge's
    credentials of AWS's `external_account` files; every other credential stays Google's. Once is enough; a second call
    changes nothing.

    `ROLEBRIDGE_CREDENTIALS` is not read by it: google-auth knows `GOOGLE_APPLICATION_CREDENTIALS` alone.

    Errors: `ImportError` where google-auth is not installed, or has no place for it.
    """
    _google("install()", "rolebridge._default").install()


def _google(name: str, module: str) -> "Any":
    """The module of this name, which needs google-auth, imported."""
    # (importlib would have to be imported itself.)
    try:
        return __import__(module, fromlist=["*"])
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "google":
            raise
        raise ImportError(
            f"rolebridge.{name} needs google-auth: `pip install google-auth`", name="google.auth"
        ) from error


# Hidden from type checkers, to which it would say that every name exists.
if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in _OF_GOOGLE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        made = getattr(_google(name, _OF_GOOGLE[name]), name)
        globals()[name] = made
        return made


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
