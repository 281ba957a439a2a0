#!/usr/bin/env python3
"""The article, replayed: an AWS role reads a BigQuery table, and there is no key.

    demo/demo.py             builds what it needs, then replays
    demo/demo.py --no-build  replays with what is built

AWS and Google are the emulator of this repository, on loopback. The scripts and the credential file are the article's
and know nothing of it: they speak to the real host names, through a proxy that leads into the emulator.
"""

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import screen
from build import ARTICLE, EMULATOR, PYTHON, TOKEN_EXAMPLE, BuildFailed, build
from cloud import Cloud, Refused, World

POOL, PROVIDER, OTHER_ROLE = "aws-pool", "aws-provider", "another-role"

# An instance as EC2 starts it today, with a role, and a Google project in which nothing was set up yet.
WORLD = {"ready": False, "pool": POOL, "provider": PROVIDER, "aws": {"instance": {"imds": "v2"}}}

USERS = [
    (1, "aaaaa", "aaaaa@example.com", "2023-04-01", "09:00:00"),
    (2, "bbbbb", "bbbbb@example.com", "2023-04-02", "10:30:00"),
    (3, "ccccc", "ccccc@example.com", "2023-04-03", "11:15:00"),
    (4, "ddddd", "ddddd@example.com", "2023-04-04", "12:45:00"),
    (5, "eeeee", "eeeee@example.com", "2023-04-05", "13:20:00"),
]


@dataclass
class Program:
    """What runs on the instance, and how its language is told of a certificate authority."""

    language: str
    command: list
    authority_variable: str


NODE = Program("Node", ["node", "--require", "rolebridge/register", "query.js"], "NODE_EXTRA_CA_CERTS")
GOOGLE_ALONE = Program("Node", ["node", "query.js"], "NODE_EXTRA_CA_CERTS")
PYTHON_SCRIPT = Program("Python", [PYTHON, "query.py"], "REQUESTS_CA_BUNDLE")
COMMAND = [PYTHON, "-m", "rolebridge"]
RUST = Program("Rust", [TOKEN_EXAMPLE, "credential.json"], "SSL_CERT_FILE")


def contents():
    """What happens, in order: a headline, then each step's title and the function that takes the step."""
    return [
        (
            "At Google, once: trust a role of an AWS account",
            [
                ("rolebridge setup: the plan", plan_setup),
                ("rolebridge setup --apply", apply_setup),
                ("list the pool and its provider", list_pool_and_provider),
                ("rolebridge setup --check", check_setup),
            ],
        ),
        (
            "On the instance: read a table with Google's own clients",
            [
                ("rolebridge config create", write_credential),
                ("node --require rolebridge/register query.js", query_in_node),
                ("python query.py", query_in_python),
                ("token credential.json (Rust)", ask_whose_token_in_rust),
            ],
        ),
        (
            "One difference: Google's library alone, on the same instance",
            [
                ("node query.js fails", fail_with_google_library_alone),
            ],
        ),
        (
            "The role is detached from the instance",
            [
                ("detach the role", detach_role),
                ("Node is refused: no role", refuse_without_role(NODE)),
                ("Python is refused: no role", refuse_without_role(PYTHON_SCRIPT)),
                ("Rust is refused: no role", refuse_without_role(RUST)),
            ],
        ),
        (
            "Another role is attached, which the service account is not bound to",
            [
                (f"attach {OTHER_ROLE}", attach_other_role),
                ("Node is refused: another role", refuse_with_other_role(NODE)),
                ("Python is refused: another role", refuse_with_other_role(PYTHON_SCRIPT)),
                ("Rust is refused: another role", refuse_with_other_role(RUST)),
            ],
        ),
    ]


# At Google, once. Each step says in lines what came of it, and raises if that is not as it should be.


def plan_setup(stage):
    """Before its API is enabled nothing of IAM can be read, and all of it is planned."""
    plan = stage.setup()
    expect(len(plan) == 5 and stage.member in plan[-1], plan)
    return [screen.sentence(line) for line in plan]


def apply_setup(stage):
    stage.setup("--apply")


def check_setup(stage):
    expect(stage.setup("--check") == [], "a set-up as it was wanted has nothing to be told")
    return ["nothing is missing, different or loose"]


def list_pool_and_provider(stage):
    """In the form of `gcloud iam workload-identity-pools list` and of its `providers list`."""
    [pool] = stage.world.google("GET", stage.pools_url)["workloadIdentityPools"]
    [provider] = stage.world.google("GET", f"{stage.pools_url}/{POOL}/providers")["workloadIdentityPoolProviders"]
    expect((pool["name"], pool["state"]) == (stage.pool_name, "ACTIVE"), pool)
    expect((provider["name"], provider["state"]) == (stage.provider_name, "ACTIVE"), provider)
    expect(provider["aws"] == {"accountId": stage.world.account}, provider)
    listed = [("displayName", pool["displayName"]), ("name", pool["name"]), ("state", pool["state"])]
    of_provider = [("aws.accountId", stage.world.account), ("name", provider["name"]), ("state", provider["state"])]
    return [*listing(listed), *listing(of_provider)]


