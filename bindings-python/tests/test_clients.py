"""Google's own clients, unmodified, with `rolebridge.Credentials`: each against the local cloud."""

import asyncio
import datetime
import io
import ipaddress
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
import rolebridge
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.auth import impersonated_credentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery, storage
from google.cloud.pubsub_v1 import PublisherClient
from google.cloud.storage import transfer_manager
from google.pubsub_v1 import types as pubsub
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from googleapiclient.discovery import build_from_document

from cloud import World, output_of

ACCOUNT = "bigquery-reader@my-project.iam.gserviceaccount.com"


@pytest.fixture
def world(signing_world: World) -> World:
    return signing_world


@pytest.fixture
def credentials(world: World) -> rolebridge.Credentials:
    return rolebridge.Credentials.from_info(world.credential())


@pytest.fixture
def bucket(world: World, credentials: rolebridge.Credentials) -> Iterator[storage.Bucket]:
    options = {"api_endpoint": world.info["google"]}
    with storage.Client(project="my-project", credentials=credentials, client_options=options) as client:
        yield client.bucket("my-bucket")


@pytest.fixture
def queries(world: World, credentials: rolebridge.Credentials) -> Iterator[bigquery.Client]:
    with bigquery.Client(credentials=credentials, client_options={"api_endpoint": world.info["google"]}) as client:
        yield client


def mints(world: World) -> int:
    return world.operations().count("iamcredentials.generateAccessToken")


def test_bigquery_loads_a_file_and_reads_it(queries: bigquery.Client, world: World) -> None:
    configuration = bigquery.LoadJobConfig(
        schema=[bigquery.SchemaField("id", "INTEGER"), bigquery.SchemaField("name", "STRING")],
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
    )
    rows = io.BytesIO(b'{"id": 1, "name": "one"}\n{"id": 2, "name": "two"}\n')
    queries.load_table_from_file(rows, "my-project.mydataset.loaded", job_config=configuration).result()
    read = queries.query("SELECT name FROM mydataset.loaded ORDER BY id").result()
    assert [row[0] for row in read] == ["one", "two"]
    assert mints(world) == 1


def test_a_token_that_an_api_no_longer_knows_is_replaced_in_the_middle(make_world: Callable[..., World]) -> None:
    """Not of the last thirty seconds, in which a refusal has another cause: another process's clock is set ahead."""
    world = make_world()
    script = """
import json, sys, time, urllib.request
import rolebridge
from google.cloud import bigquery

credential, google, world = sys.argv[1:]
credentials = rolebridge.Credentials.from_info(credential)
client = bigquery.Client(credentials=credentials, client_options={"api_endpoint": google})
assert [row[0] for row in client.query("SELECT 1").result()] == [1]
first = client._credentials.token
patch = json.dumps({"expire": ["access_tokens"]}).encode()
request = urllib.request.Request(world, patch, {"content-type": "application/json"}, method="PATCH")
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
time.sleep(31)
assert [row[0] for row in client.query("SELECT 2").result()] == [2]
print(client._credentials.token != first)
"""
    arguments = (json.dumps(world.credential()), world.info["google"], world._url)
    assert output_of(script, world.key_environment, *arguments) == "True\n"
    assert mints(world) == 2


def test_storage_puts_gets_and_lists(bucket: storage.Bucket, world: World) -> None:
    bucket.blob("a/small").upload_from_string("content")
    large = bucket.blob("a/large", chunk_size=256 * 1024)
    large.upload_from_file(io.BytesIO(b"x" * 700_000))  # Resumable, in three pieces.
    assert bucket.blob("a/small").download_as_text() == "content"
    assert len(bucket.blob("a/large").download_as_bytes()) == 700_000
    assert [blob.name for blob in bucket.list_blobs(prefix="a/")] == ["a/large", "a/small"]
    assert world.operations().count("storage.resumeUpload") == 3
    assert mints(world) == 1


