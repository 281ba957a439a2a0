"""What a program hands over as `identity`, and what it gives, in the types that the native side takes.

It is told by its methods, so that neither boto3 nor google-auth is imported for it. The native side has a thread of
Python's own started for each question: whatever the program's code waits for, it does not hold up other tokens, and the
interpreter can end that thread when the process ends.
"""

import sys
from _thread import start_new_thread

from rolebridge import _green

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rolebridge._identity_types import Identity
    from rolebridge._native import Question

#: The names of each part of an identity: ours, those of AWS's replies, and botocore's.
_NAMES = {
    "access_key_id": ("access_key_id", "AccessKeyId", "access_key"),
    "secret_access_key": ("secret_access_key", "SecretAccessKey", "secret_key"),
    "session_token": ("session_token", "SessionToken", "token"),
    "expiration": ("expiration", "Expiration", "expiry_time"),
    "region": ("region", "Region"),
}


class _Unusable(Exception):
    """What was given is no identity: the end of a sentence that says so."""


class Context:
    """What google-auth tells its suppliers of the credential, with the names that it has there."""

    subject_token_type = "urn:ietf:params:aws:token-type:aws4_request"
    #: Known once the source is made.
    audience = ""


class Supplier:
    """A program's `identity` as the native side asks it. `given` is what the program handed over."""

    def __init__(self, given: "Identity") -> None:
        self.given = given
        self.context = Context()
        self._ask: Callable[[], dict[str, Any]]
        if _has(given, "get_aws_security_credentials", "get_aws_region"):
            self._ask = self._of_supplier
        elif not isinstance(given, type) and _has(given, "get_credentials"):
            self._ask = self._of_session
        elif callable(given):
            self._ask = self._of_call
        else:
            raise TypeError(
                "`identity` is a callable, a session of botocore or boto3, or an AwsSecurityCredentialsSupplier of "
                f"google-auth, not of type {type(given).__name__}"
            )

    def native(self) -> "tuple[Callable[..., Any], Callable[[Question], None]]":
        """How the native side asks: what starts a thread, and what that thread runs."""
        return _thread_starter(), self._answer

    def _answer(self, question: "Question") -> None:
        """The whole of a thread's life."""
        question.begin()
        try:
            parts = self._ask()
        except _Unusable as unusable:
            question.refuse(str(unusable))
        except BaseException as error:  # Whatever it is, it is the cause of the error that the caller is told.
            question.fail(error)
        else:
            question.supply(**parts)

    def _of_call(self) -> "dict[str, Any]":
        supply: Any = self.given
        return _parts(supply())

    def _of_session(self) -> "dict[str, Any]":
        session: Any = self.given
        credentials = session.get_credentials()
        if credentials is None:
            raise _Unusable("no credentials: the session has none")
        region = session.region_name if hasattr(session, "region_name") else session.get_config_variable("region")
        return _parts(credentials) | {"region": _text("region", region)}

    def _of_supplier(self) -> "dict[str, Any]":
        supplier: Any = self.given
        request = _request()
        parts = _parts(supplier.get_aws_security_credentials(self.context, request))
        return parts | {"region": _text("region", supplier.get_aws_region(self.context, request))}


def _parts(given: "Any") -> "dict[str, Any]":
    """The parts of an identity, checked by type; what they mean is the core's to judge."""
    if given is None:
        raise _Unusable("None, and no credentials")
    if hasattr(given, "__await__"):
        if hasattr(given, "close"):
            given.close()  # Else Python warns that nobody awaited it.
        raise _Unusable("an awaitable: give a function that returns its credentials")
    expires_at = None
    if _has(given, "get_frozen_credentials"):
        # Credentials of botocore, which renews them first if they end soon. It has no public name for that end.
        frozen = given.get_frozen_credentials()
        expires_at = _seconds(getattr(given, "_expiry_time", None))
        given = frozen
    names = ("access_key_id", "secret_access_key", "session_token", "region")
    parts: dict[str, Any] = {name: _text(name, _member(given, name)) for name in names}
    parts["expires_at"] = expires_at if expires_at is not None else _seconds(_member(given, "expiration"))
    for name in ("access_key_id", "secret_access_key"):
        if parts[name] is None:
            raise _Unusable(f"no `{name}`, but a value of type {type(given).__name__}")
    return parts


def _member(given: "Any", part: str) -> "Any":
    """The first of a part's names that the mapping or the object has."""
    is_mapping = _has(given, "__getitem__", "keys")
    for name in _NAMES[part]:
        value = given[name] if is_mapping and name in given else None if is_mapping else getattr(given, name, None)
        if value is not None:
            return value
    return None


def _text(part: str, value: "Any") -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise _Unusable(f"a `{part}` of type {type(value).__name__}, and not a string")


def _seconds(end: "Any") -> float | None:
    """An end, a datetime with its zone or the text of one, in seconds since 1970."""
    if end is None:
        return None
    from datetime import datetime

    if isinstance(end, str):
        try:
            end = datetime.fromisoformat(end.replace("Z", "+00:00"))
        except ValueError:
            raise _Unusable("an `expiration` that is no date of ISO 8601") from None
    if not isinstance(end, datetime):
        raise _Unusable(f"an `expiration` of type {type(end).__name__}, and not a datetime")
    if end.tzinfo is None:
        raise _Unusable("an `expiration` without a time zone")
    return end.timestamp()


def _request() -> "Any":
    """What google-auth's suppliers make HTTP requests with; none where it or its transport is not installed."""
    try:
        from google.auth.transport.requests import Request
    except ImportError:
        return None
    return Request()


def _has(given: "Any", *methods: str) -> bool:
    return all(callable(getattr(given, method, None)) for method in methods)


def _thread_starter() -> "Callable[..., Any]":
    """What starts a thread of the interpreter, written in C, also where a monkey patch has greenlets started."""
    monkey, patcher = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    starter: Callable[..., Any] = start_new_thread
    # Two threads that make the first hubs of a process at once can wait for each other for ever: one is made now.
    _green.hub()
    if monkey is not None:
        starter = monkey.get_original("_thread", "start_new_thread")
    elif patcher is not None:
        starter = patcher.original("threading")._start_new_thread
    return starter
