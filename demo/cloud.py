"""The local cloud as a child process: its control API, and Google's REST API through its proxy.

Every socket that is opened here leads to loopback: the real host names are only spoken to the emulator's proxy.
"""

import json
import ssl
import subprocess
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit


class Refused(Exception):
    """An answer that is not a success."""


class Cloud:
    """The emulator. It ends when this process does: its standard input closes with it."""

    def __init__(self, program):
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._control = urlsplit(json.loads(self._process.stdout.readline())["control"]).netloc

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def control(self, method, path, body=None):
        return exchange(HTTPConnection(self._control, timeout=30), method, path, body)

    def world(self, specification):
        return World(self, self.control("POST", "/worlds", specification))


class World:
    """One AWS instance and one Google project."""

    def __init__(self, cloud, info):
        self._cloud = cloud
        self._path = f"/worlds/{info['id']}"
        self._tls = ssl.create_default_context(cadata=info["ca_pem"])
        self.proxy = info["proxy"]
        self.ca_pem = info["ca_pem"]
        self.metadata = info["metadata"]
        self.project = info["project"]["id"]
        self.project_number = info["project"]["number"]
        self.account = info["account"]
        self.role = info["instance"]["role"]
        self.audience = info["audience"]
        self.service_account = info["service_account"]
        self.admin_token = info["admin_token"]

    def attach(self, role):
        """Gives the instance another role, or none."""
        self._cloud.control("PATCH", self._path, {"aws": {"instance": {"role": role}}})

    def requests(self):
        """All that this world was asked so far, in the order of arrival."""
        return self._cloud.control("GET", f"{self._path}/requests")["requests"]

    def google(self, method, url, body=None):
        """A call of Google's REST API as the project's administrator."""
        target, proxy = urlsplit(url), urlsplit(self.proxy)
        connection = HTTPSConnection(proxy.hostname, proxy.port, context=self._tls, timeout=30)
        connection.set_tunnel(target.hostname, 443)
        path = f"{target.path}?{target.query}" if target.query else target.path
        return exchange(connection, method, path, body, {"authorization": f"Bearer {self.admin_token}"})


def exchange(connection, method, path, body=None, headers=()):
    """One request with its JSON answer."""
    content = b"" if body is None else json.dumps(body).encode()
    try:
        connection.request(method, path, content, {"content-type": "application/json", **dict(headers)})
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    if response.status >= 300:
        raise Refused(f"{method} {path} answered {response.status}: {text[:300].decode(errors='replace')}")
    return json.loads(text) if text else None
