"""A shop: it authorises the charge, commits the account, and captures the money then. So nobody is charged without an account,
and nothing ever has to be paid back. README.md says how it is run. It keeps nothing in memory: it may be killed between any two lines.
"""

import html
import os
import sys
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import stripe
from psycopg.rows import namedtuple_row

StripeError = getattr(stripe, "StripeError", None) or stripe.error.StripeError  # before its version 7

PRICE = {"amount": 4900, "currency": "eur"}
PAGE_OPEN = "30 minutes"  # after that the payment page closes ...
HOLD = "35 minutes"  # ... and after that others may have the name
# No user can come of it any more: against the realm's rules by now, name taken, token gone, expired, revoked, app gone.
LOST = {"SU001", "SU002", "SU003", "SU004", "SU009", "SU010"}
PAY_SCRIPT = (Path(__file__).parent / "../pay.js").read_bytes()
LOGIN_URL = os.environ["LOGIN_URL"]

stripe.api_key = os.environ["STRIPE_SECRET_KEY"]
stripe.api_base = os.environ.get("STRIPE_API", stripe.api_base)  # for tests
stripe.max_network_retries = 2


# ---- the database ----


def connect():
    """Connect to where PGHOST, PGDATABASE, PGUSER ... say. As a context it commits, or rolls back what failed."""
    return psycopg.connect(row_factory=namedtuple_row, connect_timeout=10)


def query(statement, *values):
    """Run a statement in a transaction of its own, and return its rows."""
    with connect() as sql:
        cursor = sql.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def only_token(text):
    """Return a token, which only the person has; nothing for a signup's id: whoever brings one has read it somewhere."""
    return text if text and text.startswith("utk_") else None


def signup_of(token):
    """Return what there is of a signup, by its token or its id."""
    rows = query("SELECT signup_id, state, email, org_name FROM arsignup.get_signup_token(%s)", token)
    return rows[0] if rows else None


# ---- from a signup to a payment ----


def open_payment(token, replaces=None):
    """Hold the names of a signup and open its payment, or find the one that is open."""
    with connect() as sql:
        signup_id = sql.execute("SELECT signup_id FROM arsignup.get_signup_token(%s)", [token]).fetchone().signup_id
        hold = "SELECT user_id FROM arsignup.hold_signup_token(%s, %s, replaces => %s)"
        user_id = sql.execute(hold, [token, HOLD, replaces]).fetchone().user_id
        return sql.execute(
            """INSERT INTO payments (signup_id, user_id, amount, closes_at) VALUES (%s, %s, %s, now() + %s::interval)
            ON CONFLICT (signup_id) WHERE state <> 'closed'
            DO UPDATE SET closes_at = greatest(payments.closes_at, excluded.closes_at)
            RETURNING *""",
            [signup_id, user_id, PRICE["amount"], PAGE_OPEN],
        ).fetchone()


def open_intent(payment):
    """Have Stripe's half of a payment. The key makes it one, however often this is interrupted and tried again; it is noted
    before anybody can pay it, so that there is never a payment that we do not know."""
    if payment.intent:
        return stripe.PaymentIntent.retrieve(payment.intent)
    intent = stripe.PaymentIntent.create(
        **PRICE,
        capture_method="manual",
        payment_method_types=["card"],
        metadata={"signup_id": payment.signup_id},
        idempotency_key=f"payment-{payment.id}",
    )
    if not query("UPDATE payments SET intent = %s WHERE id = %s AND state = 'open' RETURNING id", intent.id, payment.id):
        raise RuntimeError(f"payment {payment.id} was closed meanwhile")
    return intent


# ---- from a payment to an account ----


def payment_of(intent_id):
    """Return our row of a payment, or None."""
    rows = query("SELECT * FROM payments WHERE intent = %s", intent_id)
    return rows[0] if rows else None


