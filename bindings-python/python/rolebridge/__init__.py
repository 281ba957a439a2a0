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

    from rolebridge._credentials import Credentials

__all__ = [
    "ConfigError",
    "Credentials",
    "IdentityError",
    "InternalError",
    "MalformedError",
    "RefusedError",
    "RolebridgeError",
    "Signature",
    "Token",
    "TokenSource",
    "UnavailableError",
    "__version__",
    "warm",
]


def warm(*, scopes: "str | Sequence[str] | None" = None) -> None:
    """Starts the minting of a token for what the environment names, and returns at once.

    For a program that imports Google's client meanwhile; every object of equal configuration finds the token. Whatever
    goes wrong with the credential or the environment is told to the first call that wants the token, not raised here.
    """
    try:
        TokenSource.from_env(scopes=scopes).warm()
    except RolebridgeError:
        return  # Told to the first call that wants the token.


# Hidden from type checkers, to which it would say that every name exists.
if not TYPE_CHECKING:

    def __getattr__(name):
        if name == "Credentials":
            try:
                from rolebridge._credentials import Credentials
            except ModuleNotFoundError as error:
                if error.name is None or error.name.partition(".")[0] != "google":
                    raise
                raise ImportError(
                    "rolebridge.Credentials needs google-auth: `pip install google-auth`", name="google.auth"
                ) from error
            globals()[name] = Credentials
            return Credentials
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
