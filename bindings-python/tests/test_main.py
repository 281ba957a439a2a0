"""`python -m rolebridge`, and the script of the package, are the command."""

import json
import os
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from cloud import World


def command(world: World, tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    file = tmp_path / "credential.json"
    file.write_text(json.dumps(world.credential()))
    environment = world.environment | {"GOOGLE_APPLICATION_CREDENTIALS": str(file), "HOME": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, "-m", "rolebridge", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_prints_a_token(world: World, tmp_path: Path) -> None:
    ran = command(world, tmp_path, "token")
    output, talk = ran.communicate()
    assert (ran.returncode, talk) == (0, "")
    assert world.session_user(output.strip()) == world.info["service_account"]


def test_wrong_arguments_have_their_exit_code(world: World, tmp_path: Path) -> None:
    ran = command(world, tmp_path, "tokne")
    output, talk = ran.communicate()
    assert (ran.returncode, output) == (2, "")
    assert talk.endswith("hint: a similar subcommand exists: 'token'\n")


def test_an_interrupt_ends_it_while_it_waits(world: World, tmp_path: Path) -> None:
    world.fault("sts.token", hold="gate")
    ran = command(world, tmp_path, "token")
    world.arrived("sts.token")
    ran.send_signal(signal.SIGINT)
    output, talk = ran.communicate()
    assert (ran.returncode, output, talk) == (-signal.SIGINT, "", "")


def test_the_script_is_the_same() -> None:
    (script,) = metadata.entry_points(group="console_scripts", name="rolebridge")
    assert script.value == "rolebridge.__main__:main"
    said = [[str(Path(sys.executable).with_name("rolebridge"))], [sys.executable, "-m", "rolebridge"]]
    first, second = (subprocess.run([*one, "--help"], env=os.environ, capture_output=True, text=True) for one in said)
    assert (first.returncode, first.stdout, first.stderr) == (0, second.stdout, "")
