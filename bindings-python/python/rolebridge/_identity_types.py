"""What may be handed over as `identity`, for type checkers: a program never loads it."""

from collections.abc import Callable
from typing import Any, Protocol


class BotocoreSession(Protocol):
    """As much of a session of botocore or boto3 as is used."""

    def get_credentials(self) -> Any: ...


class AwsSupplier(Protocol):
    """As much of google-auth's `AwsSecurityCredentialsSupplier` as is used."""

    def get_aws_security_credentials(self, context: Any, request: Any) -> Any: ...
    def get_aws_region(self, context: Any, request: Any) -> str: ...


#: See `TokenSource.from_file`.
Identity = Callable[[], Any] | BotocoreSession | AwsSupplier
