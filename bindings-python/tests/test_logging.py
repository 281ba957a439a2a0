"""The logger `rolebridge`: what it is told, where, and what a program sees that logs nothing."""

import asyncio
import json
import logging
import threading

import pytest
from rolebridge import TokenSource

from cloud import World, python


def test_a_flight_is_told_with_steps_hosts_attempts_and_durations(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "rolebridge")
    world.fault("sts.token", status=503, times=1)
    token = TokenSource.from_info(world.credential()).token()

    host = world.info["google"].removeprefix("http://")
    tries = [vars(record) for record in caplog.records if getattr(record, "host", None) == host]
    assert [(told["step"], told["attempt"]) for told in tries] == [
        ("exchange", 1),
        ("exchange", 2),
        ("impersonation", 1),
    ]
    assert all(0 <= told["duration"] < 10 and told["levelno"] == logging.DEBUG for told in tries)
    assert {record.thread for record in caplog.records} == {threading.get_ident()}
    assert not any(token.value in str(vars(record)) for record in caplog.records)


async def _token(source: TokenSource) -> None:
    await source.token_async()


def test_asyncio_tells_it_on_the_loop_s_thread(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "rolebridge")
    asyncio.run(_token(TokenSource.from_info(world.credential())))
    assert {record.thread for record in caplog.records if record.name == "rolebridge"} == {threading.get_ident()}


#: Makes a token of the credential that is its argument, and prints what it has imported of the logger.
PROGRAM = """
import sys
from rolebridge import TokenSource
TokenSource.from_info(sys.argv[1]).token()
print("logging" in sys.modules)
"""


def test_a_program_that_logs_nothing_sees_warnings_alone_and_imports_nothing(world: World) -> None:
    credential = json.dumps(world.credential())
    warned = {**world.key_environment, "AWS_PROFILE": "another"}
    for variables, warning in ((world.key_environment, ""), (warned, "more than one AWS identity is configured")):
        process = python(PROGRAM, variables, credential)
        output, errors = process.communicate(timeout=50)
        assert (process.returncode, output) == (0, "False\n")
        assert errors.startswith(warning)
        assert len(errors.splitlines()) == (1 if warning else 0)
