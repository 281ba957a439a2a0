"""A registry of npm on loopback that holds the tarballs of a folder.

Of the addons that are built elsewhere it knows what npm's registry will, so that a package manager has the whole
choice, and has no tarball.
"""

import base64
import hashlib
import json
import tarfile
import threading
import urllib.parse
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from addons import manifest
from platforms import PLATFORMS
from project import version


class Registry:
    """Serves until it is closed; `url` is where."""

    def __init__(self, folder: Path) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(folder))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> "Registry":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    tarballs = {file.name: file.read_bytes() for file in folder.glob("*.tgz")}
    packages: dict[str, list[dict]] = defaultdict(list)
    for file in sorted(folder.glob("*.tgz")):
        with tarfile.open(file) as archive:
            found = json.load(archive.extractfile("package/package.json"))
        packages[found["name"]].append(found | {"_file": file.name})
    for platform in PLATFORMS:
        if platform.package not in packages:
            packages[platform.package] = [manifest(platform) | {"version": version(), "_file": "elsewhere"}]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).strip("/")
            if path in packages:
                self.answer(200, json.dumps(self.document(path)).encode())
            elif path in tarballs:
                self.answer(200, tarballs[path])
            else:
                self.answer(404, b'{"error": "there is no such package"}')

        def document(self, name: str) -> dict:
            versions = {one["version"]: one | {"dist": self.distribution(one["_file"])} for one in packages[name]}
            return {"name": name, "dist-tags": {"latest": max(versions)}, "versions": versions}

        def distribution(self, file: str) -> dict:
            content = tarballs.get(file, b"")
            return {
                "tarball": f"http://{self.headers['host']}/{file}",
                "shasum": hashlib.sha1(content).hexdigest(),
                "integrity": f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}",
            }

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The installer says what it asks."""

    return Handler