def settle(intent_id, event_id=None):
    """Do what is to be done about a payment now, once, whoever tells us to look, how often, and in whatever order."""
    payment = payment_of(intent_id)
    if not payment:
        return None  # of something else that is sold by the same account of Stripe's
    intent = stripe.PaymentIntent.retrieve(intent_id)
    if intent.status == "requires_capture" and payment.state == "open":
        try:
            make_account(payment)
        except psycopg.OperationalError:  # cut off, perhaps at COMMIT: what it would have committed knows what became of it
            if payment_of(intent_id).state == "open":
                raise
        payment = payment_of(intent_id)
    if intent.status == "requires_capture" and payment.state == "committed":
        intent = attempt(stripe.PaymentIntent.capture, intent_id)
    if intent.status not in ("succeeded", "canceled") and payment.state == "void":
        intent = attempt(stripe.PaymentIntent.cancel, intent_id)
    return conclude(intent, event_id)


def attempt(call, intent_id):
    """Have Stripe do something that may have been done already, and return what is so."""
    try:
        return call(intent_id)
    except StripeError as error:
        complain(error)
        return stripe.PaymentIntent.retrieve(intent_id)


def make_account(payment):
    """Redeem the signup in one transaction with what was paid for; or note that nobody can have it any more."""
    with connect() as sql:
        open_one = "SELECT id FROM payments WHERE id = %s AND state = 'open' FOR UPDATE"
        if not sql.execute(open_one, [payment.id]).fetchone():
            return
        state = "committed"
        try:
            with sql.transaction():  # a savepoint
                sql.execute("SELECT user_id FROM arsignup.redeem_signup_token(%s)", [payment.signup_id])
        except psycopg.Error as error:
            if error.sqlstate in LOST:
                state = "void"
            elif error.sqlstate != "SU005":  # somebody else has redeemed it: the user is there
                raise
        if state == "committed":
            sql.execute("INSERT INTO subscriptions (user_id, payment_id) VALUES (%s, %s)", [payment.user_id, payment.id])
        sql.execute("UPDATE payments SET state = %s WHERE id = %s", [state, payment.id])


def conclude(intent, event_id):
    """Note how a payment has ended, if it has, and return its state."""
    with connect() as sql:
        if event_id:
            sql.execute("INSERT INTO webhook_events (id) VALUES (%s) ON CONFLICT DO NOTHING", [event_id])
        payment = sql.execute("SELECT * FROM payments WHERE intent = %s FOR UPDATE", [intent.id]).fetchone()
        state = payment.state
        if intent.status == "succeeded" and state == "committed":
            state = "paid"
        elif intent.status == "canceled" and state in ("open", "void"):
            state = "closed"
        elif intent.status == "canceled" and state == "committed":  # the account is there, and the authorisation ended
            state = "unpaid"
            sql.execute("DELETE FROM subscriptions WHERE payment_id = %s", [payment.id])
            suspend = "SELECT arsignup.update_user(realm_id, id, state => 'inactive') FROM arsignup.users WHERE id = %s"
            sql.execute(suspend, [payment.user_id])
        sql.execute("UPDATE payments SET state = %s WHERE id = %s", [state, payment.id])
        return state


def close_payment(payment):
    """Close a payment, so that nobody can pay it any more, and return what became of it: it may just have been paid."""
    if not payment.intent:  # nobody has seen it
        closed = query("UPDATE payments SET state = 'closed' WHERE id = %s AND intent IS NULL RETURNING state", payment.id)
        return closed[0].state if closed else None
    if stripe.PaymentIntent.retrieve(payment.intent).status != "requires_capture":  # else it is to be committed
        query("UPDATE payments SET state = 'void' WHERE id = %s AND state = 'open'", payment.id)
    return settle(payment.intent)


def sweep():
    """Close what was abandoned, and end what was interrupted. Every process may do this."""
    due = "state IN ('committed', 'void') OR state = 'open' AND closes_at < now()"
    for payment in query(f"SELECT * FROM payments WHERE {due}"):
        try:
            close_payment(payment) if payment.state == "open" else settle(payment.intent)
        except (psycopg.Error, StripeError) as error:
            complain(error)


def sweep_again():
    """Sweep for ever."""
    while True:
        try:
            sweep()
        except psycopg.Error as error:
            complain(error)
        time.sleep(float(os.environ.get("SWEEP_SECONDS", "60")))


def complain(error):
    """Tell the journal."""
    print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)


