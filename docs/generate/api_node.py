"""Node's reference: the comments and declarations of `bindings-node/index.d.ts`."""

import re

from instance import TOP

DECLARATIONS = TOP / "bindings-node" / "index.d.ts"

COMMENT = re.compile(r"^(?P<indent> *)/\*\*(?P<text>.*?)\*/\n", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"(?:(?:export|declare|abstract|static|readonly|get|class|function|interface|type|const) )*(\w+)")


def reference() -> str:
    """One section for each export: its declaration, its comment, and those of its members."""
    parts: list[str] = []
    text = DECLARATIONS.read_text()
    for match in COMMENT.finditer(text):
        comment, declaration = markdown(match["text"]), block(text[match.end() :])
        if "@packageDocumentation" in comment:
            continue
        name = NAME.match(declaration.strip())
        assert name, declaration
        if match["indent"]:
            parts.append(f"- `{name[1]}`: " + comment.replace("\n", "\n  "))
        else:
            parts.append(f"\n## `{name[1]}`\n\n```ts\n{bare(declaration)}\n```\n\n{comment}\n")
    return re.sub(r"[ ]+\n", "\n", "\n".join(parts)).replace("\n\n\n", "\n\n").strip()


def block(text: str) -> str:
    """The declarations up to the first empty line that stands in no bracket."""
    lines: list[str] = []
    depth = 0
    for line in COMMENT.sub("", text).splitlines():
        if depth == 0 and not line:
            break
        depth += sum(line.count(sign) for sign in "({[") - sum(line.count(sign) for sign in ")}]")
        lines.append(line)
    return "\n".join(lines)


def bare(declaration: str) -> str:
    """Without remarks of a linter, empty lines and the words that every declaration has."""
    lines = [line for line in declaration.splitlines() if line and not line.lstrip().startswith("//")]
    return "\n".join(re.sub(r"^export (declare )?", "", line) for line in lines)


def markdown(comment: str) -> str:
    """The text of a comment, with its tags as words."""
    text = "\n".join(re.sub(r"^ *\* ?", "", line) for line in comment.strip().splitlines())
    text = re.sub(r"\{@link ([\w.]+)\}", r"`\1`", text)
    text = re.sub(r"^@throws ", "Throws ", text, flags=re.MULTILINE)
    return re.sub(r"^@example\n", "", text, flags=re.MULTILINE).strip()
