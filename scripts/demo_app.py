#!/usr/bin/env python3
"""The demo's application: shows what its handlers receive, and charges for a signup, or fails to.

usage: demo_app.py PORT BASE_URL, with the settings of a libpq client that is to be used in the environment

It stands for an application of yours. What it does with arsignup is the SQL below, run by psql as the role demo_app.
"""

import html
import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

VERIFY = "SELECT arsignup.verify_login_token(:'token');"

READ = "SELECT to_jsonb(t) FROM arsignup.get_signup_token(:'token') t;"

# While somebody looks for their card, nobody else can have their names.
HOLD = "SELECT to_jsonb(h) FROM arsignup.hold_signup_token(:'token', '30 minutes') h;"

# The same statements, whether the charge succeeds or not: only the last one tells.
CHARGE = """\
BEGIN;
INSERT INTO payments (signup_email, amount_cents)
SELECT email, 4900 FROM arsignup.get_signup_token(:'token')
RETURNING id AS payment_id \\gset
SELECT user_id, org_id FROM arsignup.redeem_signup_token(:'token', with_org => true) \\gset
INSERT INTO subscriptions (user_id, org_id, payment_id) VALUES (:'user_id', :'org_id', :payment_id);
"""

OUTCOMES = {
    "succeeds": CHARGE + "COMMIT;\n",
    "declined": CHARGE + "-- the charge is declined\nROLLBACK;\n",
}

LEFT = """\
SELECT json_build_object(
    'payments', (SELECT count(*) FROM payments WHERE signup_email = t.email),
    'subscriptions', (SELECT count(*) FROM subscriptions WHERE user_id = t.user_id),
    'users', (SELECT count(*) FROM arsignup.users WHERE email = t.email AND state <> 'held'),
    'memberships', (SELECT count(*) FROM arsignup.memberships WHERE user_id = t.user_id),
    'signup token', t.state)
FROM arsignup.get_signup_token(:'token') t;
"""

STYLE = """\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 2rem 1rem; max-width: 44rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .25rem 1rem .25rem 0; vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; }
pre { padding: 1rem; overflow-x: auto; border: 1px solid #8888; border-radius: .5rem; font-size: .85rem; }
button { font: inherit; padding: .5rem 1rem; margin: 0 .5rem .5rem 0; cursor: pointer; }
a { display: inline-block; padding: .25rem 0; }
"""

APPS = {"users": "a user", "orgs": "a user with an org", "tokens": "a signup token"}


class Refused(Exception):
    """What the database said no to: the SQLSTATE, and its words."""

    def __init__(self, said):
        found = re.search(r"(?:ERROR|FATAL): +(\w{5}):", said)
        self.sqlstate = found[1] if found else None
        super().__init__("\n".join(line for line in said.strip().splitlines() if not line.startswith("LOCATION")))


def is_token(text):
    """Tell a signup token, which only the person has, from a signup's id, which is no secret."""
    return text.startswith("utk_")


def run(statements, token):
    """Run statements in psql, with the token as a variable that no command line shows; return what they print."""
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose"],
        input="\\getenv token TOKEN\n" + statements,
        env={**os.environ, "TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout.strip()


def run_once(statements, token):
    """Run statements that redeem the token; wait for another transaction that does so. True if the other one has."""
    while True:
        try:
            run(statements, token)
            return False
        except Refused as refusal:
            if refusal.sqlstate != "SU012":  # whatever went wrong, at COMMIT too: the token knows
                found = ask(READ, token)
                if found and found["state"] == "redeemed":
                    return True
                raise


def ask(statement, token):
    """Return the JSON that a statement gives, or None."""
    answer = run(statement, token)
    return json.loads(answer) if answer else None


def table(rows):
    """Render names and values."""
    cells = "\n".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(shown(value))}</td></tr>'
        for name, value in rows.items()
    )
    return f"<table>{cells}</table>"


