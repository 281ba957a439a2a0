"""What `make bench` writes: tables of medians and ratios, and one picture."""

import math
from dataclasses import dataclass

#: Sections in which everybody waits alike, and the rest is compared.
COMPARED_BY_OWN = ("new", "homes", "loaded")


@dataclass
class Figure:
    """A median of one who is compared: seconds, or bytes in the section `memory`."""

    section: str
    what: str
    who: str
    value: float
    #: What of it is more than in one that only waits, where that is compared.
    own: float | None = None

    @property
    def cost(self) -> float | None:
        """What is compared, if anything is."""
        return self.own if self.section in COMPARED_BY_OWN else self.value

    def __str__(self) -> str:
        if self.section == "memory":
            return f"{self.value / 2**20:.1f} MiB"
        return seconds(self.value)


@dataclass
class Section:
    """A table of the page."""

    name: str
    title: str
    about: str


SECTIONS = [
    Section(
        "cached",
        "A cached token",
        "What one request to an API pays for its token while that is fresh. Google pads a service account's token to\n"
        "1,024 characters, and so does the local cloud. (Go's is measured in a process of its own; from Python's\n"
        "figures the loop and the lambda around each call are taken off.)",
    ),
    Section(
        "new",
        "A new process and its token",
        "From the start of a process to its end, with one token in between. Each request to Google takes 20 ms and\n"
        "each to the metadata service 1 ms, over TLS under the real host names, through a proxy on loopback. The\n"
        "longest chain of waits is 43 ms; Google's libraries ask the metadata service once more (Rust, Go) or twice\n"
        "(Python, Node), one request after another. *Own* is what a program adds to one that only waits for 43 ms,\n"
        "and what the last column compares. Loading Google's library is most of what the drop-in objects add.",
    ),
    Section(
        "homes",
        "A new process and its token, in other homes",
        "As above, where the region is known. Google's libraries do not read these homes by themselves: AWS's library\n"
        "finds the keys, and a supplier hands them over. The agent of a container takes 1 ms and AWS STS 20 ms, both\n"
        "over plain HTTP. The longest chain of waits is 41 ms on ECS, 60 ms with IRSA, 40 ms where the profile has\n"
        "keys, and 60 ms where it names a role to assume with those of another.",
    ),
    Section("import", "The import alone", "With what it loads. Google's library is what reads an AWS credential file."),
    Section(
        "loaded",
        "A program that has loaded Google's client",
        "From that moment to the first token, or to the headers of a request, in the same cloud, as the program\n"
        "itself measures it: what the import brought is there already. *Own* is what is left of it above the 43 ms\n"
        "of the chain. With `warm()` called before the import, the token is fetched meanwhile: what is left is the\n"
        "call for it.",
    ),
    Section("herd", "Many who wait for one flight", "From the first who is woken to the last."),
    Section(
        "signing",
        "Signing",
        "A `GetCallerIdentity` with a session token of 850 characters: each reads the clock, takes the URL apart and\n"
        "writes the `Authorization` header. The last row is all that a mint pays.",
    ),
    Section(
        "memory",
        "Memory",
        "What is added to the resident size by the import alone, and by the first token after it.",
    ),
]


def seconds(value: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.0f} ns"


def ratio(figure: Figure, figures: list[Figure]) -> float | None:
    """How many times what Rolebridge costs beside it; none where there is nothing to compare."""
    beside = [other for other in figures if (other.section, other.what) == (figure.section, figure.what)]
    ours = next((other for other in beside if other.who.startswith("rolebridge")), None)
    if ours is None or ours is figure or not ours.cost or not figure.cost:
        return None
    return figure.cost / ours.cost


def markdown(figures: list[Figure], versions: str, time_line: str) -> str:
    lines = [
        "# Benchmarks",
        "",
        "What Rolebridge costs beside Google's own libraries. `make bench` measures all of it in one run, in which",
        "those who are compared take turns, and writes this page; each figure is a median. Compare inside a group",
        "only: the ratios travel to another machine, the figures do not.",
        "",
        versions,
        "",
        "![How many times as much the peers cost](benchmarks.svg)",
    ]
    for section in SECTIONS:
        lines += ["", f"## {section.title}", "", section.about, "", *table(section, figures)]
    lines += [
        "",
        "## Where the time of a cold mint goes",
        "",
        "In the same cloud, in milliseconds, as `cargo run --release --example timing` prints it:",
        "",
        "```text",
        *time_line.splitlines(),
        "```",
    ]
    return "\n".join(lines) + "\n"


def grouped(section: Section, figures: list[Figure]) -> list[Figure]:
    """Those of a section, with what is compared side by side."""
    inside = [figure for figure in figures if figure.section == section.name]
    subjects = list(dict.fromkeys(figure.what for figure in inside))
    return sorted(inside, key=lambda figure: subjects.index(figure.what))


def table(section: Section, figures: list[Figure]) -> list[str]:
    has_own = section.name in COMPARED_BY_OWN
    lines = [
        f"| | who | median | {'own | ' if has_own else ''}times rolebridge |",
        f"|---|---|---:|{'---:|' if has_own else ''}---:|",
    ]
    before = ""
    for figure in grouped(section, figures):
        own = f"{'' if figure.own is None else seconds(figure.own)} | " if has_own else ""
        times = ratio(figure, figures)
        shown = "" if times is None else f"{times:.3g}"
        lines.append(f"| {figure.what if figure.what != before else ''} | {figure.who} | {figure} | {own}{shown} |")
        before = figure.what
    return lines


def picture(figures: list[Figure]) -> str:
    """A bar for each peer, section by section: how many times what Rolebridge costs, on a logarithmic scale."""
    sections: list[tuple[str, list[tuple[str, str, float]]]] = []
    for section in SECTIONS:
        bars = [(figure.what, figure.who, ratio(figure, figures)) for figure in grouped(section, figures)]
        peers = [(what, who, times) for what, who, times in bars if times and not who.startswith("rolebridge")]
        if peers:
            sections.append((section.title, peers))
    left, width, row, heading = 340, 380, 34, 30
    longest = math.log10(max(10.0, *(times for _, peers in sections for _, _, times in peers)))
    out, y = [], 34
    for title, peers in sections:
        y += heading
        out.append(f'<text x="14" y="{y - 10}" font-weight="bold">{title}</text>')
        for what, who, times in peers:
            length = max(2.0, width * math.log10(max(times, 1.0)) / longest)
            out.append(f'<text x="{left - 10}" y="{y + 10}" text-anchor="end">{what}</text>')
            out.append(f'<text x="{left - 10}" y="{y + 24}" text-anchor="end" fill="#667" font-size="11">{who}</text>')
            out.append(f'<rect x="{left}" y="{y}" width="{length:.0f}" height="22" rx="2" fill="#3b6ea5"/>')
            out.append(f'<text x="{left + length + 6:.0f}" y="{y + 15}">{times:.3g}</text>')
            y += row
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {y + 10}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{left + width + 70}" height="{y + 10}" fill="#fff"/>',
        '<text x="14" y="22" font-size="14">How many times as much as Rolebridge (logarithmic)</text>',
    ]
    return "\n".join([*head, *out, "</svg>"]) + "\n"
