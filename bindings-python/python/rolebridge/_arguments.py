"""What callers hand over, in the types that the native side takes; what is of another type is refused by name.

What the values mean is the core's to judge. The one exception is a path that is empty: the native side cannot tell it
from a variable of the program that is not set, and another door would find another identity.
"""

import os

from rolebridge.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def path_of(path: "str | bytes | os.PathLike[str] | os.PathLike[bytes]") -> str:
    """An absolute path: it is still the same file for an object that is restored in another folder."""
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise TypeError(f"`path` is the path of a credential file, not {_kind(path)}") from None
    if not text.strip():
        raise ConfigError(
            "`path` is empty and names no credential file",
            hint="set the variable that the path comes from; `from_env` takes the file that the environment names",
        )
    try:
        # (pathlib takes longer to import than all the rest of this package.)
        return os.path.join(os.getcwd(), text)  # noqa: PTH109, PTH118
    except OSError:
        return text  # The working folder is gone: what reads the file says what is wrong with its path.


def text_of(info: "dict[str, Any] | str") -> str:
    """A credential file's text."""
    if isinstance(info, str):
        return info
    if not isinstance(info, dict):
        hint = "a path is for `from_file`"
        raise TypeError(f"`info` is a credential file's text or the dict in it, not {_kind(info)} ({hint})")
    import json

    return json.dumps(info)


def scopes_of(scopes: "str | Sequence[str] | None") -> list[str] | None:
    """A list of scopes; a string is one scope."""
    return [scopes] if isinstance(scopes, str) else strings_of("scopes", scopes)


def strings_of(name: str, values: "Sequence[str] | None") -> list[str] | None:
    """A list of strings, or nothing."""
    if values is None:
        return None
    if not isinstance(values, str | bytes):
        try:
            strings = list(values)
        except TypeError:
            raise TypeError(f"`{name}` is a list of strings, not {_kind(values)}") from None
        for string in strings:
            if not isinstance(string, str):
                raise TypeError(f"`{name}` is a list of strings, and one of them is {_kind(string)}")
        return strings
    raise TypeError(f"`{name}` is a list of strings, not {_kind(values)}")


def bytes_of(name: str, value: "bytes | bytearray | memoryview") -> bytes:
    """Bytes."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise TypeError(f"`{name}` is bytes, not {_kind(value)}")


def text_or_none(name: str, value: str | None) -> str | None:
    """A string, or nothing."""
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"`{name}` is a string, not {_kind(value)}")


def _kind(value: object) -> str:
    """A value's type. (The value itself may be a secret.)"""
    return "None" if value is None else f"of type {type(value).__name__}"