# ---- pages ----


def page(state, title, body="", status=200):
    """Return a page; `state` is what it is about, in a word."""
    return status, {"Content-Type": "text/html; charset=utf-8"}, (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{title}</title><body data-state="{state}"><h1>{title}</h1>{body}</body></html>'
    )


def redirect(to, **headers):
    """Send the person elsewhere."""
    return 303, {"Location": to, **headers}, ""


def welcome():
    """Return the page of those who have paid."""
    return page("welcome", "Welcome", f'<p>Paid and signed up. <a href="{html.escape(LOGIN_URL)}">Log in</a></p>')


def nobody():
    """Return the page of those who come without a signup."""
    return page("unknown", "Please sign up first", status=404)


def refused(error):
    """Return what the person is told if there is nothing to pay for: nobody has been charged."""
    if error.sqlstate == "SU002":
        log_in = f'<p>If it is yours, <a href="{html.escape(LOGIN_URL)}">log in</a>, or go on where you began.</p>'
        return page("taken", "This email is taken", log_in, 409)
    if error.sqlstate == "SU005":
        return welcome()
    if error.sqlstate in LOST - {"SU001"}:  # that would be the shop's fault: a HOLD that the realm does not allow
        return page("gone", "This took too long", "<p>Please sign up again. Nothing was charged.</p>", 410)
    raise error


def find_signups(token, earlier_token):
    """Find a signup, and an earlier one of the same person in this browser, who began, went away and signed up anew."""
    rows = query(
        """SELECT s.email, e.signup_id AS earlier, e.state AS earlier_state FROM arsignup.get_signup_token(%s) s
        LEFT JOIN arsignup.get_signup_token(%s) e
            ON e.signup_id <> s.signup_id AND arsignup.normalize_email(e.email) = arsignup.normalize_email(s.email)""",
        token, earlier_token,
    )
    return rows[0] if rows else None


def keep_token(token):
    """Move a token from the address into a cookie."""
    return redirect("/pay", **{"Set-Cookie": f"signup={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400"})


def receive_signup(shop):
    """Answer GET /signup?token=utk_...: the signup handler. Anybody can send a link, with a signup of their own in it and somebody
    else's email: so it ends nothing that was begun here, and asks."""
    token = only_token(parse_qs(shop.url.query).get("token", [""])[0])
    found = find_signups(token, shop.token)
    if not found:
        return nobody()
    if not found.earlier:
        return keep_token(token)
    return redirect("/return") if found.earlier_state == "redeemed" else ask_which(token, found.email)


def ask_which(token, email):
    """Ask which of two signups is to go on. The form tells by whom it was sent, which no-referrer would keep it from in older
    browsers."""
    status, headers, body = page("which", "You have begun before", f"""<p>You have begun to sign up with {html.escape(email)} before.
Go on with what you have just filled in, or with the earlier one? If you have not just filled in a form, take the earlier one.</p>
<form method="post" action="/signup"><input type="hidden" name="token" value="{html.escape(token)}">
<button>Go on with what I have just filled in</button></form><p><a href="/pay">Go on with the earlier one</a></p>""")
    return status, {**headers, "Referrer-Policy": "same-origin"}, body


def is_ours(headers):
    """Tell whether a form comes from a page of ours. Where there is a proxy, it passes Host on."""
    site, origin, host = (headers[name] for name in ("Sec-Fetch-Site", "Origin", "Host"))
    return site == "same-origin" if site else origin in (f"https://{host}", f"http://{host}")


def replace_signup(shop):
    """Answer POST /signup: the new one. Give up the earlier one of the same person in this browser."""
    body = shop.rfile.read(int(shop.headers["Content-Length"] or 0)).decode("ascii", "replace")
    if not is_ours(shop.headers):
        return page("foreign", "That came from another site", '<p><a href="/pay">Go on where you were</a></p>', 403)
    token = only_token(parse_qs(body).get("token", [""])[0])
    found = find_signups(token, shop.token)
    if not found:
        return nobody()
    if found.earlier:
        open_ones = "SELECT * FROM payments WHERE signup_id = %s AND state <> 'closed'"
        for payment in query(open_ones, found.earlier):
            if close_payment(payment) != "closed":
                return redirect("/return")  # it is paid, or about to be
        try:
            open_payment(token, replaces=found.earlier)
        except psycopg.Error as error:
            return refused(error)
    return keep_token(token)


