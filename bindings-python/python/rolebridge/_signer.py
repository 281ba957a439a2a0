"""A service account as google-auth's `Signer`, for code that takes one, such as `google.auth.jwt.encode`."""

from typing import TYPE_CHECKING

from google.auth import crypt

if TYPE_CHECKING:
    from rolebridge._credentials import SigningCredentials


class Signer(crypt.Signer):
    """Has Google sign. Google chooses the key, whose id is known with the signature alone: `key_id` is `None`."""

    def __init__(self, credentials: "SigningCredentials") -> None:
        self._credentials = credentials

    @property
    def key_id(self) -> None:
        """Not known before the signature."""
        return None

    def sign(self, message: str | bytes) -> bytes:
        """The signature of a message; of a text, that of its UTF-8."""
        return self._credentials.sign_bytes(message.encode() if isinstance(message, str) else message)
