import os
from asyncio import Future
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, final

from rolebridge.errors import RolebridgeError

__all__ = ["KINDS", "STEPS", "Inbox", "Token", "TokenSource", "__version__"]

__version__: Final[str]
KINDS: Final[list[str]]
STEPS: Final[list[str]]

@final
class Token:
    @property
    def value(self) -> str: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def _authorization(self) -> str: ...

@final
class TokenSource:
    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        scopes: Sequence[str] | None = None,
        quota_project_id: str | None = None,
        universe_domain: str | None = None,
        allow_endpoints: Sequence[str] | None = None,
    ) -> TokenSource: ...
    @classmethod
    def from_info(
        cls,
        info: dict[str, Any] | str,
        *,
        scopes: Sequence[str] | None = None,
        quota_project_id: str | None = None,
        universe_domain: str | None = None,
        allow_endpoints: Sequence[str] | None = None,
    ) -> TokenSource: ...
    @classmethod
    def from_env(
        cls,
        *,
        scopes: Sequence[str] | None = None,
        quota_project_id: str | None = None,
        universe_domain: str | None = None,
        allow_endpoints: Sequence[str] | None = None,
    ) -> TokenSource: ...
    def warm(self) -> None: ...
    def token(self) -> Token: ...
    def token_async(self) -> Future[Token]: ...
    def headers(self) -> dict[str, str]: ...
    def cached(self) -> Token | None: ...
    def refused(self, token: Token) -> None: ...
    def with_scopes(self, scopes: Sequence[str]) -> TokenSource: ...
    @property
    def service_account_email(self) -> str | None: ...
    @property
    def project_id(self) -> str | None: ...
    @property
    def quota_project_id(self) -> str | None: ...
    @property
    def scopes(self) -> list[str]: ...
    @property
    def universe_domain(self) -> str: ...
    def __copy__(self) -> TokenSource: ...
    def __deepcopy__(self, _memo: object) -> TokenSource: ...

@final
class Inbox:
    def __new__(cls) -> Inbox: ...
    def fileno(self) -> int: ...
    def request(self, source: TokenSource) -> int: ...
    def take(self) -> list[tuple[int, Token | None, RolebridgeError | None]]: ...
