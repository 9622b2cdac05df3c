"""What the tests of the Core API share: TAP, a client that sends the very bytes of AuthRocket 1's, the database, the logs."""
import json
import os
import re
import socket
import subprocess
import sys
import urllib.parse

BASE = os.environ["BASE_URL"].removeprefix("http://")
KEY = os.environ["API_KEY"]
REALM = os.environ["API_REALM"]
PASSWORD = "canary-horse battery staple"
count = failed = 0


def ok(passed, what, *details):
    """Report a test."""
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", what, flush=True)
    if not passed:
        for detail in details:
            print("#  ", str(detail)[:4000])
    return passed


def equal(got, expected, what):
    """Report a test of what was got."""
    return ok(got == expected, what, f"got {got!r}", f"expected {expected!r}")


def finish():
    """Report how many tests there were, and end."""
    print(f"1..{count}")
    sys.exit(failed > 0)


def sql(statement):
    """Ask the database."""
    command = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--command", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# ---- the wire ----


class Answer:
    """A status, headers and a body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body) if self.body and self.headers.get("content-type", "").startswith("application/json") else {}

    def __repr__(self):
        return f"{self.status} {self.body!r}"


class Connection:
    """One connection, kept alive from request to request."""

    def __init__(self, address=BASE):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text)

    def receive(self, method="GET"):
        """Read an answer as strictly as its headers say where it ends."""
        line = self.file.readline()
        if not line:
            raise ConnectionError("closed")
        status = int(line.split()[1])
        headers = {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if method == "HEAD" or status == 204:
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.file.readline(), 16):
                body += self.file.read(size)
                self.file.readline()
            self.file.readline()
        else:
            body = self.file.read(int(headers["content-length"]))
        return Answer(status, headers, body)


class Client:
    """What a client library puts around every request; the connection is kept."""

    def __init__(self, headers, empty=b"{}"):
        self.headers, self.empty, self.connection, self.connections = headers, empty, None, 0

    def bytes(self, method, path, body):
        if body is None:
            body = b"" if method in ("GET", "DELETE", "HEAD") else self.empty
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
        head = [f"{method} /v1/{path} HTTP/1.1", f"Host: {BASE}", *self.headers]
        if body or method not in ("GET", "HEAD"):
            head.append(f"Content-Length: {len(body)}")
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def ask(self, method, path, body=None):
        if self.connection is None:
            self.connection = Connection()
            self.connections += 1
        self.connection.send(self.bytes(method, path, body))
        answer = self.connection.receive(method)
        if answer.headers.get("connection") == "close":
            self.connection.close()
            self.connection = None
        return answer


def ruby(key=KEY):
    """What the Ruby library sends."""
    return Client(["Accept: application/json", "Content-Type: application/json", "User-Agent: authrocket-ruby/2.4.1",
                   "Connection: keep-alive", "Keep-Alive: 30", f"X-Authrocket-Api-Key: {key}", f"X-Authrocket-Realm: {REALM}"])


def php(key=KEY):
    """What the PHP library sends."""
    return Client(["accept-encoding: gzip", "content-type: application/json", "user-agent: authrocket-php/1.3.0",
                   f"x-authrocket-api-key: {key}", f"x-authrocket-realm: {REALM}"], empty=b"")


def superagent(key=KEY, realm=REALM):
    """What Node's clients send, with names of headers as no other does."""
    return Client(["ACCEPT-ENCODING: gzip, deflate", "CONTENT-TYPE: application/json; charset=utf-8", "user-AGENT: node-superagent/1.8.3", f"X-AUTHROCKET-API-KEY: {key}", f"x-AuthRocket-realm: {realm}"])


# ---- the logs ----

WINDOW = 20  # so many characters of a secret, one after the other, are a leak


def logs():
    """Return all logs by name."""
    texts = {}
    web = os.environ["WEB"]
    for path in [os.environ["SERVER_LOG"]] + [os.path.join(web, f) for f in sorted(os.listdir(web)) if f.endswith(".log")]:
        with open(path, encoding="utf-8", errors="replace") as file:
            texts[os.path.basename(path)] = file.read()
    return texts


def spellings(word):
    """Return a word of a log as it stands there, and without the escapes of URLs and of nginx."""
    return {word, urllib.parse.unquote(word), re.sub(r"\\x([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), word)}


def leaks(secrets):
    """Return words of logs that have a password, or a part of one of these secrets."""
    windows = {s[i:i + WINDOW] for s in secrets for i in range(4, len(s) - WINDOW + 1)}
    found = []
    for name, text in logs().items():
        for word in set(re.findall(r"[\w.%\\+-]{6,}", text)):
            for spelling in spellings(word):
                if "canary-" in spelling or any(spelling[i:i + WINDOW] in windows for i in range(len(spelling) - WINDOW + 1)):
                    found.append(f"{name}: {spelling[:300]}")
    return found
