"""Tokens for asyncio: a future of the running loop, settled when the native side rings.

The loop watches a pipe, so that the thread which mints tokens never waits for the interpreter. A loop that cannot watch
one (Windows' proactor) waits on a thread of its executor instead.
"""

import asyncio

from rolebridge._native import Inbox, Token, TokenSource

#: The loops on which somebody waits for a token just now.
_awaited: dict[asyncio.AbstractEventLoop, "_Awaited"] = {}


def token(source: TokenSource) -> "asyncio.Future[Token]":
    """A future of the running loop. Errors: `RuntimeError` where no loop runs; the future's as `TokenSource.token`."""
    loop = asyncio.get_running_loop()
    cached = source.cached()
    if cached is not None:
        future: asyncio.Future[Token] = loop.create_future()
        future.set_result(cached)
        return future
    try:
        awaited = _awaited.get(loop) or _Awaited(loop)
    except NotImplementedError:
        return loop.run_in_executor(None, source.token)
    return awaited.request(source)


class _Awaited:
    """The futures of one loop that wait for tokens. The loop watches the pipe only while there are any."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Loops of other threads may come and go meanwhile.
        for ended in [loop for loop in list(_awaited) if loop.is_closed()]:
            _awaited.pop(ended, None)  # It closed while somebody waited, and will not tell.
        self._loop = loop
        self._inbox = Inbox()
        self._futures: dict[int, asyncio.Future[Token]] = {}
        loop.add_reader(self._inbox.fileno(), self._deliver)
        _awaited[loop] = self

    def request(self, source: TokenSource) -> "asyncio.Future[Token]":
        future: asyncio.Future[Token] = self._loop.create_future()
        try:
            number = self._inbox.request(source)
        except BaseException:
            self._rest()
            raise
        self._futures[number] = future
        future.add_done_callback(lambda _: self._forget(number))
        return future

    def _deliver(self) -> None:
        for number, token, error in self._inbox.take():
            future = self._futures.get(number)
            if future is None or future.done():
                continue  # Cancelled: its token is in the cache for the next one.
            if token is not None:
                future.set_result(token)
            elif error is not None:
                future.set_exception(error)

    def _forget(self, number: int) -> None:
        del self._futures[number]
        self._rest()

    def _rest(self) -> None:
        if not self._futures:
            self._loop.remove_reader(self._inbox.fileno())
            _awaited.pop(self._loop, None)
