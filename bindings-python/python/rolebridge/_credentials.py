"""`Credentials`: a `TokenSource` as Google's own Python clients take it."""

import os
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from google.auth import exceptions
from google.auth.credentials import CredentialsWithQuotaProject, Scoped
from rolebridge._arguments import scopes_of
from rolebridge._native import Token
from rolebridge._source import TokenSource
from rolebridge.errors import RolebridgeError, UnavailableError

if TYPE_CHECKING:
    from rolebridge._identity_types import Identity
    from typing_extensions import Unpack


class Options(TypedDict, total=False):
    """What a source can be told; see `TokenSource.from_file`."""

    scopes: str | Sequence[str] | None
    quota_project_id: str | None
    universe_domain: str | None
    allow_endpoints: Sequence[str] | None
    profile: str | None
    role_arn: str | None
    role_session_name: str | None
    external_id: str | None
    identity: "Identity | None"


class Credentials(Scoped, CredentialsWithQuotaProject):
    """Credentials for any client of google-auth, such as `google.cloud.bigquery.Client(credentials=…)`.

    Copies for other scopes or another quota project, and every object of equal configuration in this process, share one
    cache. `token` is what was last handed out and `expiry` its end, a naive datetime in UTC, as google-auth has it.

    Failures are google-auth's, with the `RolebridgeError` as their `__cause__`: `RefreshError` where something must be
    mended, `TransportError` where a later call may succeed, which Google's clients try again by themselves.

    Pickles as what it was made of, never with a token; a client secret in the text of `from_info` goes along.
    """

    def __init__(self, source: TokenSource, *, scopes: str | Sequence[str] | None = None) -> None:
        """Of a source. `scopes` are those that the program chose for it; without any, a client names its own."""
        if source is None or isinstance(source, str | bytes | os.PathLike | dict):
            raise TypeError(
                "`source` is a TokenSource; of a credential file, Credentials are made by Credentials.from_file(path), "
                "Credentials.from_info(dict_or_text) or Credentials.from_env()"
            )
        super().__init__()  # type: ignore[no-untyped-call]
        self._source = source
        self._scopes = scopes_of(scopes)
        self._quota_project_id = source.quota_project_id
        self._universe_domain = source.universe_domain
        self._cred_file_path: str | None = None
        self._last: Token | None = None
        self._sent: Token | None = None

    @classmethod
    def from_file(
        cls, path: str | bytes | os.PathLike[str] | os.PathLike[bytes], **options: "Unpack[Options]"
    ) -> "Credentials":
        """From a credential file. Options and errors as `TokenSource.from_file`."""
        credentials = cls(TokenSource.from_file(path, **options), scopes=options.get("scopes"))
        credentials._cred_file_path = os.fsdecode(path)
        return credentials

    @classmethod
    def from_info(cls, info: dict[str, Any] | str, **options: "Unpack[Options]") -> "Credentials":
        """From a credential file's text, or the dict in it. Options and errors as `TokenSource.from_info`."""
        return cls(TokenSource.from_info(info, **options), scopes=options.get("scopes"))

    @classmethod
    def from_env(cls, **options: "Unpack[Options]") -> "Credentials":
        """From what the environment names. Options and errors as `TokenSource.from_env`."""
        return cls(TokenSource.from_env(**options), scopes=options.get("scopes"))

    def warm(self) -> None:
        """Starts the minting of a token, unless one is cached, and returns at once; see `TokenSource.warm`."""
        self._source.warm()

    def before_request(self, request: object, method: str, url: str, headers: MutableMapping[str, str]) -> None:
        """Adds the headers of a token that is valid now; waits only when none is left. `request` is not used."""
        # As `apply` does, which formats the same text for every request anew.
        token = self._sent = self._take()
        headers["authorization"] = token._authorization
        if self._quota_project_id:
            headers["x-goog-user-project"] = self._quota_project_id

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

    def with_scopes(
        self, scopes: str | Sequence[str] | None, default_scopes: str | Sequence[str] | None = None
    ) -> "Credentials":
        """A copy for other scopes; the default ones are the client library's own, where the program names none."""
        scopes, default_scopes = scopes_of(scopes), scopes_of(default_scopes)
        copy = self._copy(self._source.with_scopes(scopes or default_scopes or []))
        copy._scopes = scopes
        copy._default_scopes = default_scopes
        return copy

    def with_quota_project(self, quota_project_id: str | None) -> "Credentials":
        """A copy that names this project as the one that pays for quota."""
        copy = self._copy(self._source)
        copy._quota_project_id = quota_project_id
        return copy

    @property
    def requires_scopes(self) -> bool:
        """Whether nobody chose scopes yet."""
        return not self._scopes and not self._default_scopes

    @property
    def project_id(self) -> str | None:
        """The project of this credential, with no request made."""
        return self._source.project_id

    @property
    def service_account_email(self) -> str | None:
        """The service account whose tokens these are; `None` in direct access."""
        return self._source.service_account_email

    def get_cred_info(self) -> dict[str, str] | None:
        """What Google's clients add to an error of authorisation: the file, the kind and the principal."""
        if self._cred_file_path is None:
            return None
        info = {"credential_source": self._cred_file_path, "credential_type": "external account credentials"}
        return info | ({"principal": self.service_account_email} if self.service_account_email else {})

    def _take(self) -> Token:
        try:
            token = self._source.token()
        except UnavailableError as error:
            # Google's clients look at the first argument to see whether a later try makes sense.
            raise exceptions.TransportError(ConnectionError(str(error))) from error
        except RolebridgeError as error:
            raise exceptions.RefreshError(str(error)) from error
        if token is not self._last:
            self._hold(token)
        return token

    def _hold(self, token: Token) -> None:
        self._last = token
        self.token = token.value
        self.expiry = token.expires_at.replace(tzinfo=None)

    def _copy(self, source: TokenSource) -> "Credentials":
        copy = type(self)(source)
        copy.__dict__.update(self.__getstate__(), _source=source)
        return copy

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"token": None, "expiry": None, "_last": None, "_sent": None}

    def __repr__(self) -> str:
        source = self._source
        return f"<rolebridge.Credentials for {source.service_account_email or 'direct access'}, scopes={source.scopes}>"
