"""Tokens and signatures for trio: a coroutine that waits until a pipe of its own is readable."""

import sys

from rolebridge import _logging
from rolebridge._native import Failure, Inbox
from rolebridge.errors import raised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from rolebridge._wait_types import Asker


def is_running() -> bool:
    """Whether a task of trio runs on this thread."""
    trio = sys.modules.get("trio")
    try:
        return trio is not None and trio.lowlevel.current_task() is not None
    except (AttributeError, RuntimeError):  # Another thread is importing it; no task.
        return False


def asked(
    source: "Asker",
    request: "Callable[[Inbox], int | Failure]",
    adopted: "Callable[[Any], Any]",
    blocking: "Callable[[], Any]",
) -> "Coroutine[Any, Any, Any]":
    """What a request brings. It is sent at once, whenever the coroutine is awaited."""
    trio = sys.modules["trio"]
    inbox = Inbox()
    try:
        pipe = inbox.fileno()
    except NotImplementedError:
        waited: Coroutine[Any, Any, Any] = trio.to_thread.run_sync(blocking)
        return waited
    number = request(inbox)
    if isinstance(number, Failure):
        raise raised(number)
    return _answered(source, inbox, pipe, adopted)


async def _answered(source: "Asker", inbox: Inbox, pipe: int, adopted: "Callable[[Any], Any]") -> "Any":
    while (arrival := inbox.take()) is None:
        await sys.modules["trio"].lowlevel.wait_readable(pipe)
    _logging.emit(source._native)
    if isinstance(arrival.outcome, Failure):
        raise raised(arrival.outcome)
    return adopted(arrival.outcome)


async def at_hand(value: "Any") -> "Any":
    """What needs no wait."""
    await sys.modules["trio"].lowlevel.checkpoint()
    return value
