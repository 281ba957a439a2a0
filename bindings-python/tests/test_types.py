"""The types as a program's own checker sees them: what exists, what does not, and what each call takes."""

import sys
from pathlib import Path

import pytest
from mypy import api

PROGRAM = """
import asyncio
from pathlib import Path

import rolebridge
from rolebridge import ConfigError, Credentials, Token, TokenSource

source: TokenSource = TokenSource.from_file(Path("a.json"), scopes="https://example.com/scope")
token: Token = source.token()
headers: dict[str, str] = source.headers()
credentials: Credentials = Credentials.from_file(b"a.json", scopes=["https://example.com/scope"])

role = "arn:aws:iam::111122223333:role/name"
TokenSource.from_env(profile="work", role_arn=role, role_session_name="name", external_id="id")
TokenSource.from_env(identity=lambda: {"AccessKeyId": "id", "SecretAccessKey": "secret"})
Credentials.from_file("a.json", identity=lambda: ("anything", "is judged when it is given"))


async def main() -> Token:
    return await asyncio.wait_for(source.token_async(), 1)


try:
    rolebridge.TokenSource.from_env()
except ConfigError as error:
    print(error.hint)
"""

WRONG = [
    ("from rolebridge import Nonsense", "attr-defined"),
    ("import rolebridge\nrolebridge.nonsense", "attr-defined"),
    ("import rolebridge\nrolebridge.TokenSource.from_file(None)", "arg-type"),
    ("import rolebridge\nrolebridge.TokenSource.from_file('a.json', scope='x')", "call-arg"),
    ("import rolebridge\nrolebridge.TokenSource('a.json', None)", "arg-type"),
    ("import rolebridge\nrolebridge.Credentials('a.json')", "arg-type"),
    ("import rolebridge\nrolebridge.TokenSource.from_env(profile=1)", "arg-type"),
    ("import rolebridge\nrolebridge.TokenSource.from_env(identity={'access_key_id': 'id'})", "arg-type"),
    ("import rolebridge\nrolebridge.TokenSource.from_env(identity=lambda context: None)", "arg-type"),
    ("import rolebridge\nrolebridge.Credentials.from_env(identity='work')", "arg-type"),
]


@pytest.mark.timeout(180)
def test_a_strict_checker_takes_what_is_right_and_finds_what_is_wrong(tmp_path: Path) -> None:
    files = [tmp_path / f"wrong_{number}.py" for number in range(len(WRONG))]
    for file, (text, _) in zip(files, WRONG, strict=True):
        file.write_text(text)
    right = tmp_path / "right.py"
    right.write_text(PROGRAM)
    arguments = ["--strict", "--cache-dir", str(tmp_path / "cache"), "--python-executable", sys.executable]
    output, errors, _ = api.run([*arguments, "--no-error-summary", *map(str, [right, *files])])
    assert errors == ""
    told = [line for line in output.splitlines() if ": error: " in line]
    found = {Path(line.partition(":")[0]).name: line.rpartition("[")[2].rstrip("]") for line in told}
    assert found == {file.name: code for file, (_, code) in zip(files, WRONG, strict=True)}, output
