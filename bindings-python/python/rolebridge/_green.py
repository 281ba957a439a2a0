"""Waits for tokens under gevent and eventlet, whose greenlets share one thread: the others run meanwhile.

Where their monkey patch is in effect, the standard library's `select` and `threading.Event` wait in the hub's own way.
One greenlet of a hub watches the pipe on which tokens are announced, and tells the others.
"""

import os
import sys

from rolebridge._native import Failure, Inbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import Any

#: The hubs in which somebody waits for a token just now.
_awaited: "dict[object, _Awaited]" = {}
if hasattr(os, "register_at_fork"):
    # A child has its parent's pipes, on which nothing is announced to it.
    os.register_at_fork(after_in_child=_awaited.clear)


def hub() -> object | None:
    """The hub of this thread's greenlets, if the monkey patch of what is used here is in effect."""
    found = None
    monkey, patcher = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if monkey is not None and all(monkey.is_module_patched(name) for name in ("select", "threading")):
        found = sys.modules["gevent"].get_hub()
    elif patcher is not None and all(patcher.is_monkey_patched(name) for name in ("select", "thread")):
        found = sys.modules["eventlet.hubs"].get_hub()
    return found


def settled(hub: object, request: "Callable[[Inbox], int | Failure]") -> "Any":
    """What a request brings whose answer lies in an inbox: it, or a `Failure`."""
    awaited = _awaited.get(hub)
    if awaited is None:
        awaited = _awaited[hub] = _Awaited(hub)
    return awaited.settled(request)


class _Awaited:
    """What the greenlets of one hub wait for."""

    def __init__(self, hub: object) -> None:
        self._hub = hub
        self._inbox = Inbox()
        self._outcomes: dict[int, Any] = {}
        self._waiting: dict[int, threading.Event] = {}
        self._is_watched = False

    def settled(self, request: "Callable[[Inbox], int | Failure]") -> "Any":
        # It was imported before the patch was made, or by it.
        import threading

        number = request(self._inbox)
        if isinstance(number, Failure):
            self._rest()
            return number
        event = self._waiting[number] = threading.Event()
        try:
            while number not in self._outcomes:
                if self._is_watched:
                    event.wait()
                    event.clear()
                else:
                    self._watch()
            return self._outcomes[number]
        finally:
            # Also for one that was killed while it waited.
            del self._waiting[number]
            self._outcomes.pop(number, None)
            self._rest()

    def _watch(self) -> None:
        import select

        self._is_watched = True
        try:
            select.select([self._inbox.fileno()], [], [])
            while (arrival := self._inbox.take()) is not None:
                if arrival.number in self._waiting:
                    self._outcomes[arrival.number] = arrival.outcome
                    self._waiting[arrival.number].set()
        finally:
            self._is_watched = False

    def _rest(self) -> None:
        """Has another one watch the pipe, if any waits still."""
        for number, event in self._waiting.items():
            if number not in self._outcomes:
                event.set()
                break
        if not self._waiting and _awaited.get(self._hub) is self:
            del _awaited[self._hub]