def test_a_signed_url_opens_the_object_and_no_other(bucket: storage.Bucket, world: World) -> None:
    bucket.blob("secret").upload_from_string("content")
    url = bucket.blob("secret").generate_signed_url(
        version="v4", expiration=datetime.timedelta(minutes=5), api_access_endpoint=world.info["google"]
    )
    opened = requests.get(url, timeout=30)
    assert (opened.status_code, opened.text) == (200, "content")
    assert requests.get(url.replace("/secret?", "/other?"), timeout=30).status_code == 403
    assert world.operations().count("iamcredentials.signBlob") == 1


def test_the_transfer_manager_s_processes_have_credentials_of_their_own(world: World, tmp_path: Path) -> None:
    """It pickles the client, credentials and all, and starts processes."""
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text(f"file {number}")
    script = """
import sys
from google.cloud import storage
from google.cloud.storage import transfer_manager
import rolebridge

if __name__ == "__main__":
    credential, google, folder = sys.argv[1:]
    credentials = rolebridge.Credentials.from_info(credential)
    client = storage.Client(project="my-project", credentials=credentials, client_options={"api_endpoint": google})
    names = [f"{number}.txt" for number in range(4)]
    results = transfer_manager.upload_many_from_filenames(
        client.bucket("my-bucket"), names, source_directory=folder, max_workers=2, raise_exception=True
    )
    print(results)
    print(sorted(blob.name for blob in client.list_blobs("my-bucket")))
"""
    program = tmp_path / "upload.py"
    program.write_text(script)
    arguments = (json.dumps(world.credential()), world.info["google"], str(tmp_path))
    start = f"import runpy, sys; sys.argv = sys.argv; runpy.run_path({str(program)!r}, run_name='__main__')"
    lines = output_of(start, world.key_environment, *arguments).splitlines()
    assert lines == ["[None, None, None, None]", "['0.txt', '1.txt', '2.txt', '3.txt']"]


def test_the_transfer_manager_s_threads_share_one_token(bucket: storage.Bucket, world: World) -> None:
    files = [(io.BytesIO(b"x" * number), bucket.blob(f"t/{number}")) for number in range(8)]
    transfer_manager.upload_many(files, worker_type=transfer_manager.THREAD, raise_exception=True)
    assert len(list(bucket.list_blobs(prefix="t/"))) == 8
    assert mints(world) == 1


