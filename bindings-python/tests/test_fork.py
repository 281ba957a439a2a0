"""A process that forks: its children start with its token, and mint their own through an engine of their own."""

import json
import os
import subprocess
import sys

import pytest

from cloud import World, output_of

FORKS = """
import os, rolebridge, sys

source = rolebridge.TokenSource.from_info(sys.argv[1])
first = source.token().value


def in_child(call):
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if call() else 1)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(2)
    return os.waitpid(child, 0)[1]


def other(name):
    return source.with_scopes([name]).token().value


print(in_child(lambda: source.cached().value == first))
print([in_child(lambda: other("child") != first) for _ in range(3)])
print(in_child(lambda: in_child(lambda: other("grandchild") != first) == 0))
print(other("parent") != first, source.token().value == first)
"""

FORK_DURING_A_FLIGHT = """
import os, rolebridge, sys, threading

source = rolebridge.TokenSource.from_info(sys.argv[1])
waiting = threading.Thread(target=source.token)
waiting.start()
print("started", flush=True)
sys.stdin.readline()
child = os.fork()
if child == 0:
    source.token()
    os._exit(0)
print(os.waitpid(child, 0)[1], flush=True)
waiting.join()
print(source.cached() is not None)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_children_start_with_their_parent_s_token_and_mint_their_own(world: World) -> None:
    environment = {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
    output = output_of(FORKS, environment, json.dumps(world.credential()))
    assert output.splitlines() == ["0", "[0, 0, 0]", "0", "True True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_a_token_is_minted_hangs_neither_side(world: World) -> None:
    # The parent's exchange is held; the child's, which comes second, is not.
    world.fault("sts.token", hold="exchange", times=1)
    process = subprocess.Popen(
        [sys.executable, "-c", FORK_DURING_A_FLIGHT, json.dumps(world.credential())],
        env=os.environ | world.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        world.arrived("sts.token")
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "0\n", "the child minted its own"
        world.open("exchange")
        assert process.stdout.readline() == "True\n", "the parent's flight went on"
    assert process.returncode == 0
