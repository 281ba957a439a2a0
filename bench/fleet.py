"""A fleet of 100,000 processes, started within one minute, and the quotas of Google STS, over twelve hours.

Prints the tables that `docs/fleet.md` quotes and draws `docs/fleet.svg`. All of it follows from the seed.

Each minute of the quota has a list of the requests that are due in it, taken in the order of their times. Once the
quota is used up, all that follow in that minute are refused; so a refused process is followed through its retries to
the first one that falls into a later minute, and entered there. Nothing else couples the processes: impersonations stay
below their quota, which is checked, and so they are only counted.
"""

import copy
import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

PROCESSES = 100_000
REDEPLOYED = 25_000
MINUTES = 12 * 60
SEED = 11

LIFE = 3600.0
ROUND_TRIP = 0.1
# How soon a program calls again after a call that failed.
PACE = 1.0

EXCHANGES_A_MINUTE = 6_000
IMPERSONATIONS_A_MINUTE = 60_000
WITHOUT_QUOTA = PROCESSES

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "fleet.svg"


@dataclass
class Record:
    """What became of a fleet. Lists are by minute, bytes by process."""

    exchanges: list[int] = field(default_factory=lambda: [0] * MINUTES)
    refusals: list[int] = field(default_factory=lambda: [0] * MINUTES)
    impersonations: list[int] = field(default_factory=lambda: [0] * MINUTES)
    has_token: bytearray = field(default_factory=lambda: bytearray(PROCESSES))
    all_ready_at: float = 0.0
    # Calls that failed before the process had its first token, and after; and who had one of the latter.
    failed_starting: int = 0
    failed_running: int = 0
    was_hit: bytearray = field(default_factory=lambda: bytearray(PROCESSES))
    # When a renewal began.
    least_life_left: float = LIFE

    def impersonated(self, at: float) -> None:
        if at < MINUTES * 60:
            self.impersonations[int(at // 60)] += 1

    def ready(self, process: int, at: float) -> None:
        if not self.has_token[process]:
            self.has_token[process] = True
            self.all_ready_at = max(self.all_ready_at, at)

    def failed(self, process: int, calls: int) -> None:
        if not self.has_token[process]:
            self.failed_starting += calls
        elif calls:
            self.failed_running += calls
            self.was_hit[process] = True

    @property
    def start(self) -> int:
        """The minutes until everybody had a token, the last one whole."""
        return math.ceil(self.all_ready_at / 60)


class Client(ABC):
    """How a library exchanges and renews: the state of every process, and what it does next."""

    def __init__(self) -> None:
        self.record = Record()

    @abstractmethod
    def started(self, process: int, at: float) -> None:
        """A process begins, or begins anew, with a request to STS."""

    @abstractmethod
    def granted(self, process: int, at: float) -> float:
        """What was sent to STS at `at` is granted. When is the next request sent there?"""

    @abstractmethod
    def refused(self, process: int, at: float, end: float) -> float:
        """What was sent to STS at `at` is refused, as all is until `end`. When is the first one after that sent?"""


class InTheCall(Client):
    """Google's: from a fixed time before the token's end, a call exchanges and impersonates, and fails if it cannot."""

    def __init__(self, threshold: float, retries: Iterable[float] = ()) -> None:
        super().__init__()
        self.threshold = threshold
        self.record.least_life_left = threshold
        # From one request to the next; the last step is to the program's next call.
        self.steps = [ROUND_TRIP + wait for wait in (*retries, PACE)]
        self.tries = bytearray(PROCESSES)

    def started(self, process: int, at: float) -> None:
        self.tries[process] = 0

    def granted(self, process: int, at: float) -> float:
        self.tries[process] = 0
        minted = at + ROUND_TRIP
        self.record.impersonated(minted)
        self.record.ready(process, minted + ROUND_TRIP)
        return minted + LIFE - self.threshold

    def refused(self, process: int, at: float, end: float) -> float:
        steps, tries = self.steps, self.tries[process]
        # Whole rounds of steps at once, then one by one.
        failed = int((end - at) // sum(steps))
        refusals = failed * len(steps)
        at += failed * sum(steps)
        while at < end:
            refusals += 1
            at += steps[tries]
            tries += 1
            if tries == len(steps):
                tries = 0
                failed += 1
        self.tries[process] = tries
        self.record.refusals[round(end / 60) - 1] += refusals
        self.record.failed(process, failed)
        return at


class Ahead(Client):
    """Ours: renewed in the background from a random point of the token's life; the federated token is used again."""

    # core/src/retry.rs, core/src/mint.rs
    TRIES = 4
    BACKOFF = 0.5
    SHORTEST_TRY = 0.5
    BUDGET = 13.0
    # core/src/cache/slot.rs
    FIRST_HOLD_OFF = 1.0
    LONGEST_HOLD_OFF = 30.0
    LONGEST_ASKED_HOLD_OFF = 300.0
    # core/src/layers.rs
    FEDERATED_MARGIN = 60.0

    def __init__(self, window: tuple[float, float] = (0.50, 0.85), retry_after: float = 0.0) -> None:
        super().__init__()
        self.window, self.retry_after = window, retry_after
        self.chance = random.Random(SEED)
        self.expires_at = [0.0] * PROCESSES
        self.flight_began_at = [0.0] * PROCESSES
        self.tries = bytearray(PROCESSES)
        # In a row.
        self.failures = [0] * PROCESSES

    def started(self, process: int, at: float) -> None:
        self.expires_at[process] = 0.0
        self.failures[process] = 0
        self.begin_flight(process, at)

    def begin_flight(self, process: int, at: float) -> float:
        self.flight_began_at[process] = at
        self.tries[process] = 1
        return at

    def granted(self, process: int, at: float) -> float:
        record, (first, last), chance = self.record, self.window, self.chance.random
        self.failures[process] = 0
        record.ready(process, at + 2 * ROUND_TRIP)
        minted, federated_until = at + ROUND_TRIP, at + LIFE - self.FEDERATED_MARGIN
        while True:
            record.impersonated(minted)
            fresh = LIFE * (first + (last - first) * chance())
            record.least_life_left = min(record.least_life_left, LIFE - fresh)
            due = minted + fresh
            if due >= federated_until:
                break
            minted = due
        self.expires_at[process] = minted + LIFE
        return self.begin_flight(process, due)

    def refused(self, process: int, at: float, end: float) -> float:
        refusals = 0
        while at < end:
            refusals += 1
            at = self.after_refusal(process, at + ROUND_TRIP)
        self.record.refusals[round(end / 60) - 1] += refusals
        return at

    def after_refusal(self, process: int, at: float) -> float:
        """The next request, in this flight or in the next, after a refusal that arrived at `at`."""
        tries, left = self.tries[process], self.flight_began_at[process] + self.BUDGET - at
        wait = self.retry_after + self.BACKOFF * (1 << (tries - 1)) * (1 - self.chance.random() / 2)
        if tries < self.TRIES and wait + self.SHORTEST_TRY <= left:
            self.tries[process] = tries + 1
            return at + wait
        if at >= self.expires_at[process]:
            self.record.failed(process, 1)
        self.failures[process] += 1
        # The federated token's slot and the access token's draw one each; the longer one counts.
        cooldown = max(self.cooldown(process), self.cooldown(process))
        return self.begin_flight(process, self.next_call(process, at, at + cooldown))

    def cooldown(self, process: int) -> float:
        chance = self.chance.random()
        doubled = min(self.FIRST_HOLD_OFF * (1 << min(self.failures[process] - 1, 10)), self.LONGEST_HOLD_OFF)
        return max(doubled * (1 - chance / 2), min(self.retry_after, self.LONGEST_ASKED_HOLD_OFF) * (1 + chance))

    def next_call(self, process: int, at: float, until: float) -> float:
        """The first call after a cooldown. While there is a token, calls come all the time; the others fail."""
        expires_at = self.expires_at[process]
        if until <= expires_at:
            return until
        first = expires_at if at < expires_at else at + PACE
        failing = max(0, math.ceil((until - first) / PACE))
        self.record.failed(process, failing)
        return first + failing * PACE


class Fleet:
    """The processes and the quota that they share."""

    def __init__(self, client: Client, quota: int = EXCHANGES_A_MINUTE) -> None:
        self.client, self.quota = client, quota
        self.chance = random.Random(SEED + 1)
        self.minute = 0
        self.outage = range(0)
        self.due: list[list[tuple[float, int]]] = [[] for _ in range(MINUTES)]
        # What of a process in `due` is not this was overtaken by its new beginning.
        self.next_request = [0.0] * PROCESSES
        self.start(PROCESSES)

    @property
    def record(self) -> Record:
        return self.client.record

    def start(self, processes: int) -> None:
        """The first so many begin, or begin anew, within this minute."""
        for process in range(processes):
            at = (self.minute + self.chance.random()) * 60
            self.record.has_token[process] = False
            self.client.started(process, at)
            self.enter(process, at)

    def enter(self, process: int, at: float) -> None:
        self.next_request[process] = at
        if at < MINUTES * 60:
            self.due[int(at // 60)].append((at, process))

    def run(self, until: int = MINUTES) -> Record:
        for minute in range(self.minute, until):
            requests, self.due[minute] = self.due[minute], []
            granted, left = 0, 0 if minute in self.outage else self.quota
            end = (minute + 1) * 60.0
            for at, process in sorted(requests):
                if self.next_request[process] != at:
                    continue
                if granted < left:
                    granted += 1
                    self.enter(process, self.client.granted(process, at))
                else:
                    self.enter(process, self.client.refused(process, at, end))
            self.record.exchanges[minute] = granted
        self.minute = until
        if self.quota == EXCHANGES_A_MINUTE and max(self.record.impersonations) > IMPERSONATIONS_A_MINUTE:
            raise NotImplementedError("refusals of IAM Credentials")
        return self.record


CLIENTS: dict[str, Callable[[], Client]] = {
    "Google, Python": lambda: InTheCall(225.0),
    # As gaxios waits.
    "Google, Node": lambda: InTheCall(300.0, retries=(0.1, 0.5, 1.5)),
    "ours": Ahead,
}
WINDOWS = {
    "fixed, 5 min before the end": (11 / 12, 11 / 12),
    "last 5 min": (11 / 12, 1.0),
    "last 10 %": (0.90, 1.0),
    "75 to 95 %": (0.75, 0.95),
    "50 to 95 %": (0.50, 0.95),
    "50 to 90 %": (0.50, 0.90),
    "**50 to 85 %**": (0.50, 0.85),
    "40 to 85 %": (0.40, 0.85),
    "40 to 75 %": (0.40, 0.75),
    "50 to 75 %": (0.50, 0.75),
    "25 to 50 %": (0.25, 0.50),
}
# Of a fleet that had its tokens: from here on something happens to it, and here nothing is left of it.
SEVENTH_HOUR = range(6 * 60, 7 * 60)
AFTERMATH = 9 * 60


def main() -> None:
    before: dict[str, Fleet] = {}
    records: dict[str, Record] = {}
    for name, client in CLIENTS.items():
        fleet = Fleet(client())
        fleet.run(SEVENTH_HOUR.start)
        before[name] = copy.deepcopy(fleet)
        records[name] = fleet.run()
    starts = records.copy()
    for asked in (5, 30):
        starts[f"ours, `Retry-After: {asked}`"] = Fleet(Ahead(retry_after=asked)).run(60)

    print_table("The start", list(starts), start_rows(list(starts.values())))
    print_table("After the start", list(records), steady_rows(records))
    print_table("What happens to it", list(records), trouble_rows(before, records))
    print_table("Windows", *window_rows())
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(records), encoding="utf-8")


def start_rows(records: list[Record]) -> list[list[str]]:
    return [
        ["minutes until everybody has a token", *(f"{it.all_ready_at / 60:.1f}" for it in records)],
        ["requests refused", *(millions(sum(it.refusals[: it.start])) for it in records)],
        ["… in the worst minute", *(millions(max(it.refusals[: it.start])) for it in records)],
        ["calls failed meanwhile", *(millions(it.failed_starting) for it in records)],
    ]


def steady_rows(records: dict[str, Record]) -> list[list[str]]:
    runs = list(records.values())
    free = [Fleet(client(), WITHOUT_QUOTA).run() for client in CLIENTS.values()]
    return [
        ["exchanges in the busiest minute", *(f"{busiest(it.exchanges, it):,}" for it in runs)],
        ["minutes with the quota used up", *(str(it.exchanges[it.start :].count(EXCHANGES_A_MINUTE)) for it in runs)],
        ["exchanges an hour", *(f"{hourly(it.exchanges, it):,}" for it in runs)],
        ["impersonations in the busiest minute", *(f"{busiest(it.impersonations, it):,}" for it in runs)],
        ["impersonations an hour", *(f"{hourly(it.impersonations, it):,}" for it in runs)],
        ["requests refused", *(f"{sum(it.refusals[it.start :]):,}" for it in runs)],
        ["calls failed", *(f"{it.failed_running:,}" for it in runs)],
        ["least life left when a renewal begins", *(f"{it.least_life_left:.0f} s" for it in runs)],
        ["busiest minute, had no quota spread the start", *(f"{busiest(it.exchanges, it):,}" for it in free)],
    ]


def trouble_rows(before: dict[str, Fleet], records: dict[str, Record]) -> list[list[str]]:
    columns: list[list[str]] = []
    for name, fleet in before.items():
        busy, quiet = moments(records[name])
        at_once = redeployed(fleet, busy)
        cells = [*hit(at_once), f"{at_once.all_ready_at / 60 - busy:.1f}", hit(redeployed(fleet, quiet))[0]]
        for minutes in (5, 10):
            cells += hit(interrupted(fleet, range(busy, busy + minutes)))
        columns.append(cells)
    labels = [
        "a quarter is redeployed at the busiest moment: running processes with failed calls",
        "… calls failed",
        "… minutes until the redeployed have tokens",
        "… at the quietest moment instead: processes with failed calls",
        "STS is down for 5 minutes from the busiest moment: processes with failed calls",
        "… calls failed",
        "STS is down for 10 minutes from the busiest moment: processes with failed calls",
        "… calls failed",
    ]
    return [[label, *cells] for label, *cells in zip(labels, *columns, strict=True)]


def moments(record: Record) -> tuple[int, int]:
    """The beginnings of the busiest and of the quietest ten minutes of the seventh hour."""

    def load(minute: int) -> int:
        return sum(record.exchanges[minute : minute + 10])

    return max(SEVENTH_HOUR, key=load), min(SEVENTH_HOUR, key=load)


def redeployed(fleet: Fleet, minute: int) -> Record:
    fleet = copy.deepcopy(fleet)
    fleet.run(minute)
    fleet.start(REDEPLOYED)
    return fleet.run(AFTERMATH)


def interrupted(fleet: Fleet, outage: range) -> Record:
    fleet = copy.deepcopy(fleet)
    fleet.outage = outage
    return fleet.run(AFTERMATH)


def hit(record: Record) -> list[str]:
    return [f"{sum(record.was_hit):,}", f"{record.failed_running:,}"]


def window_rows() -> tuple[list[str], list[list[str]]]:
    rows = []
    for name, window in WINDOWS.items():
        record = Fleet(Ahead(window), WITHOUT_QUOTA).run()
        cells = [
            f"{busiest(record.exchanges, record):,}",
            f"{busiest(record.impersonations, record):,}",
            f"{record.least_life_left / 60:.0f} min",
            f"{hourly(record.exchanges, record):,}",
            f"{hourly(record.impersonations, record):,}",
        ]
        rows.append([name, *cells])
    return ["busiest minute, exchanges", "… renewals", "least life left", "exchanges an hour", "renewals an hour"], rows


def busiest(by_minute: list[int], record: Record) -> int:
    return max(by_minute[record.start :])


def hourly(by_minute: list[int], record: Record) -> int:
    """To three figures: the hours cut the waves of a fleet at any place."""
    mean = sum(by_minute[record.start :]) * 60 / (MINUTES - record.start)
    return int(round(mean, 2 - math.floor(math.log10(mean))))


def millions(count: int) -> str:
    return f"{count / 1e6:.2f} million"


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    print(f"{title}\n")
    for row in (["", *columns], ["---", *("---:" for _ in columns)], *rows):
        print("|", " | ".join(row), "|")
    print()


# The picture: a pixel for each minute, two panels of one scale. Its colours are read on white and on black.
LEFT, WIDTH, PANEL, HEIGHT, EXCHANGES_A_PIXEL = 64, MINUTES, 214, 144, 50
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #74808b }
  .title { font-size: 14px; font-weight: 600 }
  .axis { stroke: #74808b; stroke-width: 1 }
  .quota { stroke: #d1495b; stroke-width: 1.5; stroke-dasharray: 5 4 }
  .exchanges { fill: #3d84c6 }
  .start { fill: #dd8a2e }
  .of-quota { fill: #d1495b }
  .of-start { fill: #c9781f }
  .end { text-anchor: end }
  .middle { text-anchor: middle }"""


def picture(records: dict[str, Record]) -> str:
    google, ours = records["Google, Python"], records["ours"]
    height = 2 * PANEL + 16
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {height}" role="img">',
            f"<title>Exchanges per minute at Google STS, {PROCESSES:,} processes, {MINUTES // 60} hours</title>",
            f"<style>{STYLE}\n</style>",
            *panel(0, "Google: renewed 225 s before the end, in the call (Python; Node alike, at 300 s)", google),
            *panel(
                PANEL, "Ours: renewed in the background, from a random point between 50 % and 85 % of the life", ours
            ),
            f'<text x="{LEFT + WIDTH}" y="{height - 2}" class="end">hours since the start</text>',
            "</svg>\n",
        ]
    )


def panel(top: int, title: str, record: Record) -> list[str]:
    base = top + 40 + HEIGHT
    quota = base - EXCHANGES_A_MINUTE // EXCHANGES_A_PIXEL
    right = LEFT + WIDTH
    start = record.start
    said = f"start: {start} minutes, {sum(record.refusals[:start]) / 1e6:.0f} million refused"
    lines = [
        f'<text x="{LEFT}" y="{top + 18}" class="title">{title}</text>',
        f'<text x="{LEFT}" y="{quota - 8}" class="of-start">{said}</text>',
        f'<text x="{right}" y="{quota - 8}" class="of-quota end">quota: {EXCHANGES_A_MINUTE:,} a minute</text>',
        f'<path class="start" d="{outline(base, 0, record.exchanges[:start])}"/>',
        f'<path class="exchanges" d="{outline(base, start, record.exchanges[start:])}"/>',
        f'<path class="quota" d="M{LEFT} {quota}H{right}"/>',
        f'<path class="axis" d="M{LEFT} {base}H{right}"/>',
    ]
    for count in range(0, EXCHANGES_A_MINUTE + 1, 2_000):
        y = base - count // EXCHANGES_A_PIXEL
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4}" class="end">{count:,}</text>')
    for hour in range(0, MINUTES // 60 + 1, 2):
        x = LEFT + hour * 60
        lines.append(f'<path class="axis" d="M{x} {base}v4"/>')
        lines.append(f'<text x="{x}" y="{base + 18}" class="middle">{hour}</text>')
    return lines


def outline(base: int, start: int, by_minute: list[int]) -> str:
    """Steps, one for each run of equal minutes."""
    path, before = [f"M{LEFT + start} {base}"], 0
    for minute, count in enumerate(by_minute, start):
        if count != before:
            path.append(f"H{LEFT + minute}V{base - count / EXCHANGES_A_PIXEL:g}")
        before = count
    return "".join([*path, f"H{LEFT + start + len(by_minute)}V{base}Z"])


if __name__ == "__main__":
    main()
