"""Python's reference: the docstrings and signatures of what `rolebridge` exports, as a running interpreter has them."""

import inspect
import re

import rolebridge

#: The order of a reader: first what is used, then what can go wrong.
FIRST = ["Credentials", "TokenSource", "Token", "warm", "RolebridgeError"]


def reference() -> str:
    names = [name for name in rolebridge.__all__ if not name.startswith("__")]
    names.sort(key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    return "\n\n".join(entry(name, getattr(rolebridge, name)) for name in names)


def entry(name: str, thing: object) -> str:
    if not inspect.isclass(thing):
        return section("##", name, thing)
    bases = [base.__name__ for base in thing.__bases__ if base is not object]
    title = f"## `class {name}`" + (f"\n\nA subclass of {', '.join(f'`{base}`' for base in bases)}." if bases else "")
    return "\n\n".join([title, text(thing), *(section("###", f"{name}.{own}", thing, own) for own in members(thing))])


def members(thing: type) -> list[str]:
    """What the class itself defines for its users, in the order of its text; a native class has none."""
    names = [name for name in vars(thing) if is_shown(thing, name)]
    is_native = any(inspect.isgetsetdescriptor(vars(thing)[name]) for name in names)
    return sorted(names) if is_native else names


def is_shown(thing: type, name: str) -> bool:
    if name == "__init__":
        # One that takes what only this package has is not a program's to call.
        made_by_users = inspect.isfunction(thing.__init__) and "_native" not in signature(thing.__init__)
        return made_by_users and not issubclass(thing, Exception)
    member = inspect.getattr_static(thing, name)
    return not name.startswith("_") and (callable(getattr(thing, name)) or inspect.isdatadescriptor(member))


def section(level: str, title: str, thing: object, own: str | None = None) -> str:
    member = thing if own is None else getattr(thing, own)
    title = title.removesuffix(".__init__")
    declared = f"```python\n{title}{signature(member)}\n```\n\n" if callable(member) else ""
    return f"{level} `{title}`\n\n{declared}{text(member)}"


def signature(function: object) -> str:
    """The parameters of a call, as a reader writes them: without `self` and without the quotes of annotations."""
    try:
        found = inspect.signature(function)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "()"
    given = [parameter for name, parameter in found.parameters.items() if name != "self"]
    shown = re.sub(r"'([^']*)'", r"\1", str(found.replace(parameters=given)))
    shown = re.sub(r"\b(collections\.abc|typing|rolebridge|_source)\.", "", shown)
    if len(shown) < 80:
        return shown
    # One parameter a line, as a formatter would have it.
    parameters, result = shown[1:].rsplit(") -> ", 1)
    return "(\n    " + re.sub(r", (?=[*\w]+[:,])", ",\n    ", parameters) + f",\n) -> {result}"


def text(thing: object) -> str:
    """A docstring as Markdown: Google's sections become lists."""
    lines: list[str] = []
    indented = False
    for line in (inspect.getdoc(thing) or "").splitlines():
        item = re.match(r"    (\w+): (.*)", line)
        if re.fullmatch(r"(Args|Attributes):", line):
            indented = True
            lines += [line, ""]
        elif indented and item:
            lines.append(f"- `{item[1]}`: {item[2]}")
        elif indented and line.startswith("    "):
            lines.append(f"  {line.strip()}")
        else:
            indented = False
            lines.append(line)
    return "\n".join(lines)
