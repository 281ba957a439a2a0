"""An instance of the local cloud: a folder with the examples and a credential file, and a shell to run them in.

The programs speak to the real host names; a proxy leads them into the emulator.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "bindings-python" / "tests"))

from cloud import GOOGLE, World, merged  # noqa: E402

DEBUG = TOP / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"


class Cloud:
    """The emulator. It ends when its standard input does, at the latest with this process."""

    def __enter__(self) -> "Cloud":
        program = os.environ.get("ROLEBRIDGE_EMULATOR", str(DEBUG / "rolebridge-emulator"))
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self._control = json.loads(self._process.stdout.readline())["control"]
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def world(self, specification: Mapping[str, Any] | None = None) -> World:
        return World(self._control, specification)


class Instance:
    """A world's instance with the examples, their packages, and a credential file as gcloud writes it."""

    def __init__(self, cloud: Cloud) -> None:
        self.world = cloud.world()
        self._folder = tempfile.TemporaryDirectory()
        self._home = Path(self._folder.name)
        for folder in ("python", "node"):
            shutil.copytree(TOP / "examples" / folder, self._home, dirs_exist_ok=True)
        self._write("credential.json", json.dumps(self.world.credential(GOOGLE), indent=2))
        self._write("authority.pem", self.world.info["ca_pem"])
        self._link("node_modules/rolebridge", TOP)
        for package in ("@google-cloud", "google-auth-library"):
            self._link(f"node_modules/{package}", TOP / "node_modules" / package)
        # The Rust example and the command, as if they were installed.
        self._link("bin/query", DEBUG / "examples" / "query")
        self._link("bin/rolebridge", Path(os.environ.get("ROLEBRIDGE_COMMAND", str(DEBUG / "rolebridge"))))

    def close(self) -> None:
        self.world.end()
        self._folder.cleanup()

    def attach(self, role: str | None) -> None:
        """Gives the instance another role, or none."""
        self.world.change({"aws": {"instance": {"role": role}}})

    def shell(self, command: str) -> str:
        """What the command prints in this folder, both streams together, however it ends."""
        authority = str(self._home / "authority.pem")
        programs = [self._home / "bin", Path(sys.executable).parent, Path(node()).parent, os.environ["PATH"]]
        variables = {
            "PATH": os.pathsep.join(map(str, programs)),
            "HOME": str(self._home),
            "LC_ALL": "C.UTF-8",
            "HTTPS_PROXY": self.world.info["proxy"],
            "HTTP_PROXY": self.world.info["proxy"],
            "NO_PROXY": "",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.world.info["metadata"],
            # Of whoever sets up, which `rolebridge setup` alone reads.
            "CLOUDSDK_AUTH_ACCESS_TOKEN": self.world.info["admin_token"],
            **dict.fromkeys(("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"), authority),
        }
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=self._home,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return ended.stdout.rstrip("\n")

    def _write(self, name: str, text: str) -> None:
        (self._home / name).write_text(text)

    def _link(self, name: str, target: Path) -> None:
        (self._home / name).parent.mkdir(parents=True, exist_ok=True)
        (self._home / name).symlink_to(target)


def node() -> str:
    """Node itself: the `node` on the path may be a shim that looks for it in the home folder."""
    command = ["node", "-p", "process.execPath"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


__all__ = ["TOP", "Cloud", "Instance", "World", "merged"]
