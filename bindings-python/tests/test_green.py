"""Under gevent and eventlet a greenlet that waits for a token stops no other."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud import World, python

GEVENT = """
from gevent import monkey
monkey.patch_all()
from gevent import GreenletExit as Killed, kill, sleep, spawn

def result(greenlet):
    return greenlet.get()
"""

EVENTLET = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
from eventlet import kill, sleep, spawn
from greenlet import GreenletExit as Killed

def result(greenlet):
    return greenlet.wait()
"""

WAIT = """
import json, os, rolebridge, sys
from rolebridge import _green

source = rolebridge.TokenSource.from_info(sys.argv[1])
other = source.with_scopes(["https://example.com/other"])
ticks = 0

def tick():
    global ticks
    while True:
        sleep(0.001)
        ticks += 1

def wait(source):
    try:
        return source.token().value
    except rolebridge.RolebridgeError as error:
        return error.kind

spawn(tick)
first = spawn(wait, source)
sleep(0)
all = [spawn(wait, source) for _ in range(50)] + [spawn(wait, other)]
sleep(0.05)
# The first is the one that watches the pipe for the others.
try:
    kill(first)
except Killed:
    pass
while ticks < 50:
    sleep(0.001)
print("waiting", flush=True)
# (A read of standard input is not every hub's to wait for.)
while not os.path.exists(sys.argv[2]):
    sleep(0.01)
print(json.dumps([result(one) for one in all]))
print(len(_green._awaited))
"""


@pytest.mark.parametrize("library", [GEVENT, EVENTLET], ids=["gevent", "eventlet"])
@pytest.mark.parametrize("status", [200, 403])
def test_a_wait_stops_no_other_greenlet(
    make_world: Callable[..., World], tmp_path: Path, library: str, status: int
) -> None:
    world = make_world()
    refusal = {} if status == 200 else {"status": status, "body": {"error": {"status": "PERMISSION_DENIED"}}}
    world.fault("iamcredentials.generateAccessToken", times=None, hold="gate", **refusal)
    environment = {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
    gate = tmp_path / "open"
    with python(library + WAIT, environment, json.dumps(world.credential()), str(gate)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n", "the hub is not stopped"
        world.arrived("iamcredentials.generateAccessToken", 2)
        world.open("gate")
        gate.touch()
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    results, awaited = output.splitlines()
    *fifty, other = json.loads(results)
    assert len(set(fifty)) == 1
    if status == 200:
        assert world.session_user(fifty[0]) == world.info["service_account"]
        assert other != fifty[0]
    else:
        assert {*fifty, other} == {"refused"}
    assert awaited == "0"
    assert world.operations().count("iamcredentials.generateAccessToken") == 2


FORK = """
import os, rolebridge, sys, warnings

warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)
source = rolebridge.TokenSource.from_info(sys.argv[1])
waiting = spawn(lambda: source.token().value)
while source._native.cached() is None and not os.path.exists(sys.argv[2]):
    sleep(0.01)
child = os.fork()
value = source.with_scopes([f"https://example.com/{child}"]).token().value
if child == 0:
    os._exit(0)
print(os.waitpid(child, 0)[1], flush=True)
print(result(waiting) != value)
"""


def test_a_child_of_a_hub_that_waits_has_tokens_of_its_own(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world()
    # The parent's first exchange; the child's, which comes second, is not held.
    world.fault("sts.token", hold="exchange", times=1)
    environment = {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
    gate = tmp_path / "fork"
    with python(GEVENT + FORK, environment, json.dumps(world.credential()), str(gate)) as process:
        world.arrived("sts.token")
        gate.touch()
        world.arrived("sts.token", 2)
        world.open("exchange")
        output, errors = process.communicate(timeout=30)
    assert (output, errors) == ("0\nTrue\n", "")
