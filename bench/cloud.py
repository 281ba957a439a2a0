"""The emulator as released, for what is measured: one world, and programs that are pointed at it."""

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

#: What would lead a program elsewhere.
STEERING = re.compile(r"^(AWS|GOOGLE|ROLEBRIDGE|SSL_CERT|REQUESTS_CA|CURL_CA|NODE_EXTRA_CA)_|_PROXY$", re.IGNORECASE)


class Cloud:
    """The emulator, and one ready world in it."""

    def __init__(self, program: Path, specification: Mapping[str, object] | None = None) -> None:
        self._process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        control = json.loads(self._process.stdout.readline())["control"]
        self.info = self._post(f"{control}/worlds", specification or {})
        self.world = f"{control}/worlds/{self.info['id']}"

    def slow(self, operation: str, milliseconds: int) -> None:
        order = {"on": operation, "times": None, "do": {"delay_milliseconds": milliseconds}}
        self._post(f"{self.world}/faults", order)

    def close(self) -> None:
        self._process.communicate()

    @staticmethod
    def _post(url: str, body: object) -> dict:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), method="POST")) as reply:
            return json.loads(reply.read() or b"{}")

    def credential(self, sts: str, iam: str) -> dict:
        """A file that Google's libraries read as well: they find the metadata service by it."""
        metadata = self.info["metadata"]
        account = self.info["service_account"]
        return {
            "type": "external_account",
            "audience": self.info["audience"],
            "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
            "token_url": f"{sts}/v1/token",
            "service_account_impersonation_url": f"{iam}/v1/projects/-/serviceAccounts/{account}:generateAccessToken",
            "credential_source": {
                "environment_id": "aws1",
                "region_url": f"{metadata}/latest/meta-data/placement/availability-zone",
                "url": f"{metadata}/latest/meta-data/iam/security-credentials",
                "imdsv2_session_token_url": f"{metadata}/latest/api/token",
                "regional_cred_verification_url": (
                    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
                ),
            },
        }

    def environment(self, file: Path) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not STEERING.search(name)}
        return inherited | {
            # Where nobody has left files of AWS's.
            "HOME": str(file.parent / "home"),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.info["metadata"],
            "AWS_ENDPOINT_URL": self.info["aws"],
            # The files of whoever measures are no part of it.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
            "GOOGLE_APPLICATION_CREDENTIALS": str(file),
            "NO_GCE_CHECK": "true",
            "BENCH_WORLD": self.world,
        }
