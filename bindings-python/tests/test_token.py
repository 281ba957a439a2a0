"""`TokenSource`: tokens for threads, for event loops and for a person at a keyboard."""

import asyncio
import contextlib
import copy
import json
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
import rolebridge
import trio
from rolebridge import RolebridgeError, Token, TokenSource, _asyncio

from cloud import World, output_of, python

BIGQUERY = "https://www.googleapis.com/auth/bigquery"


@pytest.fixture
def source(world: World) -> TokenSource:
    return TokenSource.from_info(world.credential())


def test_a_token_is_a_value_and_an_aware_end_and_shows_only_the_latter(source: TokenSource) -> None:
    token = source.token()
    assert token.expires_at.utcoffset() == timedelta(0)
    assert token.value not in repr(token)
    assert token.expires_at.isoformat() in repr(token)


def test_a_hit_is_the_same_object(source: TokenSource) -> None:
    assert source.cached() is None
    token = source.token()
    assert source.token() is token
    assert source.cached() is token
    assert source.token().value is token.value


def test_headers_are_a_dict_of_ones_own(world: World) -> None:
    source = TokenSource.from_info(world.credential(), quota_project_id="payer")
    headers = source.headers()
    assert headers == {"authorization": f"Bearer {source.token().value}", "x-goog-user-project": "payer"}
    headers.clear()
    assert source.headers()
    assert TokenSource.from_info(world.credential()).headers().keys() == {"authorization"}


def test_properties_come_from_the_file_alone(world: World, source: TokenSource) -> None:
    assert source.service_account_email == world.info["service_account"]
    assert source.project_id == "my-project"
    assert source.quota_project_id is None
    assert source.scopes == ["https://www.googleapis.com/auth/cloud-platform"]
    assert source.universe_domain == "googleapis.com"
    assert world.requests() == []


def test_other_scopes_share_the_federated_token(world: World, source: TokenSource) -> None:
    narrow = source.with_scopes([BIGQUERY])
    assert narrow.scopes == [BIGQUERY]
    assert narrow.token().value != source.token().value
    assert world.operations().count("sts.token") == 1
    assert world.operations().count("iamcredentials.generateAccessToken") == 2


@pytest.mark.parametrize("named", ["json", "path", "google"])
def test_the_environment_names_the_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    text = json.dumps(world.credential())
    path = tmp_path / "credential.json"
    path.write_text(text)
    name = "GOOGLE_APPLICATION_CREDENTIALS" if named == "google" else "ROLEBRIDGE_CREDENTIALS"
    monkeypatch.setenv(name, text if named == "json" else str(path))
    assert world.session_user(TokenSource.from_env().token().value) == world.info["service_account"]


def test_each_minting_sees_the_environment_of_its_time(
    make_world: Callable[..., World], environment: Callable[..., None]
) -> None:
    world = make_world()
    environment({"ROLEBRIDGE_ALLOW_LOOPBACK": "1", "AWS_EC2_METADATA_DISABLED": "true"})
    source = TokenSource.from_info(world.credential())
    with pytest.raises(RolebridgeError) as caught:
        source.token()
    assert caught.value.kind == "identity"
    environment(world.key_environment)
    assert world.session_user(source.token().value) == world.info["service_account"]


