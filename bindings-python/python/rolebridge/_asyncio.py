"""Tokens and signatures for event loops: of asyncio, a future that is settled when the native side rings.

The loop watches a pipe, so that the thread which mints tokens never waits for the interpreter. A loop that cannot watch
one (Windows' proactor) waits on a thread of its executor instead.
"""

import os
import sys

from rolebridge import _logging, _trio
from rolebridge._native import Failure, Inbox
from rolebridge._wait import environment
from rolebridge.errors import raised

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Where a loop runs, it is imported already; elsewhere it is not worth its 60 ms.
    import asyncio
    from collections.abc import Awaitable, Callable
    from typing import Any

    from rolebridge._native import Signature, Token
    from rolebridge._wait_types import Asker

#: The loops on which somebody waits for a token just now.
_awaited: "dict[asyncio.AbstractEventLoop, _Awaited]" = {}
if hasattr(os, "register_at_fork"):
    # A child has its parent's pipes, on which nothing is announced to it.
    os.register_at_fork(after_in_child=_awaited.clear)


def token(source: "Asker") -> "Awaitable[Token]":
    """A future of the running loop, or a coroutine of trio's. Errors: `RuntimeError` where neither runs; when it is
    awaited, as `TokenSource.token`.
    """
    loop = None if _trio.is_running() else _running_loop()
    cached = source.cached()
    if cached is not None:
        if loop is None:
            return _trio.at_hand(cached)
        future: asyncio.Future[Token] = loop.create_future()
        future.set_result(cached)
        return future
    variables = environment()

    def request(inbox: Inbox) -> int | Failure:
        return inbox.request(source._native, variables)

    return _asked(loop, source, request, source._adopted, source.token)


def signature(source: "Asker", payload: bytes) -> "Awaitable[Signature]":
    """The same of a signature."""
    variables = environment()

    def request(inbox: Inbox) -> int | Failure:
        return inbox.request_signature(source._native, payload, variables)

    loop = None if _trio.is_running() else _running_loop()
    return _asked(loop, source, request, lambda made: made, lambda: source.sign(payload))


def _asked(
    loop: "asyncio.AbstractEventLoop | None",
    source: "Asker",
    request: "Callable[[Inbox], int | Failure]",
    adopted: "Callable[[Any], Any]",
    blocking: "Callable[[], Any]",
) -> "Awaitable[Any]":
    if loop is None:
        return _trio.asked(source, request, adopted, blocking)
    try:
        awaited = _awaited.get(loop) or _Awaited(loop)
    except NotImplementedError:
        return loop.run_in_executor(None, blocking)
    return awaited.request(source, request, adopted)


def _running_loop() -> "asyncio.AbstractEventLoop":
    try:
        loop: asyncio.AbstractEventLoop = sys.modules["asyncio"].get_running_loop()
    except (KeyError, AttributeError, RuntimeError):
        raise RuntimeError(
            "no running event loop: what ends in `_async` is for asyncio and trio; without a loop use the method "
            "of the same name without it, such as `source.token()`"
        ) from None
    return loop


class _Awaited:
    """The futures of one loop that wait for tokens. The loop watches the pipe only while there are any."""

    def __init__(self, loop: "asyncio.AbstractEventLoop") -> None:
        # Loops of other threads may come and go meanwhile.
        for ended in [loop for loop in list(_awaited) if loop.is_closed()]:
            _awaited.pop(ended, None)  # It closed while somebody waited, and will not tell.
        self._loop = loop
        self._inbox = Inbox()
        self._futures: dict[int, tuple[Asker, Callable[[Any], Any], asyncio.Future[Any]]] = {}
        loop.add_reader(self._inbox.fileno(), self._deliver)
        _awaited[loop] = self

    def request(
        self, source: "Asker", request: "Callable[[Inbox], int | Failure]", adopted: "Callable[[Any], Any]"
    ) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = self._loop.create_future()
        try:
            number = request(self._inbox)
            if isinstance(number, Failure):
                raise raised(number)
        except BaseException:
            self._rest()
            raise
        self._futures[number] = (source, adopted, future)
        future.add_done_callback(lambda _: self._forget(number))
        return future

    def _deliver(self) -> None:
        while (arrival := self._inbox.take()) is not None:
            asked = self._futures.get(arrival.number)
            if asked is None:
                continue
            source, adopted, future = asked
            _logging.emit(source._native)
            if future.done():
                continue  # Cancelled: its token is in the cache for the next one.
            if isinstance(arrival.outcome, Failure):
                future.set_exception(raised(arrival.outcome))
            else:
                future.set_result(adopted(arrival.outcome))

    def _forget(self, number: int) -> None:
        del self._futures[number]
        self._rest()

    def _rest(self) -> None:
        if not self._futures:
            self._loop.remove_reader(self._inbox.fileno())
            _awaited.pop(self._loop, None)
