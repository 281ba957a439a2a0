"""A child that has the process id of an ancestor that minted: it mints through an engine of its own."""

import json
import shutil
import subprocess
import sys

import pytest

from cloud import World, output_of

#: A namespace in which process ids begin at 1, with its own `/proc`.
NAMESPACE = ("unshare", "--map-root-user", "--fork", "--pid", "--mount-proc", "--kill-child")

#: Process 1 of the namespace forks a process that mints. That one's child outlives it, and forks another under its id.
RECYCLED = """
import os, rolebridge, signal, sys

source = rolebridge.TokenSource.from_info(sys.argv[1])
LAST_ID = "/proc/sys/kernel/ns_last_pid"


def mint(scope):
    signal.alarm(20)
    return len(source.with_scopes([scope]).token().value) > 0


minting = os.fork()
if minting == 0:
    assert mint("ancestor")
    ancestor = os.getpid()
    ended, end = os.pipe()
    if os.fork():
        os._exit(0)
    os.close(end)
    os.read(ended, 1)
    while True:
        try:
            os.kill(ancestor, 0)
        except ProcessLookupError:
            break
    with open(LAST_ID, "w") as last:
        last.write(str(ancestor - 1))
    child = os.fork()
    if child == 0:
        os._exit(0 if os.getpid() == ancestor and mint("descendant") else 1)
    print(child == ancestor, os.waitpid(child, 0)[1], flush=True)
    os._exit(0)
os.waitpid(minting, 0)
os.wait()
"""

#: Process 1 of a namespace mints, and forks process 1 of another namespace.
NESTED = """
import ctypes, os, rolebridge, signal, sys

source = rolebridge.TokenSource.from_info(sys.argv[1])
first = source.token().value
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWPID = 0x20000000
assert libc.unshare(CLONE_NEWPID) == 0, os.strerror(ctypes.get_errno())
child = os.fork()
if child == 0:
    # The first process of a namespace is ended by no signal that it does not handle.
    signal.signal(signal.SIGALRM, lambda *_: os._exit(2))
    signal.alarm(20)
    same_id, same_token = os.getpid() == 1, source.cached().value == first
    another = source.with_scopes(["another"]).token().value
    os._exit(0 if same_id and same_token and another != first else 1)
print(os.getpid() == 1, os.waitpid(child, 0)[1])
"""

has_namespaces = (
    shutil.which("unshare") is not None
    and subprocess.run([*NAMESPACE, "test", "-w", "/proc/sys/kernel/ns_last_pid"], capture_output=True).returncode == 0
)


@pytest.mark.skipif(not has_namespaces, reason="no process namespace is to be had here")
@pytest.mark.parametrize("script", [RECYCLED, NESTED], ids=["recycled", "nested"])
def test_a_child_with_its_ancestor_s_process_id_mints_its_own(world: World, script: str) -> None:
    environment = {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
    program = (*NAMESPACE, sys.executable)
    assert output_of(script, environment, json.dumps(world.credential()), program=program) == "True 0\n"
