"""Many callers at once, and callers that come early: one exchange for all of them."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import rolebridge
from rolebridge import Credentials, RolebridgeError, TokenSource

from cloud import World


def at_once(count: int, call: Callable[[], str]) -> list[str]:
    """What `count` threads got that began together."""
    barrier = threading.Barrier(count)

    def begin() -> str:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(begin) for _ in range(count)]]


@pytest.mark.parametrize("count", [200, 1000])
def test_threads_that_begin_together_make_one_exchange(world: World, count: int) -> None:
    source = TokenSource.from_info(world.credential())
    values = at_once(count, lambda: source.token().value)
    assert len(set(values)) == 1
    assert world.operations().count("sts.token") == 1
    assert world.operations().count("iamcredentials.generateAccessToken") == 1


def test_with_google_down_one_round_of_tries_is_shared_by_all(world: World) -> None:
    world.order({"on": "sts.token", "times": None, "do": {"status": 503}})
    source = TokenSource.from_info(world.credential())

    def refusal() -> str:
        with pytest.raises(rolebridge.RolebridgeError) as raised:
            source.token()
        return str(raised.value)

    assert len(set(at_once(200, refusal))) == 1
    assert world.operations().count("sts.token") == 4


def test_warm_starts_the_flight_and_returns_at_once(world: World) -> None:
    world.fault("sts.token", hold="exchange")
    credentials = Credentials.from_info(world.credential())
    credentials.warm()
    world.arrived("sts.token")
    assert TokenSource.from_info(world.credential()).cached() is None
    world.open("exchange")
    assert TokenSource.from_info(world.credential()).token().value
    assert world.operations().count("sts.token") == 1


def test_warm_for_what_the_environment_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLEBRIDGE_CREDENTIALS", json.dumps(world.credential()))
    rolebridge.warm()
    world.arrived("iamcredentials.generateAccessToken")
    assert TokenSource.from_env().token().value
    assert world.operations().count("sts.token") == 1


def test_warm_raises_nothing_that_the_first_call_will_tell(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rolebridge.warm()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    source = TokenSource.from_info(world.credential())
    source.warm()
    with pytest.raises(RolebridgeError, match="no AWS identity is set up here"):
        source.token()
