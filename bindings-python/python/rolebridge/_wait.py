"""How a thread waits for what the native side brings.

The wait itself is native and holds no lock of the interpreter. Between its slices Python runs, which handles
signals.
"""

import os
import sys
from _thread import get_ident

from rolebridge import _green, _logging
from rolebridge._native import VARIABLES, Building, Failure, Issued, Signature, Source
from rolebridge.errors import raised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rolebridge._wait_types import Made, Waitable

#: How long, in seconds, the main thread waits before it looks for signals again.
_SLICE = 0.05


def environment() -> dict[str, bytes]:
    """What `os.environ` says now of the variables that Rolebridge reads.

    Taken on the caller's thread: it may differ from the process's own environment, and reading that beside a thread
    which sets it would be a race.
    """
    read = os.environ.get
    return {name: os.fsencode(value) for name in VARIABLES if (value := read(name)) is not None}


def issued(source: Source) -> Issued:
    """A token that is valid now; waits only when none is left. Errors: `RolebridgeError`."""
    variables = environment()
    pending = source.request(variables)
    if isinstance(pending, Failure):
        raise raised(pending)
    outcome: Issued | Failure
    if (at_once := pending.wait(0)) is not None:
        outcome = at_once
    elif (hub := _green.hub()) is None:
        outcome = _blocked(pending)
    else:
        outcome = _green.settled(hub, lambda inbox: inbox.request(source, variables))
    return _told(source, outcome)


def signed(source: Source, payload: bytes) -> Signature:
    """A signature of the service account. Errors: `RolebridgeError`."""
    variables, hub = environment(), _green.hub()
    outcome: Signature | Failure
    if hub is None:
        pending = source.sign(payload, variables)
        outcome = pending if isinstance(pending, Failure) else _blocked(pending)
    else:
        outcome = _green.settled(hub, lambda inbox: inbox.request_signature(source, payload, variables))
    return _told(source, outcome)


def _told(source: Source, outcome: "Made | Failure") -> "Made":
    _logging.emit(source)
    if isinstance(outcome, Failure):
        raise raised(outcome)
    return outcome


def _blocked(pending: "Waitable[Made]") -> "Made | Failure":
    outcome, seconds = None, _slice()
    while outcome is None:
        outcome = pending.wait(seconds)
    return outcome


def built(building: Building) -> Source:
    """A source that is made. Errors: `ConfigError`."""
    outcome, seconds = None, _slice()
    while outcome is None:
        outcome = building.wait(seconds)
    if isinstance(outcome, Failure):
        raise raised(outcome)
    return outcome


def _slice() -> float | None:
    """How long this thread may wait at a time; signals are handled on the main thread alone."""
    return _SLICE if is_main_thread() else None


def is_main_thread() -> bool:
    """Whether this is the thread on which signals are handled; so it seems while nobody has imported `threading`."""
    # Importing it here would cost more than all the rest of this package.
    main_thread = getattr(sys.modules.get("threading"), "main_thread", None)
    return main_thread is None or main_thread().ident == get_ident()
