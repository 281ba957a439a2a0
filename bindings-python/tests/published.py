"""The keys that a world publishes, and whether they signed what a service account is said to have given."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from rolebridge import Signature

from cloud import World, call


def verify_signature(world: World, signature: Signature, payload: bytes) -> None:
    """Raises `cryptography.exceptions.InvalidSignature` unless the world's service account signed these bytes."""
    _verify(
        _key(world, f"service_accounts/v1/jwk/{world.info['service_account']}", signature.key_id),
        payload,
        signature.value,
    )


def claims_of(world: World, token: str) -> dict[str, Any]:
    """The claims of an ID token; raises as `verify_signature` unless one of Google's keys signed it."""
    signed, _, signature = token.rpartition(".")
    header, claims = (json.loads(base64url(part)) for part in signed.split("."))
    assert header["alg"] == "RS256"
    _verify(_key(world, "oauth2/v3/certs", header["kid"]), signed.encode(), base64url(signature))
    return dict(claims)


def base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _key(world: World, path: str, key_id: str) -> Mapping[str, str]:
    published = call("GET", f"{world.info['google']}/{path}")
    (key,) = (key for key in published["keys"] if key["kid"] == key_id)
    return dict(key)


def _verify(key: Mapping[str, str], message: bytes, signature: bytes) -> None:
    number = {name: int.from_bytes(base64url(key[name])) for name in ("n", "e")}
    public = rsa.RSAPublicNumbers(number["e"], number["n"]).public_key()
    public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
