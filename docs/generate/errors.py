"""Tables of what Rolebridge prints where no token is to be had: the tests' own scenarios and vectors, run once more.

A row is the message, the cause that the scenario or the vector names for its reader, and the hint of the error.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rolebridge import RolebridgeError, TokenSource
from rolebridge._native import STEPS, VARIABLES

from instance import TOP, Cloud, merged

TESTS = TOP / "tests"

#: What every scenario's environment starts as; see `tests/scenarios/README.md`.
ENVIRONMENT = {
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}",
    "AWS_ENDPOINT_URL": "{aws}",
    "HOME": "{home}",
    "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
}

#: Where the local cloud is, by the name that the world gives it, and what stands there for a reader.
PLACES = {"metadata": "169.254.169.254", "google": "sts.googleapis.com", "proxy": "proxy.example.com:3128"}


class Tables:
    """One table for each source of errors."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def table(self, name: str) -> str:
        tables = {"config": self._config, "mint": self._mint}
        # Else the failures of scenarios that are named one by one.
        rows = tables[name]() if name in tables else self._named(name.split())
        # A failure that several scenarios lead to is one row.
        lines = {(message, hint): f"| {message} | {cause} | {hint} |" for cause, message, hint in rows}
        return "\n".join(["| message | cause | what to do |", "|---|---|---|", *lines.values()])

    def _config(self) -> Iterator["Row"]:
        """What is refused before anything is sent: those vectors that name a cause."""
        vectors = TESTS / "vectors"
        gcloud = json.dumps((vectors / "config" / "accept" / "gcloud.json").read_text())[1:-1]
        for path in [*sorted((vectors / "given").glob("*.json")), *sorted((vectors / "config/reject").glob("*.json"))]:
            vector = json.loads(path.read_text().replace("{gcloud}", gcloud))
            if "cause" in vector:
                with environment(vector.get("environment", {})):
                    yield row(vector["cause"], refusal(vector))

    def _mint(self) -> list["Row"]:
        """The failures of every scenario, in the order of the steps in which they happen."""
        found: list[tuple[str, Row]] = []
        for path in sorted((TESTS / "scenarios").glob("*.json")):
            scenario = json.loads(path.read_text())
            if any("error" in str(call) for call in scenario["calls"]):
                found += self._failures(scenario)
        return [row for _, row in sorted(found, key=lambda item: STEPS.index(item[0]))]

    def _named(self, names: list[str]) -> Iterator["Row"]:
        for name in names:
            scenario = json.loads((TESTS / "scenarios" / f"{name}.json").read_text())
            yield from (row for _, row in self._failures(scenario))

    def _failures(self, scenario: Mapping[str, Any]) -> Iterator[tuple[str, "Row"]]:
        world = self._cloud.world(scenario.get("world"))
        credential = world.credential(scenario.get("credential"))
        source = None
        variables = merged(ENVIRONMENT, scenario.get("environment", {}))
        with TemporaryDirectory() as home, environment(world.fill(variables, home)):
            write(world.fill(scenario.get("files", {}), home), Path(home))
            for call in scenario["calls"]:
                match call:
                    case {"fault": fault}:
                        world.order(fault)
                    case {"world": patch}:
                        world.change(patch)
                    case {"files": files}:
                        write(world.fill(files, home), Path(home))
                    case {"scopes": scopes}:
                        source = TokenSource.from_info(credential, scopes=scopes)
                    case _:
                        try:
                            source = source or TokenSource.from_info(credential, scopes=scenario.get("scopes"))
                            answer(source, call)
                        except RolebridgeError as error:
                            places = {urlsplit(world.info[name]).netloc: place for name, place in PLACES.items()}
                            places[home] = "/home/me"
                            yield error.step, row(scenario.get("cause", scenario["about"]), error, places)
        world.end()


def answer(source: TokenSource, call: Mapping[str, Any]) -> None:
    """What a call of a scenario asks for."""
    match call:
        case {"id_token": _}:
            source.id_token(call.get("audience", "https://service.example"))
        case {"sign": _}:
            source.sign(b"payload")
        case _:
            source.token()


def write(files: Mapping[str, Any], home: Path) -> None:
    """The files of a scenario; a text as it is, and all else as JSON."""
    for name, content in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), newline="")


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


def refusal(vector: Mapping[str, Any]) -> RolebridgeError:
    """What making the source raises, made as the vectors' README says."""
    options = {"allow_endpoints": vector.get("allow_endpoints")}
    try:
        if "file" in vector:
            TokenSource.from_file(vector["file"], **options)
        elif "json" in vector or "text" in vector:
            TokenSource.from_info(vector.get("json", vector.get("text")), **options)
        else:
            TokenSource.from_env(**options)
    except RolebridgeError as error:
        return error
    raise AssertionError(f"this was to fail: {vector['about']}")


class Row(NamedTuple):
    """As cells of a table: what is wrong, what Python prints of it, and its hint."""

    cause: str
    message: str
    hint: str


def row(cause: str, error: RolebridgeError, places: Mapping[str, str] | None = None) -> Row:
    said = str(error).removesuffix(f"hint: {error.hint}").rstrip()
    hint = error.hint or "-"
    agent = {"endpoint at `127.0.0.1`": "endpoint at `169.254.170.2`"}
    for place, name in {**(places or {}), **agent, "`127.0.0.1`": "`sts.googleapis.com`"}.items():
        said, hint = said.replace(place, name), hint.replace(place, name)
    # Seconds since 1970.
    said = re.sub(r"\b[0-9]{10}\b", "…", said)
    return Row(cause, f"**{type(error).__name__}** {escaped(said)}", escaped(hint))


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