@pytest.mark.parametrize("arguments", [{"scopes": [1]}, {"scopes": 1}, {"allow_endpoints": "https://a.example"}])
def test_a_wrong_argument_is_a_type_error(world: World, arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        TokenSource.from_info(world.credential(), **arguments)


def test_a_string_is_one_scope(world: World, source: TokenSource) -> None:
    assert TokenSource.from_info(world.credential(), scopes=BIGQUERY).scopes == [BIGQUERY]
    assert source.with_scopes(BIGQUERY).scopes == [BIGQUERY]


def test_repr_says_whose_tokens_and_for_what(world: World, source: TokenSource) -> None:
    email = world.info["service_account"]
    assert repr(source.with_scopes([BIGQUERY])) == f"<rolebridge.TokenSource for {email}, scopes=['{BIGQUERY}']>"
    direct = TokenSource.from_info(world.credential({"service_account_impersonation_url": None}), scopes=BIGQUERY)
    assert repr(direct) == f"<rolebridge.TokenSource for direct access, scopes=['{BIGQUERY}']>"


@pytest.mark.parametrize("form", [str, os.fsencode, Path])
def test_a_path_is_text_bytes_or_a_path(world: World, tmp_path: Path, form: Callable[[Path], Any]) -> None:
    path = tmp_path / "credential.json"
    path.write_text(json.dumps(world.credential()))
    for door in (TokenSource.from_file, rolebridge.Credentials.from_file):
        assert door(form(path)).service_account_email == world.info["service_account"]


@pytest.mark.parametrize("door", [TokenSource.from_file, rolebridge.Credentials.from_file])
def test_no_file_is_not_the_file_that_the_environment_names(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: Callable[[Any], object]
) -> None:
    path = tmp_path / "another.json"
    path.write_text(json.dumps(world.credential()))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    for wrong in (None, 7, {"type": "external_account"}):
        with pytest.raises(TypeError, match="`path`"):
            door(wrong)
    for empty in ("", " ", b""):
        with pytest.raises(rolebridge.ConfigError, match="`path` is empty"):
            door(empty)


@pytest.mark.parametrize("door", [TokenSource.from_info, rolebridge.Credentials.from_info])
def test_what_is_no_text_of_a_file_is_pointed_to_the_right_door(door: Callable[[Any], object], tmp_path: Path) -> None:
    others: list[Any] = [None, b"{}", tmp_path, []]
    for wrong in others:
        with pytest.raises(TypeError, match=r"`info`.*from_file"):
            door(wrong)
    for text in ("", "good.json"):
        with pytest.raises(rolebridge.ConfigError):
            door(text)


def test_the_class_itself_points_to_its_doors() -> None:
    with pytest.raises(TypeError, match=r"from_file\(path\)"):
        TokenSource("good.json", None)  # type: ignore[arg-type]


def test_the_same_text_with_a_later_end_has_the_later_end(make_world: Callable[..., World], environment: Any) -> None:
    world = make_world()
    environment(world.environment)
    credential = world.credential({"service_account_impersonation_url": None})
    source, credentials = TokenSource.from_info(credential), rolebridge.Credentials.from_info(credential)
    world.fault("sts.token", merge={"access_token": "the-same", "expires_in": 2})
    first = source.token()
    credentials.before_request(None, "GET", "https://bigquery.googleapis.com/", {})
    early = credentials.expiry
    world.fault("sts.token", merge={"access_token": "the-same", "expires_in": 1000})
    while source.token().expires_at == first.expires_at:
        time.sleep(0.01)
    later = source.token()
    assert (first.value, later.value) == ("the-same", "the-same")
    assert later.expires_at - first.expires_at > timedelta(minutes=15)
    credentials.refresh(None)
    assert early is not None
    assert credentials.expiry == later.expires_at.replace(tzinfo=None) > early


def test_pickles_and_copies_by_configuration(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "credential.json"
    path.write_text(json.dumps(world.credential()))
    monkeypatch.chdir(tmp_path)
    source = TokenSource.from_file("credential.json", quota_project_id="payer").with_scopes([BIGQUERY])
    token = source.token()
    text = pickle.dumps(source)
    assert token.value.encode() not in text
    monkeypatch.chdir("/")
    restored = pickle.loads(text)
    assert (restored.scopes, restored.quota_project_id) == ([BIGQUERY], "payer")
    assert restored.token().value == token.value  # One cache for equal configuration.
    assert copy.deepcopy(source) is copy.copy(source) is source


def test_many_threads_wait_for_one_flight(world: World, source: TokenSource) -> None:
    world.fault("sts.token", hold="gate")
    with ThreadPoolExecutor(8) as pool:
        tokens = [pool.submit(source.token) for _ in range(8)]
        world.arrived("sts.token")
        world.open("gate")
        assert len({token.result().value for token in tokens}) == 1
    assert world.operations().count("sts.token") == 1


def test_asyncio_awaits_a_token(world: World, source: TokenSource) -> None:
    async def main() -> None:
        tokens = await asyncio.gather(*(source.token_async() for _ in range(50)))
        assert {id(token) for token in tokens} == {id(source.cached())}
        assert await source.token_async() is tokens[0]

    asyncio.run(main())
    assert world.operations().count("sts.token") == 1
    assert not _asyncio._awaited


def test_two_event_loops_wait_for_one_flight(world: World, source: TokenSource) -> None:
    async def main() -> str:
        return (await source.token_async()).value

    world.fault("sts.token", hold="gate")
    with ThreadPoolExecutor(2) as pool:
        values = [pool.submit(asyncio.run, main()) for _ in range(2)]
        world.arrived("sts.token")
        world.open("gate")
        assert values[0].result() == values[1].result()
    assert world.operations().count("sts.token") == 1
    assert not _asyncio._awaited


def test_cancelling_one_waiter_disturbs_no_other(world: World, source: TokenSource) -> None:
    async def main() -> None:
        first = asyncio.ensure_future(source.token_async())
        second = asyncio.ensure_future(source.token_async())
        await asyncio.to_thread(world.arrived, "sts.token")
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        world.open("gate")
        assert (await second).value

    world.fault("sts.token", hold="gate")
    asyncio.run(main())
    assert world.operations().count("sts.token") == 1


def test_a_flight_outlives_the_event_loop_that_began_it(world: World, source: TokenSource) -> None:
    async def main() -> None:
        waiting = asyncio.ensure_future(source.token_async())
        await asyncio.to_thread(world.arrived, "sts.token")
        waiting.cancel()

    world.fault("sts.token", hold="gate")
    asyncio.run(main())
    assert not _asyncio._awaited
    world.open("gate")
    assert source.token()
    assert world.operations().count("sts.token") == 1


def test_an_awaited_failure_is_raised_to_each_waiter(world: World, source: TokenSource) -> None:
    async def main() -> list[object]:
        return await asyncio.gather(*(source.token_async() for _ in range(3)), return_exceptions=True)

    world.change({"aws": {"instance": {"role": None}}})
    errors = asyncio.run(main())
    assert [getattr(error, "kind", None) for error in errors] == ["identity"] * 3
    assert len({id(error) for error in errors}) == 3


def test_an_event_loop_that_watches_no_pipe_waits_on_a_thread(source: TokenSource) -> None:
    class Deaf(asyncio.SelectorEventLoop):
        def add_reader(self, fd: Any, callback: Any, *args: Any) -> None:  # type: ignore[override]
            raise NotImplementedError

    async def main() -> Token:
        return await source.token_async()

    loop = Deaf()
    try:
        assert loop.run_until_complete(main()) is source.cached()
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_waits_that_are_given_up_leave_no_descriptor_open_while_nothing_answers(
    world: World, source: TokenSource
) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    async def main() -> list[int]:
        counts = []
        for _ in range(50):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(source.token_async(), 0.005)
            counts.append(descriptors())
        return counts

    world.fault("sts.token", hold="exchange")
    # The connections of the flight itself come meanwhile.
    first, *_, last = asyncio.run(main())
    assert last < first + 20
    world.open("exchange")
    assert source.token()
    assert not _asyncio._awaited


def test_token_async_needs_a_running_loop(source: TokenSource) -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        source.token_async()


def of_asyncio(call: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(call())  # type: ignore[arg-type]


def of_uvloop(call: Callable[[], Awaitable[Any]]) -> Any:
    import uvloop  # There is none for Windows.

    return uvloop.run(call())  # type: ignore[arg-type]


def of_anyio(call: Callable[[], Awaitable[Any]]) -> Any:
    return anyio.run(call)


def of_anyio_on_trio(call: Callable[[], Awaitable[Any]]) -> Any:
    return anyio.run(call, backend="trio")


LOOPS = [of_asyncio, of_anyio, of_anyio_on_trio, trio.run, *([] if sys.platform == "win32" else [of_uvloop])]


@pytest.mark.parametrize("run", LOOPS)
def test_every_event_loop_awaits_without_a_thread(
    world: World, source: TokenSource, run: Callable[[Callable[[], Awaitable[Any]]], Any]
) -> None:
    world.fault("sts.token", times=None, delay_milliseconds=50)
    threads = set(threading.enumerate())
    others: set[threading.Thread] = set()
    tokens: list[Token] = []

    async def wait() -> None:
        tokens.append(await source.token_async())

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(wait)
            await anyio.sleep(0.02)
            others.update(set(threading.enumerate()) - threads)
        assert await source.token_async() is tokens[0]
        with pytest.raises(RolebridgeError, match="audience"):
            await source.id_token_async(" ")

    run(main)
    assert {id(token) for token in tokens} == {id(source.cached())}
    assert len(tokens) == 20
    assert others == set()
    assert world.operations().count("sts.token") == 1


@pytest.mark.parametrize("run", LOOPS)
def test_every_event_loop_is_told_of_a_failure_and_may_give_up(
    world: World, source: TokenSource, run: Callable[[Callable[[], Awaitable[Any]]], Any]
) -> None:
    world.fault("sts.token", times=1, hold="gate")

    async def main() -> None:
        with anyio.move_on_after(0.02) as scope:
            await source.token_async()
        assert scope.cancelled_caught
        world.open("gate")
        first = await source.token_async()
        world.change({"aws": {"instance": {"role": "other-role"}}})
        refused = source.with_scopes(["https://example.com/other"])
        world.fault("iamcredentials.generateAccessToken", times=None, status=403)
        with pytest.raises(RolebridgeError, match="refused"):
            await refused.token_async()
        assert await source.token_async() is first

    run(main)
    assert world.operations().count("sts.token") == 1


def test_an_interrupt_ends_the_wait_and_not_the_flight(make_world: Callable[..., World]) -> None:
    script = """
import rolebridge, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
source = rolebridge.TokenSource.from_info(sys.argv[1])
try:
    source.token()
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(source.token().value)
"""
    world = make_world()
    world.fault("sts.token", hold="gate")
    with python(script, instance(world), json.dumps(world.credential())) as process:
        world.arrived("sts.token")
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.readline() == "interrupted\n"
        world.open("gate")
        output, errors = process.communicate(timeout=30)
    assert world.session_user(output.strip()), errors
    assert world.operations().count("sts.token") == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipe here")
@pytest.mark.parametrize("named", ["by the program", "by the environment"])
def test_an_interrupt_ends_the_wait_for_a_file_that_does_not_open(tmp_path: Path, named: str) -> None:
    script = """
import os, rolebridge, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    print("opening", flush=True)
    rolebridge.TokenSource.from_env() if len(sys.argv) < 2 else rolebridge.TokenSource.from_file(sys.argv[1])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    pipe = tmp_path / "credential.json"
    os.mkfifo(pipe)
    by_program = named == "by the program"
    environment = {} if by_program else {"GOOGLE_APPLICATION_CREDENTIALS": str(pipe)}
    with python(script, environment, *([str(pipe)] if by_program else [])) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "opening\n"
        # Opened for writing as soon as it is being opened for reading; then its reader waits for a first byte.
        writer = None
        while writer is None:
            with contextlib.suppress(OSError):
                writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=20)
        finally:
            os.close(writer)
    assert (output, process.returncode) == ("interrupted\n", 0)


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_a_loop_that_closed_while_somebody_waited_leaves_nothing_behind(world: World) -> None:
    world.fault("sts.token", hold="exchange")
    source = TokenSource.from_info(world.credential())

    async def leave() -> None:
        await asyncio.wait({asyncio.ensure_future(source.token_async())}, timeout=0.01)

    for _ in range(5):
        asyncio.run(leave())
    assert len(_asyncio._awaited) <= 1, "each is let go by the next at the latest"
    world.open("exchange")
    # Another token than the one of that flight, which may be there by now: so this one is waited for.
    assert asyncio.run(_token(source.with_scopes(["openid"]))).value
    assert not _asyncio._awaited


async def _token(source: TokenSource) -> Token:
    return await source.token_async()


def test_no_thread_exists_before_the_first_token(make_world: Callable[..., World]) -> None:
    script = """
import os, rolebridge, sys
threads = lambda: len(os.listdir("/proc/self/task"))
before = threads()
source = rolebridge.TokenSource.from_info(sys.argv[1])
built = threads()
source.token()
print(before, built, threads() > built)
"""
    world = make_world()
    assert output_of(script, instance(world), json.dumps(world.credential())) == "1 1 True\n"


def test_loops_of_other_threads_may_end_while_one_looks_for_those_that_did(source: TokenSource) -> None:
    class Ending(asyncio.SelectorEventLoop):
        """A loop whose neighbours go while somebody looks at it, as with a thread switch in the middle of a look."""

        def is_closed(self) -> bool:
            for other in others:
                _asyncio._awaited.pop(other, None)
            return super().is_closed()

    others: list[asyncio.AbstractEventLoop] = []
    loops = [Ending(), asyncio.new_event_loop(), asyncio.new_event_loop()]
    for loop in loops:
        loop.close()
    _asyncio._awaited.update((loop, cast(_asyncio._Awaited, None)) for loop in loops)
    others.extend(loops[1:])
    assert asyncio.run(wait_for(source)).value
    assert not _asyncio._awaited


async def wait_for(source: TokenSource) -> Token:
    return await source.token_async()


def test_a_file_that_takes_its_time_stops_no_other_thread(world: World, tmp_path: Path) -> None:
    # In a process that can be ended: who holds the interpreter's lock hears of no time-out.
    script = """
import os, rolebridge, sys, threading
os.mkfifo("credential.json")
made = []
reader = threading.Thread(target=lambda: made.append(rolebridge.TokenSource.from_file("credential.json")))
reader.start()
with open("credential.json", "w") as file:
    file.write(sys.argv[1])
reader.join()
print(made[0].service_account_email)
"""
    script = f"import os; os.chdir({str(tmp_path)!r})\n{script}"
    email = world.info["service_account"]
    assert output_of(script, world.environment, json.dumps(world.credential())) == f"{email}\n"


def test_a_variable_that_is_no_text_is_read_as_far_as_it_is_one(world: World) -> None:
    script = """
import os, rolebridge, sys
os.environb[b"SSL_CERT_FILE"] = b"/caf\\xe9/authority.pem"
try:
    rolebridge.TokenSource.from_info(sys.argv[1]).token()
except rolebridge.RolebridgeError as error:
    print(type(error).__name__, ascii(str(error)))
"""
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    credential = world.credential({"token_url": "https://sts.googleapis.com/v1/token"})
    output = output_of(script, world.environment | keys, json.dumps(credential))
    assert output.startswith("ConfigError")
    assert "/caf\\ufffd/authority.pem" in output


def test_importing_rolebridge_imports_no_module_that_takes_long() -> None:
    script = """
import sys
before = set(sys.modules)
import rolebridge
imported = set(sys.modules) - before
print(*sorted(imported & {"asyncio", "google.auth", "json", "logging", "pathlib", "re", "threading", "typing"}))
rolebridge.Credentials
print("google.auth" in sys.modules)
"""
    assert output_of(script, {}) == "\nTrue\n"
    assert "Credentials" in dir(rolebridge)
    with pytest.raises(AttributeError, match="nothing"):
        _ = rolebridge.nothing  # type: ignore[attr-defined]


def instance(world: World) -> dict[str, str]:
    """The environment of another process on this world's instance."""
    return {**world.environment, "AWS_EC2_METADATA_DISABLED": "false"}
