"""A program that closes descriptors which are not its own: the engine that they belonged to is replaced."""

import json
import os

import pytest

from cloud import World, output_of, python

#: What a daemon does after its first token.
CLOSES_WHEN_IDLE = """
import os, rolebridge, sys

source = rolebridge.TokenSource.from_info(sys.argv[1])
first = source.token().value
for round in range(3):
    os.closerange(3, 1024)
    tokens = {source.with_scopes([f"{round}-{number}"]).token().value for number in range(3)}
    print(len(tokens | {first}), source.cached().value == first)
"""

#: Threads wait for a flight, and the one that closes the descriptors for another.
CLOSES_DURING_A_FLIGHT = """
import os, rolebridge, sys, threading

source = rolebridge.TokenSource.from_info(sys.argv[1])
results = []


def wait():
    try:
        results.append(source.token().value)
    except rolebridge.RolebridgeError as error:
        results.append(type(error).__name__)


waiting = [threading.Thread(target=wait) for _ in range(2)]
for thread in waiting:
    thread.start()
print("started", flush=True)
sys.stdin.readline()
os.closerange(3, 1024)
another = source.with_scopes(["another"]).token().value
for thread in waiting:
    thread.join()
print(sum(len(result) > 30 for result in results), "tokens")
print(len(another) > 0)
print(len(source.token().value) > 0)
"""


@pytest.mark.skipif(not hasattr(os, "closerange"), reason="no descriptors here")
def test_descriptors_closed_by_the_program_cost_no_later_token(world: World) -> None:
    environment = {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
    output = output_of(CLOSES_WHEN_IDLE, environment, json.dumps(world.credential()))
    assert output.splitlines() == ["4 True"] * 3


@pytest.mark.skipif(not hasattr(os, "closerange"), reason="no descriptors here")
def test_descriptors_closed_during_a_flight_leave_nobody_waiting(world: World) -> None:
    # The reply that is held never comes: its connection is closed. (Metadata is waited for only a second.)
    world.fault("metadata.session_token", hold="session", times=1)
    environment = {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
    process = python(CLOSES_DURING_A_FLIGHT, environment, json.dumps(world.credential()))
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        world.arrived("metadata.session_token")
        output, errors = process.communicate("\n", timeout=50)
    assert (process.returncode, errors) == (0, "")
    assert output.splitlines() == ["2 tokens", "True", "True"]
