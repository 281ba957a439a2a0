"""`Credentials`: a `TokenSource` as Google's own Python clients take it."""

import os
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from google.auth.credentials import CredentialsWithQuotaProject, Scoped, Signing
from rolebridge._arguments import scopes_of
from rolebridge._google_errors import of_a_token
from rolebridge._source import TokenSource
from rolebridge._token_credentials import TokenCredentials
from rolebridge.errors import RolebridgeError

if TYPE_CHECKING:
    from google.auth.crypt import Signer
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


class Credentials(Scoped, CredentialsWithQuotaProject, TokenCredentials):
    """Credentials for any client of google-auth, such as `google.cloud.bigquery.Client(credentials=…)`.

    Copies for other scopes or another quota project, and every object of equal configuration in this process, share one
    cache. `token` is what was last handed out and `expiry` its end, a naive datetime in UTC, as google-auth has it.

    Those of a service account are `SigningCredentials`, which also sign as it does.

    Failures are of Rolebridge's class for them, such as `RefusedError`, and of google-auth's: `RefreshError` where
    something must be mended, `TransportError` where a later call may succeed, which Google's clients try again by
    themselves.

    Pickles as what it was made of, never with a token; a client secret in the text of `from_info` goes along.
    """

    def __new__(cls, source: TokenSource | None = None, **_: Any) -> "Credentials":
        """Where there is a service account, those that sign."""
        # Copied and unpickled, the class is the right one already, and there is no source.
        signs = cls is Credentials and isinstance(source, TokenSource) and source.service_account_email is not None
        return super().__new__(SigningCredentials if signs else cls)

    def __init__(self, source: TokenSource, *, scopes: str | Sequence[str] | None = None) -> None:
        """Of a source. `scopes` are those that the program chose for it; without any, a client names its own."""
        if source is None or isinstance(source, str | bytes | os.PathLike | dict):
            raise TypeError(
                "`source` is a TokenSource; of a credential file, Credentials are made by Credentials.from_file(path), "
                "Credentials.from_info(dict_or_text), Credentials.from_audience(…) or Credentials.from_env()"
            )
        TokenCredentials.__init__(self, source)
        self._scopes = scopes_of(scopes)
        self._default_scopes: list[str] | None = None
        self._quota_project_id = source.quota_project_id
        self._universe_domain = source.universe_domain
        self._cred_file_path: str | None = None

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
    def from_audience(
        cls, audience: str, service_account: str | None = None, **options: "Unpack[Options]"
    ) -> "Credentials":
        """Without a credential file. Arguments, options and errors as `TokenSource.from_audience`."""
        return cls(TokenSource.from_audience(audience, service_account, **options), scopes=options.get("scopes"))

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

    def get_project_id(self, request: object = None) -> str | None:
        """The same, as google-auth asks for it. `request` is not used."""
        return self.project_id

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

    def _copy(self, source: TokenSource) -> "Credentials":
        copy = type(self)(source)
        copy.__dict__.update(self.__getstate__(), _source=source)
        return copy

    def __repr__(self) -> str:
        source = self._source
        return f"<rolebridge.Credentials for {source.service_account_email or 'direct access'}, scopes={source.scopes}>"


class SigningCredentials(Credentials, Signing):
    """The credentials of a service account: a signed URL of Cloud Storage asks them for its signature.

    Each signature is a request to Google (`signBlob`), and the account must be allowed to sign for itself, or the role
    to sign as it, by *Service Account Token Creator*; see `TokenSource.sign`.
    """

    def sign_bytes(self, message: bytes) -> bytes:
        """The account's signature of the message, RSA with SHA-256. Waits and fails as a token does."""
        try:
            return self._source.sign(message).value
        except RolebridgeError as error:
            raise of_a_token(error) from error.__cause__

    @property
    def signer_email(self) -> str | None:
        """The service account, which signs."""
        return self.service_account_email

    @property
    def signer(self) -> "Signer":
        """What signs, for `google.auth.jwt.encode` and the like."""
        from rolebridge._signer import Signer

        return Signer(self.sign_bytes)
