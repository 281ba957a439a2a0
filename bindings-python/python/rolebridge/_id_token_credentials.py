"""`IDTokenCredentials`: a service account's ID tokens for Google's own Python sessions."""

from typing import Any

from rolebridge._credentials import Credentials
from rolebridge._google_errors import of_a_token
from rolebridge._source import TokenSource
from rolebridge._token_credentials import TokenCredentials
from rolebridge.errors import RolebridgeError


class IDTokenCredentials(TokenCredentials):
    """Credentials whose token is an ID token of the service account, for a service that asks for one: Cloud Run, Cloud
    Functions, Identity-Aware Proxy. `google.auth.transport.requests.AuthorizedSession(credentials)` sends it.

    Errors as those of `Credentials`; a `ConfigError` that is a `RefreshError` in direct access, where there is no
    service account.
    """

    def __init__(
        self, source_or_credentials: TokenSource | Credentials, audience: str, *, include_email: bool = True
    ) -> None:
        """For an audience, such as a service's URL; with the claims `email` and `email_verified` if so chosen."""
        if isinstance(source_or_credentials, Credentials):
            source_or_credentials = source_or_credentials._source
        if not isinstance(source_or_credentials, TokenSource):
            raise TypeError(
                "`source_or_credentials` is a rolebridge.TokenSource or rolebridge.Credentials, not of type "
                f"{type(source_or_credentials).__name__}"
            )
        try:
            tokens = source_or_credentials._for_audience(audience, include_email)
        except RolebridgeError as error:
            raise of_a_token(error) from error.__cause__
        super().__init__(tokens)
        self._account = source_or_credentials
        self._audience = audience
        self._include_email = include_email

    def with_target_audience(self, target_audience: str) -> "IDTokenCredentials":
        """A copy for another audience."""
        return type(self)(self._account, target_audience, include_email=self._include_email)

    @property
    def target_audience(self) -> str:
        """Who is shown the tokens."""
        return self._audience

    @property
    def service_account_email(self) -> str | None:
        """The service account whose tokens these are."""
        return self._account.service_account_email

    def __reduce__(self) -> tuple[Any, ...]:
        """As what it was made of, never with a token."""
        return _restored, (type(self), self._account, self._audience, self._include_email)

    def __repr__(self) -> str:
        return f"<rolebridge.IDTokenCredentials for {self.service_account_email}, audience={self._audience!r}>"


def _restored(
    kind: type[IDTokenCredentials], account: TokenSource, audience: str, include_email: bool
) -> IDTokenCredentials:
    return kind(account, audience, include_email=include_email)
