"""What can go wrong, one class for each thing that it asks of you. All of them are a `RolebridgeError`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from rolebridge._native import Failure


class RolebridgeError(Exception):
    """A failure to make a token. No secret is ever part of it.

    Attributes:
        kind: what it asks of you, the same for the whole class: `config`, `identity`, `refused`, `unavailable`,
            `malformed` or `internal`.
        step: where it happened: `config`, `identity`, `exchange`, `impersonation`, `id_token` or `signing`.
        status: the HTTP status that was answered, if something answered.
        code: the service's own name for the error, such as `invalid_grant`.
        field: the JSON path in the credential file that is wrong.
        hint: what to do next, one sentence.

    `__cause__` holds the words of what lies below it, and what an identity supplier of the program raised as it is.
    """

    kind: "ClassVar[str]"

    def __init__(
        self,
        message: str,
        *,
        step: str = "config",
        status: int | None = None,
        code: str | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.step = step
        self.status = status
        self.code = code
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return message if self.hint is None else f"{message}\nhint: {self.hint}"


class ConfigError(RolebridgeError):
    """The credential file or an option is wrong: mend it. Nothing was sent."""

    kind = "config"


class IdentityError(RolebridgeError):
    """No AWS credentials found, or those that are set up are broken: fix the workload's role or its variables."""

    kind = "identity"


class RefusedError(RolebridgeError):
    """AWS or Google understood the request and said no: mend the role, the provider or the binding."""

    kind = "refused"


class UnavailableError(RolebridgeError):
    """Nothing answered in time, or a service is out of order: try again later; a later call tries by itself."""

    kind = "unavailable"


class MalformedError(RolebridgeError):
    """Something answered what it never should: an intermediary, an emulator or a bug."""

    kind = "malformed"


class InternalError(RolebridgeError):
    """Rolebridge failed: please report it."""

    kind = "internal"


#: The class for each kind that the native side knows.
BY_KIND: dict[str, type[RolebridgeError]] = {
    error.kind: error
    for error in (ConfigError, IdentityError, RefusedError, UnavailableError, MalformedError, InternalError)
}


def raised(failure: "Failure") -> RolebridgeError:
    """The exception for what the native side tells."""
    error = BY_KIND[failure.kind](
        failure.message,
        step=failure.step,
        status=failure.status,
        code=failure.code,
        field=failure.field,
        hint=failure.hint,
    )
    upper: BaseException = error
    for cause in failure.causes:
        upper.__cause__ = cause if isinstance(cause, BaseException) else Exception(cause)
        upper = upper.__cause__
    return error
