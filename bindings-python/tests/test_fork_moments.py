"""Forks at any moment of first calls, flights and renewals: no child hangs, and each has a token."""

import json
import os
from collections.abc import Callable

import pytest

from cloud import World, output_of, python

#: How many forks; a thorough run takes 1,000.
FORKS = int(os.environ.get("TEST_FORKS", "120"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

#: Every module that is not imported yet takes half a second to find.
SLOW_IMPORTS = """
import os, sys, threading, time, warnings

# Python 3.12 and later warn of every such fork.
warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)

class Slow:
    names = []

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        cls.names.append(name)
        time.sleep(0.5)

def in_child(call):
    child = os.fork()
    if child == 0:
        try:
            call()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    return child

def status(child, seconds):
    # None if it hangs; then it is ended, so that nothing is left behind.
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.002)
    os.kill(child, 9)
    os.waitpid(child, 0)
"""

FIRST_TOKEN = (
    SLOW_IMPORTS
    + """
import rolebridge
sys.meta_path.insert(0, Slow)

def first(token):
    repr(token), token.expires_at

def use():
    # A source of each thread's own, so that a child makes all that its first call makes.
    source = rolebridge.TokenSource.from_info(sys.argv[1])
    first(source.token())
    source.headers()
    try:
        rolebridge.TokenSource.from_info("{")
    except rolebridge.ConfigError:
        pass

threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads:
    thread.start()
# While they make their first token, and after.
children = []
for _ in range(20):
    children.append(in_child(use))
    time.sleep(0.01)
print([status(child, 20) for child in children], Slow.names)
for thread in threads:
    thread.join()
"""
)

ANY_MOMENT = (
    SLOW_IMPORTS
    + """
import itertools, random, rolebridge

source = rolebridge.TokenSource.from_info(sys.argv[1])
numbers = itertools.count()
stop = False

def another():
    return source.with_scopes([f"https://example.com/{next(numbers)}"])

def first_calls():
    while not stop:
        rolebridge.TokenSource.from_info(sys.argv[1]).token()
        another().token()

def renewals():
    # Of a life of two seconds, each token is stale after one of them.
    direct = rolebridge.TokenSource.from_info(sys.argv[2])
    while not stop:
        direct.token()
        time.sleep(0.001)

def in_a_child():
    other = f"https://example.com/{os.getpid()}/"
    rolebridge.TokenSource.from_info(sys.argv[1]).with_scopes([other]).token()
    source.with_scopes([other + "again"]).token()
    source.token()

threads = [threading.Thread(target=work) for work in (first_calls, first_calls, renewals)]
for thread in threads:
    thread.start()
chance = random.Random(20)
statuses, children = [], []
for _ in range(int(sys.argv[3])):
    children.append(in_child(in_a_child))
    time.sleep(chance.uniform(0, 0.01))
    if len(children) == 4:
        statuses.append(status(children.pop(0), 20))
statuses += [status(child, 20) for child in children]
stop = True
for thread in threads:
    thread.join()
print({kind: statuses.count(kind) for kind in set(statuses)})
"""
)


def environment(world: World) -> dict[str, str]:
    return {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}


def test_a_first_token_imports_nothing_and_a_fork_meanwhile_hangs_no_child(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.fault("sts.token", times=None, delay_milliseconds=50)
    output = output_of(FIRST_TOKEN, environment(world), json.dumps(world.credential()))
    assert output == f"{[0] * 20} []\n"


@pytest.mark.timeout(60 + FORKS)
def test_a_fork_at_any_moment_hangs_no_child(make_world: Callable[..., World]) -> None:
    world = make_world({"federated_lifetime_seconds": 2})
    world.fault("iamcredentials.generateAccessToken", times=None, delay_milliseconds=2)
    direct = world.credential({"service_account_impersonation_url": None})
    credentials = [json.dumps(credential) for credential in (world.credential(), direct)]
    process = python(ANY_MOMENT, environment(world), *credentials, str(FORKS))
    output, errors = process.communicate(timeout=50 + FORKS)
    assert (output, errors, process.returncode) == (f"{{0: {FORKS}}}\n", "", 0)
