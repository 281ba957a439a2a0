"""The examples' text, and what they print on an instance: both as they are, none of it typed."""

from pathlib import Path

from instance import TOP, Cloud, Instance

LANGUAGES = {".py": "python", ".js": "js", ".mjs": "js", ".rs": "rust"}

#: For each part of the session, the role that the instance has meanwhile, and what is entered.
SESSIONS: dict[str, tuple[str | None, list[str]]] = {
    "python": ("bigquery-role", ["python query.py", "python headers.py", "python tasks.py"]),
    "node": ("bigquery-role", ["node query.js", "node query.mjs"]),
    "unchanged": (
        "bigquery-role",
        [
            "node --require rolebridge/register unchanged.js",
            "node --import rolebridge/register unchanged.mjs",
            "NODE_OPTIONS='--import rolebridge/register' node unchanged.mjs",
        ],
    ),
    "google": ("bigquery-role", ["node unchanged.mjs 2>&1 | grep --max-count=1 '<title>'"]),
    "rust": ("bigquery-role", ["query credential.json"]),
    "setup": (
        "report-role",
        [
            "rolebridge setup --project my-project --aws-account 111122223333 --aws-role report-role \\\n"
            "    --pool reports --provider reports-aws \\\n"
            "    --service-account reports@my-project.iam.gserviceaccount.com --apply --output-file reports.json",
            "rolebridge doctor --credential-file reports.json",
        ],
    ),
    "doctor": ("another-role", ["rolebridge doctor --credential-file credential.json"]),
    "refused-in-python": ("another-role", ["python errors.py"]),
    "refused": ("another-role", ["python errors.py", "node errors.mjs", "query credential.json"]),
    "without-role": (None, ["python errors.py", "node errors.mjs", "query credential.json"]),
}


def source(path: str) -> str:
    """A file of the repository, as a code block."""
    text = (TOP / path).read_text().rstrip("\n")
    return f"```{LANGUAGES[Path(path).suffix]}\n{text}\n```"


class Sessions:
    """The parts of the session, each on an instance of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._made: dict[str, str] = {}

    def output(self, name: str) -> str:
        """One part: each command with all that it printed."""
        if name not in self._made:
            role, commands = SESSIONS[name]
            instance = Instance(self._cloud)
            instance.attach(role)
            try:
                shown = "\n".join(f"$ {command}\n{instance.shell(command)}" for command in commands)
            finally:
                instance.close()
            self._made[name] = f"```console\n{shown}\n```"
        return self._made[name]
