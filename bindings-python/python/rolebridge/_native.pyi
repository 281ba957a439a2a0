"""The native half of Rolebridge. Of what is here, programs use `Token` alone, as `rolebridge.Token`.

No method raises a `RolebridgeError`: a failure is a value, of which `rolebridge.errors` makes an exception.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, final

__all__ = [
    "KINDS",
    "STEPS",
    "VARIABLES",
    "Arrival",
    "Building",
    "Failure",
    "Inbox",
    "Issued",
    "Pending",
    "PendingSignature",
    "Question",
    "Record",
    "Signature",
    "Source",
    "Token",
    "__version__",
    "command",
    "credential_text",
    "is_supported",
]

__version__: Final[str]
KINDS: Final[list[str]]
STEPS: Final[list[str]]
VARIABLES: Final[list[str]]

def command(arguments: list[str]) -> int:
    """Runs the command `rolebridge` on the streams of this process; its exit code."""

def credential_text(variables: dict[str, bytes]) -> str | Failure | None:
    """The text that the variables point to, of any credential type; none if no variable names one."""

def is_supported(text: str) -> bool:
    """Whether a credential file's text is for Rolebridge, however wrong the rest of it may be."""

@final
class Token:
    """A Google access token and when it ends. `repr` shows only the latter."""

    @property
    def value(self) -> str:
        """The token itself: a secret, worth as much as the service account until it ends."""

    @property
    def expires_at(self) -> datetime:
        """When it ends, as an aware datetime in UTC."""

    @property
    def _authorization(self) -> str:
        """The value of the header `authorization`."""

@final
class Signature:
    """What a service account signed: RSA with SHA-256 (RS256)."""

    @property
    def key_id(self) -> str:
        """The id of the account's key, under which its public half is published."""

    @property
    def value(self) -> bytes:
        """The signature itself."""

@final
class Issued:
    """A token as core issued it, before it has a date of Python's."""

    @property
    def ends(self) -> int:
        """When it ends, in microseconds since 1970."""

@final
class Failure:
    """What went wrong, with the names that the attributes of `RolebridgeError` have."""

    @property
    def kind(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def code(self) -> str | None: ...
    @property
    def field(self) -> str | None: ...
    @property
    def hint(self) -> str | None: ...
    @property
    def causes(self) -> list[str | BaseException]:
        """Each cause, the nearest first: its words, or the exception of Python's that it is."""

@final
class Building:
    """A source that is being made."""

    @staticmethod
    def begin(
        file: str | None,
        json: str | None,
        audience: str | None,
        service_account: str | None,
        scopes: list[str] | None,
        quota_project_id: str | None,
        universe_domain: str | None,
        allow_endpoints: list[str] | None,
        profile: str | None,
        role_arn: str | None,
        role_session_name: str | None,
        external_id: str | None,
        identity: tuple[Callable[..., Any], Callable[[Question], None]] | None,
        variables: dict[str, bytes],
        aside: bool,
    ) -> Building:
        """Begins to make a source of a file, of JSON text, of an audience, or of what the variables name; `aside`,
        the file is read by another thread than the one that waits. `identity` is how a thread is started, and what it
        calls.
        """

    def wait(self, seconds: float | None) -> Source | Failure | None:
        """Waits for so many seconds, or until it is made; none if it is still to come, or was given before."""

@final
class Pending:
    """A token that is to come."""

    def wait(self, seconds: float | None) -> Issued | Failure | None:
        """Waits for so many seconds, or until it is there; none if it is still to come, or was given before."""

@final
class PendingSignature:
    """A signature that is to come."""

    def wait(self, seconds: float | None) -> Signature | Failure | None:
        """Waits for so many seconds, or until it is there; none if it is still to come."""

@final
class Question:
    """One question to an identity supplier: it is answered once, and an answer that comes too late is passed over."""

    def begin(self) -> None:
        """This thread works for the supplier from now on, so that a token which needs its answer is refused here."""

    def supply(
        self,
        access_key_id: str,
        secret_access_key: str,
        session_token: str | None,
        expires_at: float | None,
        region: str | None,
    ) -> None:
        """The identity. `expires_at` is in seconds since 1970."""

    def refuse(self, problem: str) -> None:
        """What the supplier gave is no identity: the end of the sentence that says so."""

    def fail(self, exception: BaseException) -> None:
        """What the supplier raised."""

@final
class Record:
    """One line of the log."""

    @property
    def is_warning(self) -> bool: ...
    @property
    def message(self) -> str: ...
    @property
    def at(self) -> float:
        """When it happened, in seconds since 1970."""

    @property
    def step(self) -> str | None: ...
    @property
    def duration(self) -> float | None:
        """How long it took, in seconds."""

    @property
    def host(self) -> str | None: ...
    @property
    def attempt(self) -> int | None: ...

@final
class Source:
    """What `rolebridge.TokenSource` is made around."""

    def kept(self) -> Token | None:
        """The object of the cached token, if that needs no renewal and it was made into one before."""

    def cached(self) -> Issued | None:
        """The cached token, if it needs no renewal; starts nothing."""

    def adopt(self, issued: Issued, expires_at: datetime) -> Token:
        """The object of a token, made with this date for its end unless it is the one that is kept."""

    def request(self, variables: dict[str, bytes]) -> Pending | Failure:
        """Asks for a token with the environment as it is now."""

    def id_tokens(self, audience: str, includes_email: bool) -> Source | Failure:
        """A source of ID tokens for one audience."""

    def sign(self, payload: bytes, variables: dict[str, bytes]) -> PendingSignature | Failure:
        """Has the service account sign."""

    def invalidate(self, token: Token, variables: dict[str, bytes]) -> bool | Failure:
        """An API answered 401 to the token: whether the next request mints another."""

    def log_records(self) -> list[Record]:
        """What the flights of this process told since somebody asked last."""

    def with_scopes(self, scopes: list[str]) -> Source | Failure:
        """The same source for other scopes, with the same cache."""

    @property
    def service_account(self) -> str | None: ...
    @property
    def project(self) -> str | None: ...
    @property
    def quota_project(self) -> str | None: ...
    @property
    def audience(self) -> str: ...
    @property
    def scopes(self) -> list[str]: ...
    @property
    def universe_domain(self) -> str: ...

@final
class Arrival:
    """What has arrived: the number of a request, and its token, its signature or its failure."""

    @property
    def number(self) -> int: ...
    @property
    def outcome(self) -> Issued | Signature | Failure: ...

@final
class Inbox:
    """The answers that one event loop waits for."""

    def __new__(cls) -> Inbox: ...
    def fileno(self) -> int:
        """The file descriptor that is readable while an answer lies here."""

    def request(self, source: Source, variables: dict[str, bytes]) -> int | Failure:
        """Asks a source for a token; the answer will lie here under the number returned."""

    def request_signature(self, source: Source, payload: bytes, variables: dict[str, bytes]) -> int | Failure:
        """Has a source's service account sign; the answer will lie here under the number returned."""

    def take(self) -> Arrival | None:
        """One answer that has arrived; none if there is no more."""
