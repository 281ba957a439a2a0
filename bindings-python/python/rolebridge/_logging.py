"""What flights told, for the logger `rolebridge`: on a thread of the program, never on the one that mints tokens.

Each record has the attributes `step`, `duration` (seconds), `host` and `attempt`, as far as they are known. Requests
and steps are told at DEBUG, and at WARNING what somebody should look at.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

    from rolebridge._native import Record, Source


def emit(source: "Source") -> None:
    """Hands on what flights told since somebody did so last."""
    records = source.log_records()
    if not records:
        return
    # Whoever wants more than warnings has imported it; a first token imports nothing.
    imported = sys.modules.get("logging")
    if imported is None or not hasattr(imported, "getLogger"):  # Also while another thread is importing it.
        _last_resort(records)
        return
    logger: logging.Logger = imported.getLogger("rolebridge")
    for record in records:
        level = imported.WARNING if record.is_warning else imported.DEBUG
        if logger.isEnabledFor(level):
            logger.handle(_made(logger, level, record))


def _made(logger: "logging.Logger", level: int, record: "Record") -> "logging.LogRecord":
    attributes = {
        "step": record.step,
        "duration": record.duration,
        "host": record.host,
        "attempt": record.attempt,
    }
    made = logger.makeRecord(logger.name, level, __file__, 0, record.message, (), None, extra=attributes)
    made.created = record.at
    made.msecs = record.at % 1 * 1000
    return made


def _last_resort(records: "list[Record]") -> None:
    """As `logging` does for a program that has set nothing up."""
    stderr = sys.stderr
    for record in records:
        if record.is_warning and stderr is not None:
            stderr.write(f"{record.message}\n")
