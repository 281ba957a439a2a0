"""A program as users write it, for pyright: what is right passes its strictest mode, and what is wrong is found.

A comment that expects an error is an error itself where there is none.
"""

import asyncio
from pathlib import Path

import rolebridge
from rolebridge import ConfigError, Credentials, IDTokenCredentials, RolebridgeError, Signature, Token, TokenSource

AUDIENCE = "https://service.example"
ROLE = "arn:aws:iam::111122223333:role/name"

source: TokenSource = TokenSource.from_file(Path("a.json"), scopes="https://example.com/scope")
token: Token = source.token()
value: str = token.value
end: float = token.expires_at.timestamp()
headers: dict[str, str] = source.headers()
at_hand: Token | None = source.cached()
account: str | None = source.service_account_email
id_token: Token = source.id_token(AUDIENCE, include_email=False)
signature: Signature = source.sign(b"payload")
signed: bytes = signature.value

TokenSource.from_info({"type": "external_account"})
TokenSource.from_info("{}", universe_domain="example.com", allow_endpoints=["https://sts.example.com"])
TokenSource.from_env(profile="work", role_arn=ROLE, role_session_name="name", external_id="id")
TokenSource.from_env(identity=lambda: {"AccessKeyId": "id", "SecretAccessKey": "secret"})
TokenSource.from_audience("//iam.googleapis.com/…", "name@project.iam.gserviceaccount.com", quota_project_id="payer")

credentials: Credentials = Credentials.from_file(b"a.json", scopes=["https://example.com/scope"])
scoped: Credentials = credentials.with_scopes(["https://example.com/scope"]).with_quota_project("payer")
if isinstance(credentials, rolebridge.SigningCredentials):
    content: bytes = credentials.sign_bytes(b"payload")
IDTokenCredentials(credentials, AUDIENCE).with_target_audience("https://other.example")
found, project = rolebridge.default(scopes=["https://example.com/scope"])
rolebridge.install()
rolebridge.warm()


async def main() -> Token:
    first: Signature = await source.sign_async(b"payload")
    second: Token = await source.id_token_async(AUDIENCE)
    assert first.key_id
    assert second.value
    return await asyncio.wait_for(source.token_async(), 1)


try:
    rolebridge.TokenSource.from_env()
except ConfigError as error:
    hint: str | None = error.hint
    status: int | None = error.status
except RolebridgeError as error:
    step: str = error.step

print(rolebridge.nonsense)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
TokenSource.from_file(None)  # pyright: ignore[reportArgumentType]
TokenSource.from_file("a.json", scope="x")  # pyright: ignore[reportCallIssue]
TokenSource.from_env(profile=1)  # pyright: ignore[reportArgumentType]
TokenSource.from_audience()  # pyright: ignore[reportCallIssue]
TokenSource("a.json", None)  # pyright: ignore[reportArgumentType]
Credentials("a.json")  # pyright: ignore[reportArgumentType]
Credentials.from_env(identity="work")  # pyright: ignore[reportArgumentType]
IDTokenCredentials("a.json", AUDIENCE)  # pyright: ignore[reportArgumentType]
IDTokenCredentials(source)  # pyright: ignore[reportCallIssue]
source.sign("text")  # pyright: ignore[reportArgumentType]
source.id_token(None)  # pyright: ignore[reportArgumentType]
token.value = "other"  # pyright: ignore[reportAttributeAccessIssue]
