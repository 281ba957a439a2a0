"""Types of what is waited for; no program's run imports them."""

from typing import Protocol, TypeVar

from rolebridge._native import Failure, Issued, Signature, Source, Token

Made = TypeVar("Made")
_Waited = TypeVar("_Waited", covariant=True)


class Waitable(Protocol[_Waited]):
    """What is to come."""

    def wait(self, seconds: float | None) -> _Waited | Failure | None:
        """Waits for so many seconds, or until it is there; none if it is still to come."""


class Asker(Protocol):
    """As much of a `TokenSource` as an event loop needs."""

    _native: Source

    def cached(self) -> Token | None: ...
    def token(self) -> Token: ...
    def sign(self, payload: bytes) -> Signature: ...
    def _adopted(self, issued: Issued) -> Token: ...
