"""What we send to Google STS, recomputed by botocore and compared with what google-auth sends."""

import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import google.auth.aws
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from google.auth import exceptions
from google.auth.transport.requests import Request
from rolebridge import RolebridgeError, TokenSource

POOL = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool"
AUDIENCE = f"{POOL}/providers/aws-provider"
TARGET = "x-goog-cloud-target-resource"
#: AWS's own examples, good for nothing.
KEYS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
SESSION = "AQoDYXdzEPT//////////wEXAMPLE+token/with=signs&and spaces"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Recorder:
    """An STS that writes down what it is sent and refuses it."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                pairs = urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True)
                assert len(dict(pairs)) == len(pairs)
                recorder.forms.append(dict(pairs))
                reply = json.dumps({"error": "invalid_grant", "error_description": "written down"}).encode()
                self.send_response(400)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/token"


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    thread = threading.Thread(target=recorder.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield recorder
    recorder.server.shutdown()
    recorder.server.server_close()
    thread.join()


def file(recorder: Recorder, verification_url: str) -> dict[str, Any]:
    return {
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
        "token_url": recorder.url,
        "credential_source": {"environment_id": "aws1", "regional_cred_verification_url": verification_url},
    }


def decoded(form: dict[str, str]) -> dict[str, Any]:
    token = json.loads(urllib.parse.unquote(form["subject_token"]))
    names = [header["key"].lower() for header in token["headers"]]
    assert len(set(names)) == len(names)
    token["headers"] = dict(zip(names, (header["value"] for header in token["headers"]), strict=True))
    return dict(token)


@pytest.mark.parametrize("session", ["", SESSION], ids=["long-lived", "session"])
@pytest.mark.parametrize(
    ("region", "verification_url"),
    [
        ("us-east-2", "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"),
        ("cn-north-1", "https://sts.{region}.amazonaws.com.cn?Action=GetCallerIdentity&Version=2011-06-15"),
        ("us-east-2", "https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"),
    ],
    ids=["plain", "china", "slash"],
)
def test_botocore_signs_as_we_do_and_google_auth_sends_as_we_do(
    recorder: Recorder,
    environment: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    session: str,
    region: str,
    verification_url: str,
) -> None:
    environment(
        {
            "AWS_ACCESS_KEY_ID": KEYS[0],
            "AWS_SECRET_ACCESS_KEY": KEYS[1],
            "AWS_REGION": region,
            "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
            **({"AWS_SESSION_TOKEN": session} if session else {}),
        }
    )
    configuration = file(recorder, verification_url)
    with pytest.raises(RolebridgeError, match="written down"):
        TokenSource.from_info(configuration, scopes=[SCOPE]).token()
    signed_at = datetime.strptime(decoded(recorder.forms[0])["headers"]["x-amz-date"], "%Y%m%dT%H%M%SZ")
    assert abs(signed_at.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)).total_seconds() < 60

    # Google's, in the same second.
    monkeypatch.setattr("google.auth._helpers.utcnow", lambda: signed_at)
    with pytest.raises(exceptions.OAuthError, match="written down"):
        google.auth.aws.Credentials.from_info(configuration, scopes=[SCOPE]).refresh(Request())
    ours, theirs = recorder.forms
    our_token, their_token = decoded(ours), decoded(theirs)
    assert {**ours, "subject_token": ""} == {**theirs, "subject_token": ""}
    assert (our_token["method"], our_token["url"]) == (their_token["method"], their_token["url"])
    our_headers, their_headers = our_token["headers"], their_token["headers"]
    our_signature = our_headers.pop("authorization")
    their_signature = their_headers.pop("authorization")
    assert our_headers == their_headers
    # Besides the signature itself, they differ in one name: we sign for whom the token is.
    ours_up_to, theirs_up_to = (text.split(", Signature=")[0] for text in (our_signature, their_signature))
    assert ours_up_to == f"{theirs_up_to};{TARGET}"

    # botocore's, of all headers but the signature.
    request = AWSRequest(method=our_token["method"], url=our_token["url"], data=b"", headers=our_headers)
    request.context["timestamp"] = our_headers["x-amz-date"]
    signer = SigV4Auth(Keys(*KEYS, session or None), "sts", region)
    string = signer.string_to_sign(request, signer.canonical_request(request))
    assert our_signature.endswith(f"Signature={signer.signature(string, request)}")
    assert f"Credential={KEYS[0]}/{signer.credential_scope(request)}," in our_signature