def listing(members):
    return ["---", *(f"{name}: {value}" for name, value in members)]


# On the instance.


def write_credential(stage):
    """As `gcloud iam workload-identity-pools create-cred-config … --aws` writes it, without `--enable-imdsv2`."""
    account = ("--service-account", stage.world.service_account)
    stage.command(
        "config", "create", stage.provider_name, "--aws", *account, "--output-file", ARTICLE / "credential.json"
    )
    return ["no secret is in it: it names who trusts whom, and the role does the rest"]


def query_in_node(stage):
    rows = succeed(stage.run(NODE))
    expect_users(rows, lambda date, time: {"value": f"{date}T{time}.000Z"})
    return rows


def query_in_python(stage):
    rows = succeed(stage.run(PYTHON_SCRIPT))
    expect_users(rows, lambda date, time: f"{date} {time}+00:00")
    return rows


def ask_whose_token_in_rust(stage):
    [answer] = succeed(stage.run(RUST))
    expect(re.fullmatch(rf"{re.escape(stage.world.service_account)} until \d{{4}}-\d\d-\d\dT[\d:]+Z", answer), answer)
    return [answer]


def fail_with_google_library_alone(stage):
    outcome = stage.run(GOOGLE_ALONE)
    expect(outcome.status != 0 and "GaxiosError: " in outcome.stderr, outcome)
    expect(set(outcome.answers) == {("metadata.zone", 401)}, outcome)
    return [
        "GaxiosError, 401 - Unauthorized, from http://169.254.169.254/…/availability-zone",
        screen.sentence(
            "The article's file names no imdsv2_session_token_url, so Google's library asks the metadata service as "
            "IMDSv1 did, and this instance insists on IMDSv2, as new ones do. Rolebridge asks IMDSv2 first, whatever "
            "the file says. (Without Rolebridge: write the file with --enable-imdsv2.)"
        ),
    ]


def detach_role(stage):
    stage.world.attach(None)
    return [
        screen.sentence("A running process rightly keeps its token until it expires, so each of these is a new one.")
    ]


def attach_other_role(stage):
    stage.world.attach(OTHER_ROLE)


def refuse_without_role(program):
    def refuse(stage):
        outcome = stage.run(program)
        refusal = refused(outcome, "identity", "no role is attached", "attach an instance profile")
        expect(("metadata.role", 404) in outcome.answers and not outcome.reached("sts.token"), outcome)
        return stage.show(refusal)

    return refuse


def refuse_with_other_role(program):
    def refuse(stage):
        outcome = stage.run(program)
        refusal = refused(outcome, "impersonation", "iam.serviceAccounts.getAccessToken", "add-iam-policy-binding")
        expect(("iamcredentials.generateAccessToken", 403) in outcome.answers, outcome)
        expect(not outcome.reached("bigquery."), outcome)
        return stage.show(refusal)

    return refuse


# What is expected of a program.


class Unexpected(Exception):
    """Something is not as it should be."""


def expect(condition, found):
    if not condition:
        raise Unexpected(str(found))


def succeed(outcome):
    expect(outcome.status == 0, outcome)
    return outcome.stdout.splitlines()


def expect_users(rows, timestamp):
    expected = [
        {"id": number, "name": name, "email": email, "created": timestamp(date, time)}
        for number, name, email, date, time in USERS
    ]
    expect([json.loads(row) for row in rows] == expected, rows)


@dataclass
class Refusal:
    """What an error says, in any language."""

    step: str
    cause: str
    fix: str


# Node prints an uncaught error with its members, Python and Rust in the words of their programs.
REFUSALS = [
    r"^\w+Error: (?P<cause>.+)\n(?:.*\n)*?  step: '(?P<step>\w+)',\n(?:.*\n)*?"
    r"  hint: (?P<quote>['\"`])(?P<fix>.+)(?P=quote)",
    r"^error in step (?P<step>\w+): (?P<cause>.+)\n(?:cause: .*\n)*hint: (?P<fix>.+)",
]


def refused(outcome, step, cause, fix):
    """The refusal of a program that was to be refused in this step, with these words in its cause and its fix."""
    expect(outcome.status != 0 and not outcome.stdout, outcome)
    found = next(filter(None, (re.search(pattern, outcome.stderr, re.MULTILINE) for pattern in REFUSALS)), None)
    expect(found, outcome)
    refusal = Refusal(found["step"], found["cause"], found["fix"])
    expect(refusal.step == step and cause in refusal.cause and fix in refusal.fix, outcome)
    return refusal


# The stage.


@dataclass
class Outcome:
    """How a program ended, and what the cloud was asked meanwhile and answered."""

    status: int
    stdout: str
    stderr: str
    answers: list

    def reached(self, beginning):
        return any(operation.startswith(beginning) for operation, _ in self.answers)

    def __str__(self):
        return f"exit status {self.status}\n{self.stdout}{self.stderr[-3000:]}\nthe cloud answered {self.answers}"


