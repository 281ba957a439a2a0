"""Failures as Google's own clients take them: each is an error of google-auth and of Rolebridge."""

from google.auth import exceptions
from rolebridge import errors
from rolebridge.errors import RolebridgeError


class ConfigRefreshError(errors.ConfigError, exceptions.RefreshError):
    """A `ConfigError` that Google's clients do not try again."""


class IdentityRefreshError(errors.IdentityError, exceptions.RefreshError):
    """An `IdentityError` that Google's clients do not try again."""


class RefusedRefreshError(errors.RefusedError, exceptions.RefreshError):
    """A `RefusedError` that Google's clients do not try again."""


class MalformedRefreshError(errors.MalformedError, exceptions.RefreshError):
    """A `MalformedError` that Google's clients do not try again."""


class InternalRefreshError(errors.InternalError, exceptions.RefreshError):
    """An `InternalError` that Google's clients do not try again."""


class UnavailableTransportError(errors.UnavailableError, exceptions.TransportError):
    """An `UnavailableError` that Google's clients try again by themselves: they look for the `ConnectionError` that is
    its first argument.
    """

    def __init__(self, message: "str | ConnectionError", **details: "str | int | None") -> None:
        # Unpickled, it is given its own argument.
        cause = message if isinstance(message, ConnectionError) else ConnectionError(message)
        super().__init__(cause, **details)  # type: ignore[arg-type]


class ConfigDefaultCredentialsError(errors.ConfigError, exceptions.DefaultCredentialsError):
    """A `ConfigError` where a program looked for default credentials."""


#: The class for each kind.
_OF_A_TOKEN: dict[str, type[RolebridgeError]] = {
    error.kind: error
    for error in (
        ConfigRefreshError,
        IdentityRefreshError,
        RefusedRefreshError,
        MalformedRefreshError,
        InternalRefreshError,
        UnavailableTransportError,
    )
}


def of_a_token(error: RolebridgeError) -> RolebridgeError:
    """The same failure as google-auth's `RefreshError` or, where a later call may succeed, `TransportError`."""
    return _as(_OF_A_TOKEN[error.kind], error)


def of_default_credentials(error: errors.ConfigError) -> RolebridgeError:
    """The same failure as google-auth's `DefaultCredentialsError`."""
    return _as(ConfigDefaultCredentialsError, error)


def _as(kind: type[RolebridgeError], error: RolebridgeError) -> RolebridgeError:
    details = {name: getattr(error, name) for name in ("step", "status", "code", "field", "hint")}
    same = kind(error.args[0], **details)
    same.__cause__ = error.__cause__
    return same
