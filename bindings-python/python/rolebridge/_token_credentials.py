"""What `Credentials` and `IDTokenCredentials` have in common: google-auth's view of a `TokenSource`."""

from collections.abc import MutableMapping
from typing import Any

from google.auth import credentials
from rolebridge._google_errors import of_a_token
from rolebridge._native import Token
from rolebridge._source import TokenSource
from rolebridge.errors import RolebridgeError


class TokenCredentials(credentials.Credentials):
    """Hands out a source's tokens as google-auth's credentials do."""

    def __init__(self, source: TokenSource) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._source = source
        self._last: Token | None = None
        self._sent: Token | None = None

    def before_request(self, request: object, method: str, url: str, headers: MutableMapping[str, str]) -> None:
        """Adds the header of a token that is valid now; waits only when none is left. `request` is not used."""
        # As `apply` does, which formats the same text for every request anew.
        token = self._sent = self._take()
        headers["authorization"] = token._authorization

    def refresh(self, request: object) -> None:
        """Takes a token that is valid now; another than the last one if that was sent or seems good to google-auth, for
        then an API refused it.

        Not if it is of the last thirty seconds, since its refusal has another cause. `request` is not used.
        """
        # In the last 225 s of its life google-auth calls no token valid, and Google's sessions come here for an API's
        # 401 all the same. A program that comes because it is not valid has not sent it.
        if self._last is not None and (self._last is self._sent or self.valid):
            self._source.invalidate(self._last)
        # Even one that was held already: whoever calls wants `token` and `expiry` to be its own.
        self._hold(self._take())

    def _take(self) -> Token:
        try:
            token = self._source.token()
        except RolebridgeError as error:
            raise of_a_token(error) from error.__cause__
        if token is not self._last:
            self._hold(token)
        return token

    def _hold(self, token: Token) -> None:
        self._last = token
        self.token = token.value
        self.expiry = token.expires_at.replace(tzinfo=None)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"token": None, "expiry": None, "_last": None, "_sent": None}
