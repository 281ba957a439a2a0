"""What a person sees: a line for each step, its result beneath it, and one table at the end."""

import shutil
import sys
import textwrap

WIDTH = 98
INDENT = " " * 6
IS_TERMINAL = sys.stdout.isatty()
# A terminal or a log of another encoding loses a sign, never the run.
sys.stdout.reconfigure(errors="replace", line_buffering=True)


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if IS_TERMINAL else text


def bold(text):
    return paint("1", text)


def dim(text):
    return paint("2", text)


def headline(text):
    print(f"\n{bold(text)}")


def started(title, news=""):
    """What is being waited for, and its latest news; the line of its end replaces it."""
    if IS_TERMINAL:
        line = f"  ..  {title}  {news.strip()}"[: shutil.get_terminal_size().columns - 1]
        print(f"\r\x1b[K{dim(line)}", end="", flush=True)


def ended(title, seconds, lines, ok=True):
    mark = paint("32", "ok") if ok else paint("1;31", "NO")
    print("\r\x1b[K" * IS_TERMINAL + f"  {mark}  {title:<{WIDTH - 16}}{seconds:8.2f} s")
    for line in lines:
        print(line if line.startswith(INDENT) else INDENT + line)


def sentence(text, label=""):
    """Text broken between words, beside an optional label."""
    first = INDENT + (f"{label:<7}" if label else "")
    rest = " " * len(first)
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def table(rows):
    """For each step its title, how often each operation was asked, and the seconds it took."""
    print(dim(f"  {'each operation once, unless a number says more':<{WIDTH - 24}}{'requests':>10}{'time':>10}"))
    for title, operations, seconds in rows:
        print(f"  {title:<{WIDTH - 24}}{operations.total() or '-':>10}{seconds:8.2f} s")
        if operations:
            print(dim(sentence(", ".join(short_names(operations)))))


def short_names(operations):
    """`sts.token`, `bigquery.insertJob`, `.queryResults x 2`: a service is named once."""
    service = None
    for operation, count in operations.items():
        previous, (service, _, name) = service, operation.partition(".")
        yield (f".{name}" if service == previous else operation) + (f" x {count}" if count > 1 else "")