@dataclass
class Stage:
    """The instance with its project, and a folder for what belongs to this run alone."""

    world: World
    folder: Path
    shown: set = field(default_factory=set)

    @property
    def pool_name(self):
        return f"projects/{self.world.project_number}/locations/global/workloadIdentityPools/{POOL}"

    @property
    def provider_name(self):
        return f"{self.pool_name}/providers/{PROVIDER}"

    @property
    def iam_url(self):
        return f"https://iam.googleapis.com/v1/projects/{self.world.project}"

    @property
    def pools_url(self):
        return f"{self.iam_url}/locations/global/workloadIdentityPools"

    @property
    def member(self):
        role = f"arn:aws:sts::{self.world.account}:assumed-role/{self.world.role}"
        return f"principalSet://iam.googleapis.com/{self.pool_name}/attribute.aws_role/{role}"

    def setup(self, *options):
        """What `rolebridge setup` prints for this project, its pool and its provider."""
        names = {
            "--project": self.world.project,
            "--pool": POOL,
            "--provider": PROVIDER,
            "--aws-account": self.world.account,
            "--aws-role": self.world.role,
            "--service-account": self.world.service_account,
        }
        return self.command("setup", *(word for pair in names.items() for word in pair), *options)

    def command(self, *arguments):
        """What the command of the Python package prints; it must end well."""
        administrator = {"CLOUDSDK_AUTH_ACCESS_TOKEN": self.world.admin_token}
        return succeed(self.run(Program("Python", [*COMMAND, *arguments], "SSL_CERT_FILE"), administrator))

    def run(self, program, variables=None):
        """Runs a program as a new process on the instance."""
        before = len(self.world.requests())
        ended = subprocess.run(
            program.command,
            cwd=ARTICLE,
            env=self.environment(program) | (variables or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        answers = [(request["operation"], request["status"]) for request in self.world.requests()[before:]]
        return Outcome(ended.returncode, ended.stdout, ended.stderr, answers)

    def environment(self, program):
        """An instance has no keys in its environment and no files at home; its way out leads into the emulator."""
        authority = self.folder / "authority.pem"
        authority.write_text(self.world.ca_pem)
        return {
            **{name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ},
            "PATH": f"{node_folder()}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "HTTPS_PROXY": self.world.proxy,
            # Nothing asks for these two; they keep whatever might ask from leaving this machine.
            "HTTP_PROXY": self.world.proxy,
            "NO_PROXY": "",
            program.authority_variable: str(authority),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.world.metadata,
        }

    def show(self, refusal):
        """A refusal's three parts; a fix that another language named already is not spelt out again."""
        is_known = refusal.fix in self.shown
        self.shown.add(refusal.fix)
        return [
            screen.sentence(refusal.step, "step"),
            screen.sentence(refusal.cause, "cause"),
            screen.sentence("the same, word for word" if is_known else refusal.fix, "fix"),
        ]


@functools.cache
def node_folder():
    """Where Node itself is: the `node` on the path may be a shim that looks for it in the home folder."""
    environment = {**os.environ, "NODE_OPTIONS": ""}
    asked = subprocess.run(
        ["node", "-p", "process.execPath"], env=environment, capture_output=True, text=True, check=True
    )
    return Path(asked.stdout.strip()).parent


# The run.


def replay(stage):
    """Takes all steps, and tells of each its title, the requests that it made, and how long it took."""
    took = []
    for headline, steps in contents():
        screen.headline(headline)
        for title, act in steps:
            before, began = len(stage.world.requests()), time.monotonic()
            screen.started(title)
            try:
                lines = act(stage)
            except (Unexpected, Refused, ValueError, KeyError, OSError, subprocess.SubprocessError) as problem:
                screen.ended(title, time.monotonic() - began, [f"{type(problem).__name__}: {problem}"], ok=False)
                raise SystemExit(1) from None
            seconds = time.monotonic() - began
            screen.ended(title, seconds, lines or [])
            took.append((title, Counter(request["operation"] for request in stage.world.requests()[before:]), seconds))
    return took


def main():
    began = time.monotonic()
    if "--no-build" not in sys.argv[1:]:
        build()
    built = time.monotonic() - began
    with Cloud(EMULATOR) as cloud, tempfile.TemporaryDirectory() as folder:
        took = replay(Stage(cloud.world(WORLD), Path(folder)))
    screen.headline("What each step asked of the two clouds")
    screen.table(took)
    requests = sum(operations.total() for _, operations, _ in took)
    seconds = sum(seconds for _, _, seconds in took)
    print(
        f"\nAll as it should be: {len(took)} steps, {requests} requests, {seconds:.1f} s (and {built:.0f} s to build)."
    )


if __name__ == "__main__":
    try:
        main()
    except BuildFailed as failure:
        sys.exit(f"\n{failure}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
