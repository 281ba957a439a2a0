"""A service account as google-auth's `Signer`, for code that takes one, such as `google.auth.jwt.encode`."""

from collections.abc import Callable

from google.auth import crypt


class Signer(crypt.Signer):
    """Has Google sign. Google chooses the key, whose id is known with the signature alone: `key_id` is `None`."""

    def __init__(self, sign_bytes: Callable[[bytes], bytes]) -> None:
        self._sign_bytes = sign_bytes

    @property
    def key_id(self) -> None:
        """Not known before the signature."""
        return None

    def sign(self, message: str | bytes) -> bytes:
        """The signature of a message; of a text, that of its UTF-8."""
        return self._sign_bytes(message.encode() if isinstance(message, str) else message)
