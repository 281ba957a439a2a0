"""The programs of `examples/python` do what they say, under the real host names: a proxy leads into the emulator."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloud import GOOGLE, World

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
USERS = "1 aaaaa\n2 bbbbb\n3 ccccc\n4 ddddd\n5 eeeee\n"
OUTPUT = {
    "query.py": USERS,
    "headers.py": USERS,
    "tasks.py": "2 1 2\n",
    "errors.py": "a token of bigquery-reader@my-project.iam.gserviceaccount.com\n",
}


def run(example: str, world: World, folder: Path) -> "subprocess.CompletedProcess[str]":
    """The program beside a credential file, with the environment of the world's instance and nothing else."""
    (folder / "credential.json").write_text(json.dumps(world.credential(GOOGLE)))
    authority = folder / "authority.pem"
    authority.write_text(world.info["ca_pem"])
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HTTPS_PROXY": world.info["proxy"],
        "HTTP_PROXY": world.info["proxy"],
        "NO_PROXY": "",
        "REQUESTS_CA_BUNDLE": str(authority),
        "SSL_CERT_FILE": str(authority),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": world.info["metadata"],
    }
    command = [sys.executable, "-W", "error", str(EXAMPLES / example)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=50)


def test_every_example_is_run() -> None:
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(OUTPUT)


@pytest.mark.parametrize("example", OUTPUT)
def test_example(example: str, world: World, tmp_path: Path) -> None:
    ended = run(example, world, tmp_path)
    assert (ended.stdout, ended.stderr, ended.returncode) == (OUTPUT[example], "", 0)
    assert "proxy.refused" not in world.operations()


def test_three_tasks_wait_for_one_token(world: World, tmp_path: Path) -> None:
    run("tasks.py", world, tmp_path)
    assert world.operations().count("sts.token") == 1


def test_errors_says_what_is_wrong(world: World, tmp_path: Path) -> None:
    world.change({"aws": {"instance": {"role": "another-role"}}})
    ended = run("errors.py", world, tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("refused error in step impersonation: IAM Credentials refused to impersonate")
    assert "\nhint: " in ended.stderr