def shown(value):
    """Render a value of JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def page(title, body):
    """Render a page."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>{html.escape(title)}</h1>
{body}
</main>
</body>
</html>
"""


class Application(BaseHTTPRequestHandler):
    """Where people come from the hosted pages."""

    pages = ""  # their address

    def do_GET(self):
        """Answer the handlers, and the front page."""
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        token = query.get("token", [""])[0]
        if url.path == "/style.css":
            self.answer(200, STYLE, "text/css")
        elif url.path == "/":
            self.front_page()
        elif url.path == "/login":
            self.logged_in(token, "signup" in query)
        elif url.path == "/signup":
            self.signed_up(token)
        else:
            self.answer(404, page("There is no such page", ""))

    def do_POST(self):
        """Answer the buttons."""
        form = parse_qs(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 10000)).decode("ascii", "replace"))
        outcome = form.get("charge", [""])[0]
        token = form.get("token", [""])[0]
        if self.path == "/charge" and outcome in OUTCOMES and is_token(token):
            self.charge(token, outcome)
        else:
            self.answer(404, page("There is no such page", ""))

    def front_page(self):
        """Link to the hosted pages of the three apps."""
        links = "".join(
            f"<p>Sign up for {what}: "
            f'<a href="{self.pages}/{slug}/signup">{self.pages}/{slug}/signup</a><br>'
            f'and then log in: <a href="{self.pages}/{slug}/login">{self.pages}/{slug}/login</a></p>'
            for slug, what in APPS.items()
        )
        self.answer(200, page("The demo's application", links))

    def logged_in(self, token, is_signup):
        """Show who comes with a login token."""
        claims = ask(VERIFY, token)
        if claims is None:
            self.answer(403, page("Nobody is logged in", "<p>The login token is not, or no longer, good.</p>"))
            return
        who = f"<p>The login handler received a token and verified it, by <code>arsignup.verify_login_token</code>.</p>{table(claims)}"
        self.answer(200, page("Welcome" if is_signup else "Welcome back", who))

    def signed_up(self, token):
        """Hold the names of a signup, show it, and offer to charge for it."""
        nobody = page("Nobody has signed up", "<p>There is no such signup token.</p>")
        if not is_token(token):
            self.answer(403, nobody)
            return
        try:
            ask(HOLD, token)
        except Refused as refusal:
            if refusal.sqlstate == "SU003":
                self.answer(403, nobody)
                return
            if refusal.sqlstate != "SU005":
                self.answer(409, page("Nothing to pay for", f"<p>Nothing was charged.</p><pre>{html.escape(str(refusal))}</pre>"))
                return
        found = ask(READ, token)
        if found["state"] == "redeemed":
            self.paid(token, "<p>It was paid before.</p>")
            return
        body = (
            "<p>The signup handler received a token, and holds its names. No user exists yet: payment, user, org and "
            "subscription will be committed together, or not at all.</p>"
            + table({name: value for name, value in found.items() if value not in (None, {})})
            + self.buttons(token)
        )
        self.answer(200, page("One more step: 49.00", body))

    def charge(self, token, outcome):
        """Charge, and show what there is afterwards; a second click is answered as the first one was."""
        ran = f"<p>What ran, in one transaction:</p><pre>{html.escape(OUTCOMES[outcome])}</pre>"
        try:
            was_paid = run_once(OUTCOMES[outcome], token)
        except Refused as refusal:
            self.show_left(409, "Refused", ran + f"<pre>{html.escape(str(refusal))}</pre>", token)
            return
        if was_paid:
            self.paid(token, "<p>It was paid before; nothing is charged twice.</p>")
        elif outcome == "succeeds":
            self.paid(token, ran)
        else:
            self.show_left(402, "The charge was declined", ran, token)

    def paid(self, token, told):
        """Answer who has paid."""
        self.show_left(200, "Paid and signed up", told, token)

    def show_left(self, status, title, told, token):
        """Show what there is, with the buttons if it is not paid."""
        left = ask(LEFT, token)
        body = (
            told
            + ("<p>What there is now:</p>" + table(left) if left else "")
            + (self.buttons(token) if left and left["signup token"] in ("pending", "held") else "")
            + f'<p><a href="{self.pages}/tokens/login">Log in</a></p>'
        )
        self.answer(status, page(title, body))

    def buttons(self, token):
        """Render what the person may choose."""
        return (
            '<form method="post" action="/charge">'
            f'<input type="hidden" name="token" value="{html.escape(token)}">'
            '<button name="charge" value="succeeds">Charge succeeds</button>'
            '<button name="charge" value="declined">Charge is declined</button>'
            "</form>"
        )

    def answer(self, status, text, media_type="text/html"):
        """Send an answer; the token is in the address, so that nobody else may learn it."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{media_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Log nothing: addresses have tokens."""


def main():
    """Serve on the loopback until ended."""
    port, Application.pages = int(sys.argv[1]), html.escape(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", port), Application).serve_forever()


main()