@pytest.fixture(scope="module")
def certificate() -> tuple[bytes, bytes]:
    """A key and a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, made.public_bytes(pem)


def test_a_client_over_grpc_sends_the_token(
    world: World, credentials: rolebridge.Credentials, certificate: tuple[bytes, bytes]
) -> None:
    """The server asks BigQuery whose token it was sent."""
    private, public = certificate
    seen: list[str] = []

    def list_topics(request: pubsub.ListTopicsRequest, context: grpc.ServicerContext) -> pubsub.ListTopicsResponse:
        sent = {str(key): str(value) for key, value in context.invocation_metadata()}
        seen.append(world.session_user(sent["authorization"].removeprefix("Bearer ")))
        seen.append(sent["x-goog-user-project"])
        return pubsub.ListTopicsResponse(topics=[pubsub.Topic(name="projects/my-project/topics/one")])

    method = grpc.unary_unary_rpc_method_handler(
        list_topics, pubsub.ListTopicsRequest.deserialize, pubsub.ListTopicsResponse.serialize
    )
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", {"ListTopics": method}),)
    )
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(private, public)]))
    server.start()
    try:
        transport = PublisherGrpcTransport(
            host=f"127.0.0.1:{port}",
            credentials=credentials.with_quota_project("payer"),
            ssl_channel_credentials=grpc.ssl_channel_credentials(public),
        )
        topics = list(PublisherClient(transport=transport).list_topics(project="projects/my-project", timeout=30))
        assert [topic.name for topic in topics] == ["projects/my-project/topics/one"]
        transport.close()
    finally:
        server.stop(None).wait()
    assert seen == [world.info["service_account"], "payer"]


def test_a_client_of_the_discovery_library_is_let_in(world: World, credentials: rolebridge.Credentials) -> None:
    document = {
        "name": "bigquery",
        "version": "v2",
        "rootUrl": f"{world.info['google']}/",
        "servicePath": "bigquery/v2/",
        "baseUrl": f"{world.info['google']}/bigquery/v2/",
        "batchPath": "batch",
        "schemas": {"Any": {"id": "Any", "type": "object"}},
        "resources": {
            "jobs": {
                "methods": {
                    "query": {
                        "id": "bigquery.jobs.query",
                        "path": "projects/{projectId}/queries",
                        "httpMethod": "POST",
                        "parameters": {"projectId": {"type": "string", "required": True, "location": "path"}},
                        "parameterOrder": ["projectId"],
                        "request": {"$ref": "Any"},
                        "response": {"$ref": "Any"},
                    }
                }
            }
        },
    }
    with build_from_document(document, credentials=credentials) as service:
        body = {"query": "SELECT SESSION_USER()", "useLegacySql": False}
        reply = service.jobs().query(projectId="my-project", body=body).execute()
    assert reply["rows"][0]["f"][0]["v"] == world.info["service_account"]


def test_google_s_session_for_asyncio_is_let_in(world: World, credentials: rolebridge.Credentials) -> None:
    # The oldest google-auth has none.
    from google.auth.aio.transport.sessions import AsyncAuthorizedSession

    async def asked() -> Any:
        session = AsyncAuthorizedSession(credentials)
        try:
            url = f"{world.info['google']}/bigquery/v2/projects/my-project/queries"
            query = json.dumps({"query": "SELECT SESSION_USER()", "useLegacySql": False}).encode()
            reply = await session.request("POST", url, data=query, headers={"content-type": "application/json"})
            return json.loads(await reply.read())
        finally:
            await session.close()

    assert asyncio.run(asked())["rows"][0]["f"][0]["v"] == world.info["service_account"]


def test_google_s_impersonation_takes_ours_for_its_source(world: World, credentials: rolebridge.Credentials) -> None:
    target = impersonated_credentials.Credentials(
        source_credentials=credentials,
        target_principal=ACCOUNT,
        target_scopes=["https://www.googleapis.com/auth/cloud-platform"],
        iam_endpoint_override=f"{world.info['google']}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken",
    )
    with AuthorizedSession(target) as session:
        url = f"{world.info['google']}/bigquery/v2/projects/my-project/queries"
        reply = session.post(url, json={"query": "SELECT SESSION_USER()", "useLegacySql": False}, timeout=30)
    assert reply.json()["rows"][0]["f"][0]["v"] == ACCOUNT
    assert target.token != credentials.token


def test_gcsfs_reads_and_writes(
    world: World, credentials: rolebridge.Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else it asks over gRPC what kind of bucket that is, for a minute.
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    import gcsfs

    files = gcsfs.GCSFileSystem(
        project="my-project",
        token=credentials,
        endpoint_url=world.info["google"],
        skip_instance_cache=True,
    )
    with files.open("my-bucket/folder/file", "wb") as file:
        file.write(b"content")
    assert files.cat("my-bucket/folder/file") == b"content"
    assert files.ls("my-bucket/folder") == ["my-bucket/folder/file"]


def test_ours_imports_what_google_s_base_class_needs_and_nothing_else() -> None:
    script = """
import sys, typing
import google.auth.credentials, google.auth.exceptions, rolebridge
before = set(sys.modules)
rolebridge.Credentials
print(sorted(set(sys.modules) - before))
"""
    ours = ["_credentials", "_google_errors", "_token_credentials"]
    assert output_of(script, {}).strip() == str([f"rolebridge.{name}" for name in ours])
