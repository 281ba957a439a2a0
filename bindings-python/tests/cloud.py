"""The emulator's control API (see `emulator/README.md`), and what a test needs of a world."""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[2] / "tests"

#: A merge patch on `tests/credential.json`: the file as gcloud writes it, with Google's own hosts.
GOOGLE = {
    "token_url": "https://sts.googleapis.com/v1/token",
    "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
    "{service_account}:generateAccessToken",
}

#: Nothing of this goes through a proxy, whatever the environment says.
_loopback = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
    """JSON over HTTP to loopback; raises `urllib.error.HTTPError` for a status of 400 and above."""
    data = None if body is None else json.dumps(body).encode()
    given = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=data, method=method, headers=given)
    with _loopback.open(request, timeout=30) as reply:
        return json.load(reply)


class World:
    """One world of the emulator. `info` is what it said of itself when it was made."""

    def __init__(self, control: str, specification: Mapping[str, Any] | None = None) -> None:
        self.info = call("POST", f"{control}/worlds", specification or {})
        self._url = f"{control}/worlds/{self.info['id']}"

    def change(self, patch: Mapping[str, Any]) -> None:
        self.info = call("PATCH", self._url, patch)

    def fault(self, on: str, **do: Any) -> None:
        """Orders one fault for the operation `on`; `times` and `skip` are the order's, all else is what it does."""
        order: dict[str, Any] = {name: do.pop(name) for name in ("times", "skip") if name in do}
        call("POST", f"{self._url}/faults", {"on": on, "do": do, **order})

    def order(self, fault: Mapping[str, Any]) -> None:
        call("POST", f"{self._url}/faults", fault)

    def open(self, gate: str) -> None:
        call("POST", f"{self._url}/gates/{gate}/open")

    def requests(self) -> list[dict[str, Any]]:
        return list(call("GET", f"{self._url}/requests")["requests"])

    def operations(self) -> list[str]:
        return sorted(request["operation"] for request in self.requests())

    def arrived(self, operation: str, count: int = 1) -> list[dict[str, Any]]:
        """Waits until so many requests of one operation have arrived."""
        query = urllib.parse.urlencode({"operation": operation, "count": count})
        return list(call("GET", f"{self._url}/requests?{query}")["requests"])

    def end(self) -> None:
        call("DELETE", self._url)

    @property
    def names(self) -> dict[str, str]:
        """What the braces of the scenarios stand for: each text that the world says of itself and of its keys.

        `{region}` stays, since a credential file says so itself.
        """
        members: dict[str, Any] = {**self.info, **(self.info["keys"] or {})}
        return {name: text for name, text in members.items() if isinstance(text, str) and name != "region"}

    @property
    def secrets(self) -> set[str]:
        """What no error may show."""
        keys = [self.info["keys"] or {}, self.info["container_keys"] or {}]
        tokens = ("container_token", "web_identity_token", "sso_access_token", "sso_refresh_token", "sso_client_secret")
        found = [key.get(name) for key in keys for name in ("secret_access_key", "session_token")]
        return {secret for secret in [*found, *(self.info[name] for name in tokens)] if secret}

    def fill(self, value: Any, home: str = "") -> Any:
        """The same JSON with `{google}` and the like replaced by this world's own."""
        if isinstance(value, Mapping):
            return {name: self.fill(member, home) for name, member in value.items()}
        if isinstance(value, list):
            return [self.fill(member, home) for member in value]
        if isinstance(value, str):
            for name, own in {**self.names, "home": home}.items():
                value = value.replace("{" + name + "}", own)
        return value

    def credential(self, patch: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The credential file of all three languages, for this world, with a merge patch."""
        file = json.loads((TESTS / "credential.json").read_text())
        return dict(self.fill(merged(file, patch or {})))

    @property
    def environment(self) -> dict[str, str]:
        """An instance of this world: its metadata service, its AWS, and the permission to call loopback."""
        return {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.info["metadata"],
            "AWS_ENDPOINT_URL": self.info["aws"],
            "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
        }

    @property
    def key_environment(self) -> dict[str, str]:
        """The keys of this world's instance as variables, so that metadata is not asked."""
        keys = self.info["keys"]
        return {
            "AWS_ACCESS_KEY_ID": keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
            "AWS_SESSION_TOKEN": keys["session_token"],
            "AWS_REGION": self.info["region"],
            "AWS_ENDPOINT_URL": self.info["aws"],
            "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
        }

    def session_user(self, token: str) -> str:
        """Whom BigQuery sees behind a token; raises `urllib.error.HTTPError` for one that it does not know."""
        url = f"{self.info['google']}/bigquery/v2/projects/{self.info['project']['id']}/queries"
        query = {"query": "SELECT SESSION_USER()", "useLegacySql": False}
        reply = call("POST", url, query, {"authorization": f"Bearer {token}"})
        return str(reply["rows"][0]["f"][0]["v"])


def merged(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, change in patch.items():
        if change is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), change)
    return result


def python(
    script: str, environment: Mapping[str, str], *arguments: str, program: Sequence[str] = (sys.executable,)
) -> "subprocess.Popen[str]":
    """Another Python that sees no variable of ours but these and where programs are found."""
    kept = ("PATH", "HOME", "SYSTEMROOT", "LD_LIBRARY_PATH")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return subprocess.Popen(
        [*program, "-W", "error", "-c", script, *arguments],
        env={**inherited, "AWS_EC2_METADATA_DISABLED": "true", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output_of(
    script: str, environment: Mapping[str, str], *arguments: str, program: Sequence[str] = (sys.executable,)
) -> str:
    """What that Python printed; it must have ended well."""
    process = python(script, environment, *arguments, program=program)
    output, errors = process.communicate(timeout=50)
    assert process.returncode == 0, errors
    return output
