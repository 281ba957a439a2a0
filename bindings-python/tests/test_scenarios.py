"""The scenarios that all three languages run; see `tests/scenarios/README.md`."""

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from rolebridge import RolebridgeError, Signature, Token, TokenSource

from cloud import TESTS, World, merged
from published import claims_of, verify_signature

#: Who is shown an ID token, unless a call names another.
AUDIENCE = "https://service.example"

#: What is signed: bytes that are no text.
PAYLOAD = b"payload\x00\xff"

SCENARIOS = sorted((TESTS / "scenarios").glob("*.json"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(
    path: Path,
    make_world: Callable[..., World],
    environment: Callable[..., None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "rolebridge")
    scenario = json.loads(path.read_text())
    run = Run(scenario, make_world(scenario.get("world")), tmp_path)
    environment(run.fill(merged(run.environment, scenario.get("environment", {}))))

    for call in scenario["calls"]:
        run.step(call)

    records = [record for record in caplog.records if record.name == "rolebridge"]
    warnings = [record.getMessage() for record in records if record.levelno == logging.WARNING]
    wanted = scenario.get("warnings", [])
    assert len(warnings) == len(wanted), warnings
    assert all(text in warning for text, warning in zip(wanted, warnings, strict=True)), warnings
    for secret in run.secrets:
        assert not any(secret in str(vars(record)) for record in records)
    # The runner's own checks of tokens and signatures aside.
    seen = [operation for operation in run.world.operations() if not operation.startswith(("bigquery.", "www."))]
    assert seen == scenario["requests"]


class Run:
    """One token source, the home of its user, and the token of the call before."""

    environment: Mapping[str, str] = {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}",
        "AWS_ENDPOINT_URL": "{aws}",
        "HOME": "{home}",
        "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
    }

    def __init__(self, scenario: Mapping[str, Any], world: World, home: Path) -> None:
        self.world = world
        self.home = home
        self.credential = world.credential(scenario.get("credential"))
        self.scopes = scenario.get("scopes")
        self.secrets = world.secrets
        self.source: TokenSource | None = None
        self.before: Token | None = None
        self.write(scenario.get("files", {}))

    def fill(self, value: Any) -> Any:
        return self.world.fill(value, str(self.home))

    def write(self, files: Mapping[str, Any]) -> None:
        """Writes files into the home; a text as it is, and all else as JSON."""
        for name, content in self.fill(files).items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode())

    def step(self, call: Mapping[str, Any]) -> None:
        match call:
            case {"build": {"error": wanted}}:
                self.fails(self.build, wanted)
            case {"token": {"error": wanted}}:
                self.fails(self.token, wanted)
            case {"token": "ok"}:
                token = self.token()
                now = datetime.now(timezone.utc)
                assert now < token.expires_at <= now + timedelta(hours=1)
                assert self.world.session_user(token.value)
                self.before = token
            case {"token": "same" | "new" as wanted}:
                token = self.token()
                assert self.before is not None
                assert (token.value == self.before.value) == (wanted == "same")
                self.before = token
            case {"id_token": {"error": wanted}}:
                self.fails(lambda: self.id_token(call), wanted)
            case {"id_token": "ok" | "same" | "new" as wanted}:
                token = self.id_token(call)
                if wanted != "ok":
                    assert self.before is not None
                    assert (token.value == self.before.value) == (wanted == "same")
                self.before = token
            case {"sign": {"error": wanted}}:
                self.fails(self.sign, wanted)
            case {"sign": "ok"}:
                verify_signature(self.world, self.sign(), PAYLOAD)
            case {"fault": fault}:
                self.world.order(fault)
            case {"world": patch}:
                self.world.change(patch)
                self.secrets |= self.world.secrets
            case {"files": files}:
                self.write(files)
            case {"scopes": scopes}:
                self.source, self.scopes = None, scopes
            case _:
                pytest.fail(f"no such call: {call}")

    def build(self) -> TokenSource:
        return TokenSource.from_info(self.credential, scopes=self.scopes)

    def token(self) -> Token:
        self.source = self.source or self.build()
        return self.source.token()

    def id_token(self, call: Mapping[str, Any]) -> Token:
        """The account's for its audience, which ends within the hour; the token's end is its own claim."""
        self.source = self.source or self.build()
        audience = call.get("audience", AUDIENCE)
        token = self.source.id_token(audience)
        claims = claims_of(self.world, token.value)
        assert (claims["aud"], claims["email"]) == (audience, self.world.info["service_account"])
        now = datetime.now(timezone.utc)
        for end in (token.expires_at, datetime.fromtimestamp(claims["exp"], timezone.utc)):
            assert now < end <= now + timedelta(hours=1)
        return token

    def sign(self) -> Signature:
        self.source = self.source or self.build()
        return self.source.sign(PAYLOAD)

    def fails(self, call: Callable[[], object], wanted: Mapping[str, Any]) -> None:
        with pytest.raises(RolebridgeError) as caught:
            call()
        error = caught.value
        wanted = self.fill(wanted)
        for name in ("kind", "step", "status", "code"):
            if name in wanted:
                assert getattr(error, name) == wanted[name]
        for text in wanted.get("says", []):
            assert text in str(error.args[0])
        for text in wanted.get("hints", []):
            assert text in (error.hint or "")
        shown = [repr(error), repr(vars(error)), *traceback.format_exception(error)]
        for secret in self.secrets:
            assert not any(secret in text for text in shown)
