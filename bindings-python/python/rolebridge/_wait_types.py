"""Types of what is waited for; no program's run imports them."""

from typing import Protocol, TypeVar

from rolebridge._native import Failure

Made = TypeVar("Made")
_Waited = TypeVar("_Waited", covariant=True)


class Waitable(Protocol[_Waited]):
    """What is to come."""

    def wait(self, seconds: float | None) -> _Waited | Failure | None:
        """Waits for so many seconds, or until it is there; none if it is still to come."""
