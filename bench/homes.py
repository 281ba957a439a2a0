"""The homes whose cold token is measured beside two libraries: AWS's own for the keys, Google's for the token."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programs import (
    DROP_IN,
    DROP_IN_NODE,
    DROP_IN_PYTHON,
    GOOGLE_MILLISECONDS,
    SCOPE,
    TOKEN,
    TOKEN_NODE,
    TOKEN_PYTHON,
    WAITING_NODE,
    WAITING_PYTHON,
    Program,
    node,
    python,
)

CONTAINER_MILLISECONDS = 1
#: Regional, and so as near as Google.
AWS_STS_MILLISECONDS = 20

#: What the world has besides its defaults: somebody with keys of long life, for the chain.
WORLD = {"aws": {"users": [{"name": "alice"}]}}
WAITS = {
    "container.credentials": CONTAINER_MILLISECONDS,
    "aws.assumeRole": AWS_STS_MILLISECONDS,
    "aws.assumeRoleWithWebIdentity": AWS_STS_MILLISECONDS,
}

SUPPLIER_PYTHON = f"""
import json, os; from botocore.session import Session; from google.auth import aws
from google.auth.transport.requests import Request
class Supplier(aws.AwsSecurityCredentialsSupplier):
    def get_aws_region(self, context, request):
        return os.environ["AWS_REGION"]
    def get_aws_security_credentials(self, context, request):
        keys = Session().get_credentials().get_frozen_credentials()
        return aws.AwsSecurityCredentials(keys.access_key, keys.secret_key, keys.token)
with open(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]) as file:
    info = json.load(file)
del info["credential_source"]
aws.Credentials.from_info(
    info, aws_security_credentials_supplier=Supplier(), scopes=["{SCOPE}"]
).refresh(Request())
"""
SUPPLIER_NODE = f"""(() => {{
  const {{ AwsClient }} = require('google-auth-library');
  const {{ fromNodeProviderChain }} = require('@aws-sdk/credential-providers');
  const {{ credential_source: _, ...file }} = JSON.parse(
    require('fs').readFileSync(process.env.GOOGLE_APPLICATION_CREDENTIALS)
  );
  const keys = fromNodeProviderChain();
  const supplier = {{
    getAwsRegion: async () => process.env.AWS_REGION,
    getAwsSecurityCredentials: async () => {{
      const {{ accessKeyId, secretAccessKey, sessionToken: token }} = await keys();
      return {{ accessKeyId, secretAccessKey, token }};
    }},
  }};
  const client = new AwsClient({{ ...file, aws_security_credentials_supplier: supplier }});
  client.scopes = ['{SCOPE}'];
  return client.getAccessToken();
}})()"""


@dataclass
class Home:
    """A home, and how long AWS takes there before Google is asked."""

    name: str
    aws_milliseconds: int
    environment: Mapping[str, str]

    def programs(self) -> list[Program]:
        """A bare process comes before those that are measured against it, and Rolebridge before its peers."""
        wait = self.aws_milliseconds + 2 * GOOGLE_MILLISECONDS
        token, drop_in = f"{self.name}, {TOKEN}", f"{self.name}, {DROP_IN}"
        return [
            python(self.name, "an interpreter that waits", WAITING_PYTHON.format(wait), is_bare=True),
            python(token, "rolebridge.TokenSource", TOKEN_PYTHON),
            python(drop_in, "rolebridge.Credentials", DROP_IN_PYTHON),
            python(drop_in, "botocore, google-auth", SUPPLIER_PYTHON),
            node(self.name, "a runtime that waits", WAITING_NODE.format(wait), is_bare=True),
            node(token, "rolebridge.TokenSource", TOKEN_NODE),
            node(drop_in, "rolebridge.createAuthClient", DROP_IN_NODE),
            node(drop_in, "@aws-sdk/credential-providers, google-auth-library", SUPPLIER_NODE),
        ]


def homes(info: Mapping[str, Any], folder: Path) -> list[Home]:
    """Of a world, with the files that they need below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    token = folder / "token"
    token.write_text(info["web_identity_token"])
    common = {
        "AWS_REGION": info["region"],
        # botocore knows no other.
        "AWS_DEFAULT_REGION": info["region"],
        "AWS_EC2_METADATA_DISABLED": "true",
        # AWS's SDK for Node knows no proxy; so nobody goes through one to AWS.
        "AWS_ENDPOINT_URL_STS": info["aws_sts"],
    }
    return [
        Home(
            "ECS",
            CONTAINER_MILLISECONDS,
            # The path of a task has no host but a link-local one; this is the same request, named whole.
            common | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": info["container"] + info["container_relative_uri"]},
        ),
        Home(
            "IRSA",
            AWS_STS_MILLISECONDS,
            common | {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": info["role_arn"]},
        ),
        Home("a profile with keys", 0, common | files(folder / "keys", "[default]\n" + keys(info["container_keys"]))),
        Home(
            "a profile with a role",
            AWS_STS_MILLISECONDS,
            common
            | files(
                folder / "role",
                f"[default]\nrole_arn = {info['role_arn']}\nsource_profile = alice\n[profile alice]\n"
                + keys(info["users"][0]),
            ),
        ),
    ]


def keys(described: Mapping[str, str | None]) -> str:
    names = {
        "access_key_id": "aws_access_key_id",
        "secret_access_key": "aws_secret_access_key",
        "session_token": "aws_session_token",
    }
    return "".join(f"{theirs} = {described[ours]}\n" for ours, theirs in names.items() if described.get(ours))


def files(folder: Path, config: str) -> dict[str, str]:
    """A config file, and no other."""
    folder.mkdir(exist_ok=True)
    (folder / "config").write_text(config)
    return {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none")}
