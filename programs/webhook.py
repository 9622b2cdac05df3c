
# ---- webhooks ----

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import socket
import time
import urllib.parse

DESCRIPTION = """\
Posts what happens in arsignup to a URL, signed as Standard Webhooks says.

Reads /etc/arsignup/webhook.conf, `option = value` a line; the environment comes before it, ARSIGNUP_WEBHOOK_URL before
`url`. The secret, whsec_ and base64, is in ARSIGNUP_WEBHOOK_SECRET, in the file that secret_file names, or in systemd's
credential `secret`. The database is found as libpq finds it (PGHOST, PGDATABASE, ...), or by `database`.
"""


class Webhook:
    """Posts events."""

    OPTIONS = {
        "url": None, "secret_file": "", "ca_file": "", "timeout": "15",
        "kinds": "user.created user.updated user.deleted user.email.verified org.created org.updated org.deleted"
                 " membership.created membership.updated membership.deleted",
    }
    MAILS = ("user.password_token.created", "user.email.verification_requested")

    @staticmethod
    def settings(program, path):
        return Settings(program, path, Webhook.OPTIONS)

    @staticmethod
    def kinds_of(settings):
        """Return the kinds of events that are posted."""
        kinds = settings.text("kinds").replace(",", " ").split()
        if set(kinds) & set(Webhook.MAILS):
            raise ConfigurationError("kinds: what asks for a mail has a token, which no webhook may get")
        return kinds

    def __init__(self, settings):
        self.url = urllib.parse.urlsplit(settings.text("url"))
        self.kinds = self.kinds_of(settings)
        self.timeout = settings.number("timeout")
        self.longest = 2 * self.timeout
        self.secrets = [self.read_secret(word) for word in settings.secret("secret").split()]
        self.tls = settings.tls()
        if self.url.scheme not in ("http", "https") or not self.url.hostname or self.url.username is not None:
            raise ConfigurationError("url: not http:// or https://, a host and a path")
        if not self.secrets:
            raise ConfigurationError("secret is missing")
        try:
            self.port = self.url.port
        except ValueError as error:
            raise ConfigurationError(f"url: {error}") from error

    @staticmethod
    def read_secret(word):
        """Return the bytes of a secret as Standard Webhooks writes them."""
        try:
            secret = base64.b64decode(word.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if not word.startswith("whsec_") or not 24 <= len(secret) <= 64:
            raise ConfigurationError("secret: not whsec_ and base64 of 24 to 64 bytes")
        return secret

    def body(self, event):
        """Return what is posted: the same however often an event is."""
        data = {
            "id": event.name, "realm_id": event.realm_name, "user_id": event.user_name, "org_id": event.org_name,
            "membership_id": event.membership_name, "data": event.data,
        }
        timestamp = event.event_at.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        return json.dumps({"type": event.event_type, "timestamp": timestamp, "data": data}).encode()

    def headers(self, event, body):
        """Return the headers that say who has posted what, and when; one signature for each secret."""
        now = str(int(time.time()))
        signed = f"{event.name}.{now}.".encode() + body
        signatures = [base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in self.secrets]
        return {
            "Content-Type": "application/json", "User-Agent": "arsignup-webhook", "webhook-id": event.name,
            "webhook-timestamp": now, "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }

    def open(self):
        """Return a connection to the receiver: without one nothing can be posted."""
        if self.url.scheme == "https":
            return http.client.HTTPSConnection(self.url.hostname, self.port, timeout=self.timeout, context=self.tls)
        return http.client.HTTPConnection(self.url.hostname, self.port, timeout=self.timeout)

    def deliver(self, _, event):
        """Post an event; any answer but 2xx, a redirect included, is a failure."""
        connection = self.open()
        # A timeout of the socket begins anew with each byte; this one does not.
        late = threading.Event()
        deadline = threading.Timer(self.timeout, self.cut, [connection, late])
        deadline.start()
        try:
            self.post(connection, event, late)
        finally:
            deadline.cancel()
            connection.close()

    @staticmethod
    def cut(connection, late):
        """End a connection in which another thread waits."""
        late.set()
        try:
            if connection.sock:
                connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def post(self, connection, event, late):
        """Post an event over a connection of its own, which is cut when that is late."""
        body = self.body(event)
        try:
            connection.connect()
        except OSError as error:
            raise Away(f"{self.url.hostname}: {line_of(error)}") from error
        try:
            path = urllib.parse.urlunsplit(("", "", self.url.path or "/", self.url.query, ""))
            connection.request("POST", path, body, self.headers(event, body))
            response = connection.getresponse()
            said = b"" if 200 <= response.status < 300 else response.read(300)
        except (OSError, http.client.HTTPException) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise Failed(f"no answer within {self.timeout} s") from error
            raise Failed(f"no answer: {type(error).__name__} {line_of(error)}") from error
        if not 200 <= response.status < 300:
            reason = f"{response.status} {response.reason} {said.decode(errors='replace')}"
            raise Failed(line_of(reason), pause=self.retry_after(response))

    @staticmethod
    def retry_after(response):
        """Return for how many seconds a receiver that has too much to do wants to be left alone."""
        text = response.headers.get("Retry-After", "")
        return min(int(text), 3600) if response.status in (429, 503) and text.isdecimal() and len(text) < 10 else 0

    def rest(self):
        """Nothing stays open between events."""

    def check(self):
        """Try whether the receiver is there."""
        connection = self.open()
        try:
            connection.connect()
        except OSError as error:
            raise Away(f"{self.url.hostname}: {line_of(error)}") from error
        finally:
            connection.close()


sys.exit(main("webhook", DESCRIPTION, Webhook))
