"""A stand-in for Stripe, which no test can reach: the few calls that examples/ make of its API, and its webhooks.

What counts is as there: an intent is charged once whoever tries, a key makes a call once, a cancelled intent cannot be paid and a paid
one not be cancelled; events are signed, come at least once and in no order, and again until the answer is 200. Now and then an answer
is lost, or the call is.
"""
import hashlib
import hmac
import heapq
import http.client
import itertools
import json
import random
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Refused(Exception):
    """What Stripe says no to: code, status."""


class Stripe:
    """The books of a bank, as far as a shop sees them."""

    def __init__(self, seed, webhook_secret, tick):
        self.random = random.Random(f"{seed} stripe")
        self.secret = webhook_secret
        self.tick = tick  # called between any two steps
        self.lock = threading.RLock()
        self.intents, self.answers, self.sent = {}, {}, []
        self.plans = {}  # by signup: how its events come, what the bank does
        self.queue, self.withheld, self.number = [], [], itertools.count()
        self.more = threading.Condition(self.lock)
        self.delivering = 0
        self.counts = {"calls": 0, "calls lost": 0, "answers lost": 0, "webhooks": 0, "webhooks again": 0}
        self.server = Server(("127.0.0.1", 0), type("Call", (Call,), {"stripe": self}))
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.shop_port = None
        self.ended = False
        for work in (self.server.serve_forever, *[self.deliver] * 4):
            threading.Thread(target=work, daemon=True).start()

    # ---- calls ----

    def call(self, method, path, form, key):
        """Do a call once for each key, and return status and body."""
        with self.lock:
            if key in self.answers:
                return self.answers[key]
            try:
                answer = 200, self.dispatch(method, path, form)
            except Refused as refusal:
                code, status = refusal.args
                answer = status, {"error": {"type": "invalid_request_error", "code": code, "message": f"refused: {code}"}}
            if key:
                self.answers[key] = answer
            return answer

    def dispatch(self, method, path, form):
        """Find what is called."""
        parts = path.split("/")[2:]
        if (method, parts) == ("POST", ["payment_intents"]):
            return self.create(form)
        if (method, parts) == ("POST", ["refunds"]):
            return self.refund(form["payment_intent"])
        intent = self.intents.get(parts[1]) if parts[0] == "payment_intents" and len(parts) > 1 else None
        if intent is None:
            raise Refused("resource_missing", 404)
        if method == "GET" and len(parts) == 2:
            return self.shown(intent)
        if method == "POST" and parts[2:] in (["cancel"], ["capture"]):
            return getattr(self, parts[2])(intent)
        raise Refused("unknown_call", 404)

    def create(self, form):
        """Make an intent."""
        name = f"pi_{secrets.token_hex(8)}"
        intent = {
            "id": name, "object": "payment_intent", "amount": int(form["amount"]), "currency": form["currency"],
            "status": "requires_payment_method", "capture_method": form.get("capture_method", "automatic"),
            "client_secret": f"{name}_secret_{secrets.token_hex(8)}", "created": int(time.time()),
            "metadata": {"signup_id": form["metadata[signup_id]"]}, "amount_received": 0, "refunded": 0,
        }
        self.intents[name] = intent
        self.tell("payment_intent.created", intent)
        return self.shown(intent)

    def cancel(self, intent):
        """Cancel what is not paid."""
        if intent["status"] not in ("requires_payment_method", "requires_capture"):
            raise Refused("payment_intent_unexpected_state", 400)
        return self.turn(intent, "canceled", "payment_intent.canceled")

    def capture(self, intent):
        """Take what was authorised, unless the bank does not want to any more."""
        if intent["status"] != "requires_capture":
            raise Refused("payment_intent_unexpected_state", 400)
        if self.plan(intent).get("capture") == "refused":
            self.turn(intent, "canceled", "payment_intent.canceled")
            raise Refused("charge_expired_for_capture", 402)
        return self.charge(intent)

    def refund(self, name):
        """Give everything back, once."""
        intent = self.intents[name]
        if intent["refunded"]:
            raise Refused("charge_already_refunded", 400)
        if not intent["amount_received"]:
            raise Refused("payment_intent_unexpected_state", 400)
        intent["refunded"] = intent["amount_received"]
        return {"id": f"re_{name}", "object": "refund", "status": "succeeded", "payment_intent": name}

    # ---- what people and banks do ----

    def confirm(self, client_secret, card):
        """Pay, as Stripe's page does; return the status, or what is wrong."""
        with self.lock:
            intent = self.intents[client_secret.split("_secret_")[0]]
            if intent["client_secret"] != client_secret or intent["status"] != "requires_payment_method":
                return intent["status"], "payment_intent_unexpected_state"
            if card == "declined":
                self.tell("payment_intent.payment_failed", intent)
                return intent["status"], "card_declined"
            if card == "slow" and intent["capture_method"] == "automatic":
                self.turn(intent, "processing", "payment_intent.processing")
            elif intent["capture_method"] == "manual":
                self.turn(intent, "requires_capture", "payment_intent.amount_capturable_updated")
            else:
                self.charge(intent)
            return intent["status"], None

    def clear(self, signup_id, succeeds):
        """Let the bank make up its mind about what is processing."""
        with self.lock:
            for intent in self.intents_of(signup_id):
                if intent["status"] == "processing":
                    if succeeds:
                        self.charge(intent)
                    else:
                        self.turn(intent, "requires_payment_method", "payment_intent.payment_failed")

    def charge(self, intent):
        """Take the money."""
        assert not intent["amount_received"]
        intent["amount_received"] = intent["amount"]
        return self.turn(intent, "succeeded", "payment_intent.succeeded")

    def turn(self, intent, status, event_type):
        """Change the status, and tell."""
        intent["status"] = status
        self.tell(event_type, intent)
        return self.shown(intent)

    def shown(self, intent):
        """Return what the API shows."""
        return {name: value for name, value in intent.items() if name != "refunded"}

    def intents_of(self, signup_id):
        """Return the intents of a signup."""
        with self.lock:
            return [intent for intent in self.intents.values() if intent["metadata"]["signup_id"] == signup_id]

    def plan(self, intent):
        """Return what is meant to happen to a signup's payments."""
        return self.plans.get(intent["metadata"]["signup_id"], {})

    # ---- webhooks ----

    def tell(self, event_type, intent):
        """Have the shop told of something, as the plan says: promptly, twice, withheld for hours, never."""
        event = {
            "id": f"evt_{secrets.token_hex(8)}", "object": "event", "type": event_type, "created": int(time.time()), "api_version": "2024-06-20",
            "data": {"object": self.shown(intent)}, "livemode": False, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
        }
        how = self.plan(intent).get("events", "prompt")
        body = json.dumps(event)
        if how == "withheld":
            self.withheld.append((intent["metadata"]["signup_id"], body))
        elif how != "never":
            for _ in range(2 if how == "twice" else 1):
                self.post_later(body, self.random.random() * 0.3)

    def post_later(self, body, pause):
        """Have a webhook posted after a pause."""
        with self.more:
            heapq.heappush(self.queue, (time.monotonic() + pause, next(self.number), body))
            self.more.notify()

    def release(self, signup_id):
        """Let the withheld events of a signup go, the last first, and from now on promptly."""
        with self.lock:
            mine = [body for whose, body in self.withheld if whose == signup_id]
            self.withheld = [(whose, body) for whose, body in self.withheld if whose != signup_id]
            self.plans.setdefault(signup_id, {})["events"] = "prompt"
            for place, body in enumerate(reversed(mine)):
                self.post_later(body, place * 0.02)

    def next_event(self):
        """Wait for the next event that is due."""
        with self.more:
            while not self.queue or self.queue[0][0] > time.monotonic():
                if self.ended:
                    return None
                self.more.wait(self.queue[0][0] - time.monotonic() if self.queue else 1)
            self.delivering += 1
            return heapq.heappop(self.queue)[2]

    def deliver(self):
        """Post what is due, until it is taken."""
        while body := self.next_event():
            status = self.post(body, self.sign(body))
            with self.lock:
                self.counts["webhooks" if status == 200 else "webhooks again"] += 1
                if status == 200:
                    self.sent.append(body)
                else:
                    self.post_later(body, 0.1 + self.random.random() * 0.4)
                self.delivering -= 1

    def sign(self, body, at=None):
        """Return the signature of a body, as the SDKs want it."""
        at = int(time.time()) if at is None else at
        return f"t={at},v1={hmac.new(self.secret.encode(), f'{at}.{body}'.encode(), hashlib.sha256).hexdigest()}"

    def post(self, body, signature):
        """Post a webhook and return the status of the answer, 0 if there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.shop_port, timeout=30)
        try:
            connection.request("POST", "/webhook", body, {"Stripe-Signature": signature, "Content-Type": "application/json"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def is_quiet(self):
        """Tell whether nothing is to be posted any more."""
        with self.lock:
            return not self.queue and not self.delivering


class Server(ThreadingHTTPServer):
    """One that does not mind who is killed in the middle of a call."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing of those who are gone."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Call(BaseHTTPRequestHandler):
    """A call of the API."""

    protocol_version = "HTTP/1.1"
    stripe = None

    def answer(self):
        """Answer it, as a rule."""
        stripe = self.stripe
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the shop was killed while it called
            self.close_connection = True
            return
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        stripe.tick()
        with stripe.lock:
            fate = stripe.random.random()
            stripe.counts["calls"] += 1
            stripe.counts["calls lost"] += fate < 0.02
            stripe.counts["answers lost"] += 0.02 <= fate < 0.04
        if fate < 0.02:
            status, body = 500, {"error": {"type": "api_error", "message": "try again"}}
        else:
            status, body = stripe.call(self.command, urlsplit(self.path).path, form, self.headers.get("Idempotency-Key"))
        stripe.tick()
        if 0.02 <= fate < 0.04:
            self.close_connection = True
            return
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *_):
        """Log nothing."""
