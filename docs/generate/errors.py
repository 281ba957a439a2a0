"""Tables of what Rolebridge prints where no token is to be had: the tests' own scenarios and vectors, run once more.

A row is the message, the cause that the scenario or the vector names for its reader, and the hint of the error.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rolebridge import RolebridgeError, TokenSource
from rolebridge._native import STEPS, VARIABLES

from instance import TOP, Cloud, merged

TESTS = TOP / "tests"

#: What every scenario's environment starts as; see `tests/scenarios/README.md`.
ENVIRONMENT = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}", "ROLEBRIDGE_ALLOW_LOOPBACK": "1"}

#: What is wrong before there is a text to be read, with its cause.
CALLS: list[tuple[str, Callable[[], object]]] = [
    ("No variable names a credential file, and the program passes none.", TokenSource.from_env),
    (
        "The path is not right from where the program runs, or its user may not read it.",
        lambda: TokenSource.from_file("/srv/app/credential.json"),
    ),
]


class Tables:
    """One table for each source of errors."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def table(self, name: str) -> str:
        made = {"config": self._config, "mint": self._mint}[name]()
        lines = dict.fromkeys(f"| {message(error)} | {cause} | {escaped(error.hint or '-')} |" for cause, error in made)
        return "\n".join(["| message | cause | what to do |", "|---|---|---|", *lines])

    def _config(self) -> Iterator[tuple[str, RolebridgeError]]:
        """Files that are refused before anything is sent: those vectors that name a cause."""
        with environment({}):
            for cause, call in CALLS:
                yield cause, caught(call)
            for path in sorted((TESTS / "vectors" / "config" / "reject").glob("*.json")):
                vector = json.loads(path.read_text())
                if "cause" in vector:
                    yield vector["cause"], caught(lambda: TokenSource.from_info(vector["text"]))  # noqa: B023

    def _mint(self) -> list[tuple[str, RolebridgeError]]:
        """The failures of every scenario, in the order of the steps in which they happen."""
        found = []
        for path in sorted((TESTS / "scenarios").glob("*.json")):
            scenario = json.loads(path.read_text())
            found += [(scenario.get("cause", scenario["about"]), error) for error in self._failures(scenario)]
        return sorted(found, key=lambda row: STEPS.index(row[1].step))

    def _failures(self, scenario: Mapping[str, Any]) -> Iterator[RolebridgeError]:
        if not any("error" in str(call) for call in scenario["calls"]):
            return
        world = self._cloud.world(scenario.get("world"))
        credential = world.credential(scenario.get("credential"))
        source = None
        with environment(world.fill(merged(ENVIRONMENT, scenario.get("environment", {})))):
            for call in scenario["calls"]:
                match call:
                    case {"fault": fault}:
                        world.order(fault)
                    case {"world": patch}:
                        world.change(patch)
                    case _:
                        try:
                            source = source or TokenSource.from_info(credential, scopes=scenario.get("scopes"))
                            source.token()
                        except RolebridgeError as error:
                            yield error
        world.end()


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Of the variables that Rolebridge reads, just these."""
    before = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
        os.environ.update(before)


def caught(call: Callable[[], object]) -> RolebridgeError:
    try:
        call()
    except RolebridgeError as error:
        return error
    raise AssertionError("this was to fail")


def message(error: RolebridgeError) -> str:
    """As Python prints it, without the hint, which has a column of its own."""
    return f"**{type(error).__name__}** {escaped(str(error).removesuffix(f'hint: {error.hint}').rstrip())}"


def escaped(text: str) -> str:
    """Text as a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
