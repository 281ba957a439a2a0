"""`TokenSource`: the core's, with Python's environment, waiting, dates and errors."""

import os
from datetime import datetime, timedelta, timezone

from rolebridge import _asyncio, _native, _wait
from rolebridge._arguments import bytes_of, path_of, scopes_of, strings_of, text_of, text_or_none
from rolebridge._identity import Supplier
from rolebridge._native import Failure, Issued, Signature, Token
from rolebridge.errors import raised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence
    from typing import Any

    from rolebridge._identity_types import Identity

#: How many audiences a source keeps the objects of.
_MOST_AUDIENCES = 64

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class TokenSource:
    """Google access tokens for this AWS workload, minted when they are needed and renewed ahead of their end.

    Making one reads the credential file and sends nothing. Objects of equal configuration share one cache. All calls
    may be made from any thread; those that wait let other threads run, and under the monkey patch of gevent or eventlet
    other greenlets.
    """

    __slots__ = ("_id_tokens", "_native", "_recipe")

    def __init__(self, native: _native.Source, recipe: "tuple[str, tuple[Any, ...], dict[str, Any]]") -> None:
        """Not called by programs: see `from_file`, `from_info`, `from_audience` and `from_env`."""
        if not isinstance(native, _native.Source):
            raise TypeError(
                "a TokenSource is made by from_file(path), from_info(dict_or_text), from_audience(…) or from_env()"
            )
        self._native = native
        # What it was made of: enough to make it again in another process.
        self._recipe = recipe
        #: Sources of ID tokens, by audience and whether they hold an e-mail.
        self._id_tokens: dict[tuple[str, bool], TokenSource] = {}

    @classmethod
    def from_file(
        cls,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        *,
        scopes: "str | Sequence[str] | None" = None,
        quota_project_id: str | None = None,
        universe_domain: str | None = None,
        allow_endpoints: "Sequence[str] | None" = None,
        profile: str | None = None,
        role_arn: str | None = None,
        role_session_name: str | None = None,
        external_id: str | None = None,
        identity: "Identity | None" = None,
    ) -> "TokenSource":
        """From a credential file, `external_account` JSON of AWS.

        Args:
            path: where the file is.
            scopes: OAuth scopes, by default cloud-platform; a string is one scope.
            quota_project_id: the project that pays for quota, over the environment's and the file's.
            universe_domain: the universe to which the file may belong, over `GOOGLE_CLOUD_UNIVERSE_DOMAIN`.
            allow_endpoints: origins that the file may name besides Google's and AWS's own. Tokens go there.
            profile: a profile of AWS's shared files, in place of every other source of the AWS identity.
            role_arn: a role of AWS to assume first, with the keys of whichever source.
            role_session_name: the name of that role's session, by default `rolebridge`.
            external_id: the external id that the role's trust policy asks for.
            identity: what supplies the AWS identity in place of every other source, below.

        `identity` is one of these:

        - a callable without arguments, which returns a mapping or an object with `access_key_id`, `secret_access_key`
          and, where there are any, `session_token`, `expiration` (an aware datetime, or text of ISO 8601 with an
          offset) and `region`. The names of AWS's replies (`AccessKeyId` …) and of botocore (`access_key`,
          `secret_key`, `token`, `expiry_time`) are as good, and so are credentials of botocore;
        - a session of botocore or boto3: its credentials, which botocore renews, and its region;
        - an `AwsSecurityCredentialsSupplier` of google-auth.

        It is called on a thread of its own, before the identity that it gave last ends, once an hour where that does
        not end, and has 20 s. What it raises is the `__cause__` of an `IdentityError`; asking for a token that needs
        its own answer is one. Without a region, the region is looked for as for any other source. A source with an
        `identity` shares its cache with those of its `with_scopes` alone, and pickles if what was handed over does.

        Errors: `ConfigError`, naming the field that is wrong. Nothing is sent.
        """
        options = _options(
            scopes=scopes,
            quota_project_id=quota_project_id,
            universe_domain=universe_domain,
            allow_endpoints=allow_endpoints,
            profile=profile,
            role_arn=role_arn,
            role_session_name=role_session_name,
            external_id=external_id,
            identity=identity,
        )
        absolute = path_of(path)
        return cls._built(("from_file", (absolute,), options), file=absolute)

    @classmethod
    def from_info(
        cls,
        info: "dict[str, Any] | str",
        *,
        scopes: "str | Sequence[str] | None" = None,
        quota_project_id: str | None = None,
        universe_domain: str | None = None,
        allow_endpoints: "Sequence[str] | None" = None,
        profile: str | None = None,
        role_arn: str | None = None,
        role_session_name: str | None = None,
        external_id: str | None = None,
        identity: "Identity | None" = None,
    ) -> "TokenSource":
        """From a credential file's text, or the dict in it. Options and errors as `from_file`."""
        options = _options(
            scopes=scopes,
            quota_project_id=quota_project_id,
            universe_domain=universe_domain,
            allow_endpoints=allow_endpoints,
            profile=profile,
            role_arn=role_arn,
            role_session_name=role_session_name,
            external_id=external_id,
            identity=identity,
        )
        text = text_of(info)
        return cls._built(("from_info", (text,), options), json=text)

    @classmethod
    def from_audience(
        cls,
        audience: str,
        service_account: str | None = None,
        *,
        scopes: "str | Sequence[str] | None" = None,
        quota_project_id: str | None = None,
        universe_domain: str | None = None,
        allow_endpoints: "Sequence[str] | None" = None,
        profile: str | None = None,
        role_arn: str | None = None,
        role_session_name: str | None = None,
        external_id: str | None = None,
        identity: "Identity | None" = None,
    ) -> "TokenSource":
        """Without a credential file, from what would stand in it.

        Args:
            audience: the workload identity pool's AWS provider, `//iam.googleapis.com/projects/NUMBER/locations/global/
                workloadIdentityPools/POOL/providers/PROVIDER`.
            service_account: the e-mail address of the account to impersonate; without it, the federated token itself
                is used (direct access).

        Options and errors as `from_file`.
        """
        options = _options(
            scopes=scopes,
            quota_project_id=quota_project_id,
            universe_domain=universe_domain,
            allow_endpoints=allow_endpoints,
            profile=profile,
            role_arn=role_arn,
            role_session_name=role_session_name,
            external_id=external_id,
            identity=identity,
        )
        if audience is None:
            raise TypeError("`audience` is a string, not None")
        return cls._built(
            ("from_audience", (audience, service_account), options),
            audience=text_or_none("audience", audience),
            service_account=text_or_none("service_account", service_account),
        )

    @classmethod
    def from_env(
        cls,
        *,
        scopes: "str | Sequence[str] | None" = None,
        quota_project_id: str | None = None,
        universe_domain: str | None = None,
        allow_endpoints: "Sequence[str] | None" = None,
        profile: str | None = None,
        role_arn: str | None = None,
        role_session_name: str | None = None,
        external_id: str | None = None,
        identity: "Identity | None" = None,
    ) -> "TokenSource":
        """From what the environment names: `ROLEBRIDGE_CREDENTIALS` (a path or the JSON itself), else
        `GOOGLE_APPLICATION_CREDENTIALS` (a path). Options and errors as `from_file`.
        """
        options = _options(
            scopes=scopes,
            quota_project_id=quota_project_id,
            universe_domain=universe_domain,
            allow_endpoints=allow_endpoints,
            profile=profile,
            role_arn=role_arn,
            role_session_name=role_session_name,
            external_id=external_id,
            identity=identity,
        )
        return cls._built(("from_env", (), options))

    @classmethod
    def _built(
        cls,
        recipe: "tuple[str, tuple[Any, ...], dict[str, Any]]",
        *,
        file: str | None = None,
        json: str | None = None,
        audience: str | None = None,
        service_account: str | None = None,
    ) -> "TokenSource":
        # The main thread must not be in a system call that no signal ends, such as the opening of a named pipe.
        aside = _wait.is_main_thread()
        supplier = recipe[2]["identity"]
        building = _native.Building.begin(
            file=file,
            json=json,
            audience=audience,
            service_account=service_account,
            **recipe[2] | {"identity": None if supplier is None else supplier.native()},
            variables=_wait.environment(),
            aside=aside,
        )
        source = cls(_wait.built(building), recipe)
        if supplier is not None:
            supplier.context.audience = source._native.audience
        return source

    def warm(self) -> None:
        """Starts the minting of a token, unless one is cached, and returns at once.

        For a program that imports its other libraries meanwhile. It never raises: whatever goes wrong is told to the
        first call that wants the token.
        """
        if self._native.cached() is None:
            self._native.request(_wait.environment())

    def token(self) -> Token:
        """An access token that is valid now; waits only when none is left.

        Errors: `RolebridgeError`, or what a signal handler raises (`KeyboardInterrupt`), which disturbs nobody else who
        waits for the same token.
        """
        return self._native.kept() or self._adopted(_wait.issued(self._native))

    def token_async(self) -> "Awaitable[Token]":
        """As `token`, to be awaited in an event loop of asyncio (uvloop's too) or trio, so in anyio's: no thread waits.
        The request is sent at once. Cancelling the wait disturbs nobody else. In asyncio it is a future.

        Errors: `RuntimeError` where no such loop runs.
        """
        return _asyncio.token(self)

    def headers(self) -> dict[str, str]:
        """The headers of a request to a Google API, as a new dict: `authorization`, and `x-goog-user-project` where a
        quota project is set. Waits and errors as `token`.
        """
        headers = {"authorization": self.token()._authorization}
        project = self._native.quota_project
        if project is not None:
            headers["x-goog-user-project"] = project
        return headers

    def id_token(self, audience: str, *, include_email: bool = True) -> Token:
        """An OpenID Connect ID token of the service account for one audience, valid now: what Cloud Run, Cloud
        Functions or Identity-Aware Proxy takes as `Authorization: Bearer …`. It is kept for its audience and renewed
        ahead of its claim `exp`; whoever is shown it verifies it.

        Args:
            audience: who will be shown it, such as a service's URL.
            include_email: whether it has the claims `email` and `email_verified`.

        Waits and errors as `token`; `ConfigError` in direct access, where there is no service account.
        """
        return self._for_audience(audience, include_email).token()

    def id_token_async(self, audience: str, *, include_email: bool = True) -> "Awaitable[Token]":
        """As `id_token`, to be awaited; see `token_async`."""
        return self._for_audience(audience, include_email).token_async()

    def sign(self, payload: bytes) -> Signature:
        """Has the service account sign bytes with a key that Google holds (`signBlob`, RS256), as a signed URL of Cloud
        Storage needs it. Nothing is kept: each call asks Google.

        The account must be allowed to sign for itself, or the workload's role to sign as it, by *Service Account Token
        Creator*; the hint of a refusal holds both commands. Waits and errors as `token`; `ConfigError` in direct
        access.
        """
        return _wait.signed(self._native, bytes_of("payload", payload))

    def sign_async(self, payload: bytes) -> "Awaitable[Signature]":
        """As `sign`, to be awaited; see `token_async`."""
        return _asyncio.signature(self, bytes_of("payload", payload))

    def cached(self) -> Token | None:
        """The cached token, if it needs no renewal; starts nothing."""
        kept = self._native.kept()
        if kept is not None:
            return kept
        issued = self._native.cached()
        return None if issued is None else self._adopted(issued)

    def invalidate(self, token: Token) -> bool:
        """Reports that an API answered 401 to `token`: if this is the cached token and at least thirty seconds old, the
        next call mints another. Returns whether it does. (A refusal of a younger token has another cause.)
        """
        outcome = self._native.invalidate(token, _wait.environment())
        if isinstance(outcome, Failure):
            raise raised(outcome)
        return outcome

    def with_scopes(self, scopes: "str | Sequence[str]") -> "TokenSource":
        """The same source for other scopes, with the same cache."""
        door, arguments, options = self._recipe
        chosen = scopes_of(scopes)
        if chosen is None:
            raise TypeError("`scopes` is a list of strings, not None")
        native = self._native.with_scopes(chosen)
        if isinstance(native, Failure):
            raise raised(native)
        return type(self)(native, (door, arguments, {**options, "scopes": chosen}))

    @property
    def service_account_email(self) -> str | None:
        """The service account whose tokens these are; `None` in direct access."""
        return self._native.service_account

    @property
    def project_id(self) -> str | None:
        """The project of this credential, with no request made."""
        return self._native.project

    @property
    def quota_project_id(self) -> str | None:
        """The project that pays for quota, if one is set."""
        return self._native.quota_project

    @property
    def scopes(self) -> list[str]:
        """What the tokens are good for, as OAuth scopes."""
        return self._native.scopes

    @property
    def universe_domain(self) -> str:
        """The universe domain of the program, `googleapis.com` unless it or the environment names another."""
        return self._native.universe_domain

    def __repr__(self) -> str:
        return f"<rolebridge.TokenSource for {self.service_account_email or 'direct access'}, scopes={self.scopes}>"

    def __copy__(self) -> "TokenSource":
        return self  # It never changes, so that a copy is itself.

    def __deepcopy__(self, _memo: object) -> "TokenSource":
        return self

    def __reduce__(self) -> "tuple[Any, ...]":
        """Pickles as what it was made of, never with a token. A client secret in the text of `from_info` goes along."""
        door, arguments, options = self._recipe
        supplier = options["identity"]
        if supplier is None:
            return _restored, self._recipe
        import pickle

        try:
            pickle.dumps(supplier.given)
        except Exception as error:
            kind = type(supplier.given).__name__
            raise TypeError(
                f"this TokenSource does not pickle, since its `identity`, of type {kind}, does not: give a function of "
                "a module, or make the source in the other process"
            ) from error
        return _restored, (door, arguments, options | {"identity": supplier.given})

    def _for_audience(self, audience: str, include_email: bool) -> "TokenSource":
        if not isinstance(audience, str):
            raise TypeError(f"`audience` is a string, not {type(audience).__name__}")
        key = (audience, bool(include_email))
        source = self._id_tokens.get(key)
        if source is None:
            native = self._native.id_tokens(*key)
            if isinstance(native, Failure):
                raise raised(native)
            if len(self._id_tokens) >= _MOST_AUDIENCES:
                self._id_tokens = {}  # Their tokens stay in the cache.
            source = self._id_tokens.setdefault(key, type(self)(native, self._recipe))
        return source

    def _adopted(self, issued: Issued) -> Token:
        """The Python object of a token."""
        return self._native.adopt(issued, _EPOCH + timedelta(microseconds=issued.ends))


def _options(
    *,
    scopes: "str | Sequence[str] | None",
    allow_endpoints: "Sequence[str] | None",
    identity: "Identity | None",
    **texts: str | None,
) -> "dict[str, Any]":
    """The options of a source, as the native side takes them, save that `identity` is a `Supplier`."""
    return {
        "scopes": scopes_of(scopes),
        "allow_endpoints": strings_of("allow_endpoints", allow_endpoints),
        "identity": None if identity is None else Supplier(identity),
        **{name: text_or_none(name, text) for name, text in texts.items()},
    }


def _restored(door: str, arguments: "tuple[Any, ...]", options: "dict[str, Any]") -> TokenSource:
    source: TokenSource = getattr(TokenSource, door)(*arguments, **options)
    return source