def pay(shop):
    """Answer GET /pay: the payment page."""
    signup = signup_of(shop.token)
    if not signup:
        return nobody()
    if signup.state == "redeemed":
        return redirect("/return")
    try:
        payment = open_payment(shop.token)
    except psycopg.Error as error:
        return refused(error)
    intent = open_intent(payment)
    if intent.status == "canceled":
        settle(intent.id)
        return redirect("/pay")
    if intent.status in ("requires_capture", "succeeded"):
        return redirect("/return")
    whose = html.escape(", ".join(filter(None, [signup.email, signup.org_name])))
    return page("pay", "One more step: 49.00", f"""<p>For the account of {whose}</p><form id="payment"
data-key="{html.escape(os.environ["STRIPE_PUBLISHABLE_KEY"])}" data-client-secret="{html.escape(intent.client_secret)}">
<div id="card"></div><p id="message" role="alert"></p><button>Pay</button></form>
<script src="https://js.stripe.com/v3/"></script><script src="/pay.js"></script>""")


def show_outcome(shop):
    """Answer GET /return: where Stripe sends the person. The webhook may have been faster, or be hours late: both do the same."""
    signup = signup_of(shop.token)
    if not signup:
        return nobody()
    payments = query("SELECT * FROM payments WHERE signup_id = %s ORDER BY id DESC LIMIT 1", signup.signup_id)
    if not payments or not payments[0].intent:
        return welcome() if signup.state == "redeemed" else redirect("/pay")
    state = settle(payments[0].intent)
    if state in ("committed", "paid"):
        return welcome()
    if state == "unpaid":
        return page("unpaid", "Your bank took it back", "<p>Please write to us.</p>", 402)
    if state in ("void", "closed"):
        return page("late", "This took too long", "<p>Nothing was charged. Please sign up again.</p>", 410)
    return page("declined", "Not paid", '<p>Nothing was charged. <a href="/pay">Try again</a></p>', 402)


def receive_webhook(shop):
    """Answer POST /webhook: Stripe tells. Anything but 200 means: again, later."""
    body = shop.rfile.read(int(shop.headers["Content-Length"]))
    try:
        event = stripe.Webhook.construct_event(body, shop.headers["Stripe-Signature"], os.environ["STRIPE_WEBHOOK_SECRET"])
    except Exception as error:  # unsigned, wrongly signed, old, or no JSON
        return 400, {}, str(error)
    if event.type.startswith("payment_intent.") and not query("SELECT 1 FROM webhook_events WHERE id = %s", event.id):
        settle(event.data.object.id, event.id)
    return 200, {}, ""


def show_script(_):
    """Answer GET /pay.js."""
    return 200, {"Content-Type": "text/javascript"}, PAY_SCRIPT.decode()


ROUTES = {
    "GET /signup": receive_signup,
    "POST /signup": replace_signup,
    "GET /pay": pay,
    "GET /return": show_outcome,
    "GET /pay.js": show_script,
    "POST /webhook": receive_webhook,
}


class Shop(BaseHTTPRequestHandler):
    """A request."""

    def answer(self):
        """Answer it."""
        self.url = urlsplit(self.path)
        cookie = SimpleCookie(self.headers["Cookie"]).get("signup")
        self.token = only_token(cookie.value if cookie else None)
        route = ROUTES.get(f"{self.command} {self.url.path}", lambda _: page("unknown", "There is no such page", status=404))
        try:
            status, headers, body = route(self)
        except Exception as error:
            complain(error)
            again = "<p>Please reload. You are never charged twice.</p>"
            status, headers, body = page("error", "Something went wrong", again, 503)
        self.send_response(status)
        for name, value in {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = answer

    def log_message(self, *_):
        """Log nothing: addresses have tokens."""


if __name__ == "__main__":
    threading.Thread(target=sweep_again, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Shop).serve_forever()
