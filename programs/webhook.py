
# ---- webhooks ----

import base64
import binascii
import hashlib
import hmac
import http.client
import ipaddress
import json
import re
import socket
import time
import types
import urllib.parse

DESCRIPTION = """\
Posts what happens in arsignup to URLs, signed as Standard Webhooks says: to one of its own, and to the hooks in the table
arsignup.app_hooks.

Reads /etc/arsignup/webhook.conf, `option = value` a line; the environment comes before it, ARSIGNUP_WEBHOOK_URL before
`url`. The secret, whsec_ and base64, is in ARSIGNUP_WEBHOOK_SECRET, in the file that secret_file names, or in systemd's
credential `secret`; each hook has one that is made of it. The database is found as libpq finds it (PGHOST, PGDATABASE,
...), or by `database`.
"""


NOT_PUBLIC = "not posted: the host has no public address, nor one in hook_networks"
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def reached(text):
    """Return the address that is reached by this one, which may be wrapped into one of version 6."""
    address = ipaddress.ip_address(text)
    if address.version == 4:
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_public(address):
    """Tell whether an address is of the internet, and of no network inside it, of this machine or of a group."""
    is_site_local = address.version == 6 and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or is_site_local)


class Receiver:
    """Where to post, and how long that may take; only to public addresses and in these networks, unless they are None."""

    def __init__(self, url, secrets, timeout, tls, networks=None):
        self.url, self.secrets, self.timeout, self.tls = urllib.parse.urlsplit(url), secrets, timeout, tls
        self.networks = networks
        if self.url.scheme not in ("http", "https") or not self.url.hostname or self.url.username is not None:
            raise ConfigurationError("url: not http:// or https://, a host and a path")
        try:
            self.port = self.url.port
        except ValueError as error:
            raise ConfigurationError(f"url: {error}") from error

    def headers(self, name, body):
        """Return the headers that say who has posted what, and when; one signature for each secret."""
        now = str(int(time.time()))
        signed = f"{name}.{now}.".encode() + body
        signatures = [base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in self.secrets]
        return {
            "Content-Type": "application/json", "User-Agent": "arsignup-webhook", "webhook-id": name,
            "webhook-timestamp": now, "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }

    def open(self):
        """Return a connection to the receiver: without one nothing can be posted."""
        if self.url.scheme == "https":
            return http.client.HTTPSConnection(self.url.hostname, self.port, timeout=self.timeout, context=self.tls)
        return http.client.HTTPConnection(self.url.hostname, self.port, timeout=self.timeout)

    def may_reach(self, text):
        """Tell whether an address may be posted to."""
        address = reached(text)
        return self.networks is None or is_public(address) or any(address in network for network in self.networks)

    def addresses(self, connection):
        """Return the addresses of the host that may be posted to: what is connected to is what was looked at."""
        found = socket.getaddrinfo(self.url.hostname, connection.port, type=socket.SOCK_STREAM)
        permitted = [address for address in found if self.may_reach(address[4][0])]
        if not permitted:
            raise Failed(f"{NOT_PUBLIC}, but {found[0][4][0]}")
        return permitted

    def connect_to(self, connection, address):
        """Connect to an address, and begin TLS where the URL says so, with the name that it has."""
        family, kind, protocol, _, where = address
        connection.sock = socket.socket(family, kind, protocol)
        connection.sock.settimeout(self.timeout)
        connection.sock.connect(where)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.url.scheme == "https":
            connection.sock = self.tls.wrap_socket(connection.sock, server_hostname=self.url.hostname)

    def connect(self, connection, late):
        """Connect to the first address that answers, or say that nobody is there."""
        try:
            addresses = self.addresses(connection)
            for number, address in enumerate(addresses, 1):
                try:
                    self.connect_to(connection, address)
                    return
                except OSError:
                    connection.close()
                    if number == len(addresses) or late.is_set():
                        raise
        except (OSError, UnicodeError) as error:
            is_late = late.is_set() or isinstance(error, TimeoutError)
            reason = f"no connection within {self.timeout} s" if is_late else line_of(error)
            raise Away(f"{self.url.hostname}: {reason}") from error

    def post(self, name, body):
        """Post an event; any answer but 2xx, a redirect included, is a failure."""
        connection = self.open()
        # A timeout of the socket begins anew with each byte; this one does not.
        late = threading.Event()
        deadline = threading.Timer(self.timeout, self.cut, [connection, late])
        deadline.start()
        try:
            self.exchange(connection, name, body, late)
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

    def exchange(self, connection, name, body, late):
        """Post an event over a connection of its own, which is cut when that is late."""
        self.connect(connection, late)
        try:
            path = urllib.parse.urlunsplit(("", "", self.url.path or "/", self.url.query, ""))
            connection.request("POST", path, body, self.headers(name, body))
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


# ---- hooks ----

HOOKS = """
    SELECT id, arsignup.format_id('hk', id) AS name, destination, event_types
    FROM arsignup.app_hooks WHERE state = 'active' ORDER BY id
"""

# What is being posted goes the next time: nobody waits for it.
DROP = """
    DELETE FROM arsignup.hook_deliveries WHERE (realm_id, id) IN (
        SELECT d.realm_id, d.id FROM arsignup.hook_deliveries AS d, arsignup.app_hooks AS h
        WHERE h.id = d.app_hook_id AND h.state = 'inactive' FOR UPDATE OF d SKIP LOCKED)
"""

IS_QUEUED = "SELECT EXISTS (SELECT FROM arsignup.hook_deliveries WHERE app_hook_id IS NULL) AS found"

# The next one, unless another worker has it: so nobody overtakes it.
TAKE = """
    SELECT id, realm_id, event_id, event_at, attempts, arsignup.event_json(realm_id, event_id) AS event
    FROM arsignup.hook_deliveries WHERE (realm_id, id) = (
        SELECT realm_id, id FROM arsignup.hook_deliveries WHERE app_hook_id {} AND due_at <= clock_timestamp() ORDER BY due_at, id LIMIT 1)
    AND due_at <= clock_timestamp() FOR UPDATE SKIP LOCKED
"""

POSTPONE = """
    UPDATE arsignup.hook_deliveries SET failed_at = clock_timestamp(), due_at = clock_timestamp() + make_interval(secs => %s),
        attempts = %s, error = %s
    WHERE realm_id = %s AND id = %s
"""

FAILED_BESIDE = """
    SELECT arsignup.format_id('ev', d.event_id) AS name, d.realm_id, d.event_id, e.event ->> 'event_type' AS event_type,
        e.event ->> 'user_id' AS user_name, d.attempts, d.failed_at, d.due_at AS retry_at,
        coalesce(arsignup.format_id('hk', d.app_hook_id), 'url') || ': ' || d.error AS error
    FROM arsignup.hook_deliveries AS d, LATERAL (SELECT arsignup.event_json(d.realm_id, d.event_id) AS event) AS e
    WHERE d.failed_at IS NOT NULL ORDER BY d.event_id, d.app_hook_id
"""

AGAIN_BESIDE = """
    UPDATE arsignup.hook_deliveries SET due_at = clock_timestamp(), attempts = 0
    WHERE failed_at IS NOT NULL AND (%(all)s OR arsignup.format_id('ev', event_id) = ANY (%(names)s))
    RETURNING arsignup.format_id('ev', event_id) AS name
"""


class Hook:
    """Who wants events, by an id; None is the URL of the configuration."""

    def __init__(self, hook_id, name, destination=None, event_types=()):
        self.id, self.name, self.destination, self.event_types = hook_id, name, destination, event_types

    def wants(self, kind):
        """Tell whether a kind of events is posted."""
        return not self.event_types or any(kind == t or t.endswith(".*") and kind.startswith(t[:-1]) for t in self.event_types)


SLOW = 1  # seconds for which a post holds up no other


class Health:
    """How a hook has answered of late; all workers share it."""

    def __init__(self):
        self.failures = 0  # in a row
        self.is_away = self.is_slow = False
        self.until = 0  # when it may be asked again, by the machine's clock

    @property
    def is_lame(self):
        """Tell whether whoever asks may wait for long."""
        return self.failures > 0 or self.is_slow

    def note_success(self, seconds):
        """Remember that the hook took an event, and whether others would have waited for it."""
        self.__init__()
        self.is_slow = seconds > SLOW

    def note(self, error, longest_away, longest_slowdown):
        """Leave the hook alone for a while if it is away, fails time after time, or asks for it."""
        self.failures += 1
        self.is_away = isinstance(error, Away)
        if self.is_away:
            pause = min(2 ** (min(self.failures, 10) - 1), longest_away)
        else:
            slowdown = 0 if self.failures < 4 else min(2 ** (min(self.failures, 10) - 4), longest_slowdown)
            pause = max(slowdown, min(error.pause, longest_away))
        self.until = time.monotonic() + pause


class HookWorker(Worker):
    """
    Posts to hooks where there are any: hands each event over to all that want it, in one transaction, and then posts what
    waits for each, one after the other. Hooks that fail or are slow have workers of their own, so that they hold up no
    other; one that does not answer holds up one of these until it is late, and then it is the next one's turn.
    """

    TURN = 50  # how many events a hook gets before the next one's turn
    LONGEST_TURN = 1  # and for how many seconds it gets them

    def __init__(self, settings, courier, once, stop, healths=None, is_for_lame=False):
        super().__init__(settings, courier, once, stop)
        self.healths, self.is_for_lame = healths, is_for_lame

    @classmethod
    def start(cls, settings, courier_class, once, stop):
        healths = {}
        lanes = [False] * settings.number("workers") + ([] if once else [True] * settings.number("slow_workers"))
        return [cls(settings, courier_class(settings), once, stop, healths, lane) for lane in lanes]

    def deliver_next(self, connection):
        """Hand out and post what waits, or, where there is no hook, deliver the next event to the URL."""
        hooks = [Hook(h.id, h.name, h.destination, h.event_types) for h in connection.execute(HOOKS)]
        if not hooks and not connection.execute(IS_QUEUED).fetchone().found:
            return bool(self.courier.url) and not self.is_for_lame and super().deliver_next(connection)
        if self.courier.url:
            hooks.append(Hook(None, "url"))
        busy = not self.is_for_lame and self.queue(connection, hooks)
        for hook in hooks:
            busy = self.serve(connection, hook) or busy
        return busy

    def queue(self, connection, hooks):
        """Hand events over to the hooks that want them; tell whether there were any."""
        connection.execute(DROP)
        url_kinds = self.courier.kinds if self.courier.url else []
        wanted = {kind for kind in self.courier.hook_kinds if any(hook.id and hook.wants(kind) for hook in hooks)}
        kinds = sorted(wanted.union(url_kinds))
        return bool(kinds) and connection.execute("SELECT arsignup.queue_hooks(%s, %s) AS count", [kinds, url_kinds]).fetchone().count > 0

    def is_mine(self, health):
        """Tell whether this worker may ask a hook now."""
        if self.once:
            return not health.is_away
        return health.is_lame == self.is_for_lame and time.monotonic() >= health.until

    def serve(self, connection, hook):
        """Post what waits for a hook, until it fails or has had its turn; tell whether there was anything."""
        health = self.healths.setdefault(hook.id, Health())
        served = 0
        began = now = time.monotonic()
        while served < self.TURN and now - began < self.LONGEST_TURN and self.is_mine(health) and not self.stop.is_set():
            try:
                if not self.post_next(connection, hook):
                    break
                health.note_success(time.monotonic() - now)
            except (Failed, Away) as error:
                self.succeeded = False
                if isinstance(error, Away):
                    tell(f"{hook.name}: {error}")
                health.note(error, self.LONGEST_AWAY, self.LONGEST_SLOWDOWN)
            served += 1
            now = time.monotonic()
        return served > 0

    def post_next(self, connection, hook):
        """Post the next event of a hook, in a transaction of its own; tell whether there was one. Raises what went wrong."""
        failure = None
        with connection.transaction():
            taken = connection.execute(TAKE.format("IS NULL" if hook.id is None else "= %s"),
                                       [] if hook.id is None else [hook.id]).fetchone()
            if taken is None:
                return False
            try:
                if taken.event is not None:  # else it was purged
                    self.courier.post(hook, taken)
            except Failed as error:
                failure = error
            if failure is None:
                connection.execute("DELETE FROM arsignup.hook_deliveries WHERE realm_id = %s AND id = %s", [taken.realm_id, taken.id])
            else:
                self.postpone_post(connection, hook, taken, failure)
        if failure:
            raise failure
        return True

    @staticmethod
    def kept(reason):
        """Return what of a reason is kept in the table: nothing that a receiver has said, and no address."""
        if reason.startswith("no answer within"):
            return reason
        if reason.startswith(NOT_PUBLIC):
            return NOT_PUBLIC
        return " ".join(reason.split(" ")[:3 if reason.startswith("no answer:") else 1])

    def postpone_post(self, connection, hook, taken, failure):
        """Put aside what a hook did not take, and tell of it. What it said goes to the log only."""
        attempts = taken.attempts + 1
        pause = self.pause_after(attempts)
        if pause is not None:
            pause = max(pause, failure.pause)
        reason = str(failure)
        connection.execute(POSTPONE, [pause, attempts, self.kept(reason), taken.realm_id, taken.id])
        again = "given up" if pause is None else f"again in {pause} s"
        tell(f"{taken.event['id']} {taken.event['event_type']} to {hook.name}: {reason} (attempt {attempts}, {again})")


class Webhook(Courier):
    """Posts events."""

    worker = HookWorker
    OPTIONS = {
        "url": "", "secret_file": "", "ca_file": "", "timeout": "15", "hook_networks": "", "slow_workers": "2",
        "kinds": "user.created user.updated user.deleted user.email.verified org.created org.updated org.deleted"
                 " membership.created membership.updated membership.deleted",
        "hook_kinds": "user.created user.updated user.deleted user.login.succeeded user.password_token.consumed"
                      " user.password_token.failed user.email.verified org.created org.updated org.deleted"
                      " membership.created membership.updated membership.deleted",
    }
    MAILS = ("user.password_token.created", "user.email.verification_requested")

    @staticmethod
    def settings(program, path):
        return Settings(program, path, Webhook.OPTIONS)

    @staticmethod
    def kinds_of(settings, option="kinds"):
        """Return the kinds of events that are posted."""
        kinds = settings.text(option).replace(",", " ").split()
        if set(kinds) & set(Webhook.MAILS):
            raise ConfigurationError(f"{option}: what asks for a mail has a token, which no webhook may get")
        return kinds

    def __init__(self, settings):
        self.url = settings.text("url")
        self.kinds = self.kinds_of(settings)
        self.hook_kinds = self.kinds_of(settings, "hook_kinds")
        self.timeout = settings.number("timeout")
        self.longest = 2 * self.timeout
        self.secrets = self.secrets_of(settings)
        self.tls = settings.tls()
        self.networks = self.networks_of(settings)
        self.receiver = Receiver(self.url, self.secrets, self.timeout, self.tls) if self.url else None

    @staticmethod
    def networks_of(settings):
        """Return the networks that hooks may be in although they are not public."""
        try:
            return [ipaddress.ip_network(word) for word in settings.text("hook_networks").replace(",", " ").split()]
        except ValueError as error:
            raise ConfigurationError(f"hook_networks: {error}") from error

    @staticmethod
    def secrets_of(settings):
        """Return the secrets, of which there must be one."""
        secrets = [Webhook.read_secret(word) for word in settings.secret("secret").split()]
        if not secrets:
            raise ConfigurationError("secret is missing")
        return secrets

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

    @staticmethod
    def hook_secrets(secrets, name):
        """Return the secrets of a hook: no other receiver can tell them from its own."""
        return [hmac.digest(secret, f"arsignup hook {name}".encode(), hashlib.sha256) for secret in secrets]

    @staticmethod
    def print_secret(settings, name):
        """Print the secrets by which posts to a hook are signed, a line each."""
        if not re.fullmatch("hk_[0-9A-Za-z]{22}", name):
            raise ConfigurationError(f"{name}: not the id of a hook, hk_...")
        for secret in Webhook.hook_secrets(Webhook.secrets_of(settings), name):
            print("whsec_" + base64.b64encode(secret).decode())
        return 0

    def body(self, event):
        """Return what is posted to the URL: the same however often an event is."""
        data = {
            "id": event.name, "realm_id": event.realm_name, "user_id": event.user_name, "org_id": event.org_name,
            "membership_id": event.membership_name, "data": event.data,
        }
        timestamp = event.event_at.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        return json.dumps({"type": event.event_type, "timestamp": timestamp, "data": data}).encode()

    def deliver(self, _, event):
        """Post an event to the URL."""
        self.receiver.post(event.name, self.body(event))

    def post(self, hook, taken):
        """Post an event to a hook, as the Core API tells it, or to the URL, as ever."""
        told = taken.event
        try:
            if hook.id is None:
                event = types.SimpleNamespace(
                    name=told["id"], realm_name=told["realm_id"], user_name=told["user_id"], org_name=told["org_id"],
                    membership_name=told["membership_id"], data=told["details"], event_type=told["event_type"],
                    event_at=taken.event_at,
                )
                self.deliver(None, event)
            else:
                secrets = self.hook_secrets(self.secrets, hook.name)
                Receiver(hook.destination, secrets, self.timeout, self.tls, self.networks).post(told["id"], json.dumps(told).encode())
        except (Failed, Away):
            raise
        except Exception as error:
            raise Failed(f"no answer: {type(error).__name__} {line_of(error)}") from error

    @staticmethod
    def failed_beside(connection):
        return connection.execute(FAILED_BESIDE)

    @staticmethod
    def send_again_beside(connection, names):
        sent = connection.execute(AGAIN_BESIDE, {"all": names == ["all"], "names": names})
        return {row.name for row in sent}

    def check(self, connection):
        """Try whether the receivers are there."""
        receivers = [self.receiver] if self.receiver else []
        for hook in connection.execute(HOOKS):
            receivers.append(Receiver(hook.destination, self.secrets, self.timeout, self.tls, self.networks))
        for receiver in receivers:
            opened = receiver.open()
            try:
                receiver.connect(opened, threading.Event())
            finally:
                opened.close()


Webhook.COMMANDS = (
    ("secret", "HOOK", "print what posts to this hook, hk_..., are signed by", Webhook.print_secret),
)

sys.exit(main("webhook", DESCRIPTION, Webhook))
