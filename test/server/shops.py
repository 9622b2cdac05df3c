"""People check out at a shop of examples/, which is killed between any two steps, and cut off at COMMIT: then the books must balance.

usage: shops.py EXAMPLE CHECKOUTS SEED DIRECTORY COMMAND..., with the cluster in the environment, and APP the connected app

EXAMPLE is node or python. The seed says what each person does, and how often something breaks; not which thread is faster.
"""
import atexit
import collections
import copy
import html
import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
from payments import Stripe

EXAMPLE, CHECKOUTS, SEED, DIRECTORY, *COMMAND = sys.argv[1:]
CHECKOUTS = int(CHECKOUTS)
HASH = "$argon2id$v=19$m=19456,t=2,p=1$aXNvbGF0aW9uLXNhbHQtMQ$YSB0YWcgb2YgdGhpcnR5LXR3byBieXRlcywgYSB0YWc"
WEBHOOK_SECRET = "whsec_of_the_tests"
ORG_NAME = "Byron & <Daughters>"
OWN_FORM = {"Sec-Fetch-Site": "same-origin"}  # as browsers of today say of a form of the page's own site
PATIENCE = 60
STEPS = {"node": 700, "python": 2500}[EXAMPLE]  # from one kill to the next: what goes to the database or to Stripe, or comes from there


class Ticks:
    """Something that happens at a random one of the steps that are told of, now and then, until it is stopped."""

    def __init__(self, name, every, action):
        self.random, self.every, self.action = random.Random(f"{SEED} {name}"), every, action
        self.lock, self.left, self.happened = threading.Lock(), 0, 0
        self.stopped = False
        self.left = self.random.randrange(1, 2 * every)

    def __call__(self):
        with self.lock:
            if self.stopped:
                return False
            self.left -= 1
            if self.left > 0:
                return False
            self.left = self.random.randrange(1, 2 * self.every)
            self.happened += 1
        self.action()
        return True


class Shop:
    """The example, which is killed and comes back."""

    def __init__(self, stripe, database_port):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.environment = {
            **os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(database_port), "PGUSER": "shop", "PORT": str(self.port),
            "PGSSLMODE": "disable", "STRIPE_API": stripe.address, "STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1",
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET, "LOGIN_URL": "https://auth.example.com/login", "SWEEP_SECONDS": "0.5",
        }
        self.log = open(f"{DIRECTORY}/shop.log", "ab")
        self.process = None
        self.lock = threading.Lock()

    def start(self):
        """Start it, unless it runs."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(COMMAND, env=self.environment, stdout=self.log, stderr=self.log)

    def kill(self):
        """Kill it as a power cut would, and start it again."""
        with self.lock:
            if self.process is None:
                return
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = subprocess.Popen(COMMAND, env=self.environment, stdout=self.log, stderr=self.log)

    def end(self):
        """End it for good."""
        with self.lock:
            self.process.kill()
            self.process.wait()


class Proxy:
    """A way to the database that breaks at COMMIT now and then: before it has arrived, or before the answer has."""

    def __init__(self, tick, cut):
        self.tick, self.cut = tick, cut
        self.random = random.Random(f"{SEED} proxy")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        """Take connections."""
        while True:
            client, _ = self.listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{os.environ['PGHOST']}/.s.PGSQL.{os.environ['PGPORT']}")
            is_cut = threading.Event()
            for ends in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.carry, args=(*ends, is_cut), daemon=True).start()

    def carry(self, source, target, is_question, is_cut):
        """Carry what comes from one end to the other, until either ends, or the connection is cut."""
        try:
            while chunk := source.recv(65536):
                self.tick()
                if is_question and b"COMMIT" in chunk and self.cut():
                    if self.random.random() < 0.5:
                        break
                    is_cut.set()  # it is committed, and nobody hears of it
                elif not is_question and is_cut.is_set():
                    break
                target.sendall(chunk)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()


class Person:
    """Somebody with a browser: follows redirects, keeps the cookie, and reloads when something breaks."""

    def __init__(self, world, number, name):
        self.world, self.random = world, random.Random(f"{SEED} {number}")
        self.email = f"{name}{number}@example.com"
        self.cookie = None
        self.signups = []
        self.token = self.mint()

    def mint(self):
        """Fill in the hosted form."""
        token = self.world.value("SELECT arsignup.mint_signup_token(%s, %s, org_name => %s, password_hash => %s)", os.environ["APP"], self.email, ORG_NAME, HASH)
        self.signups.append(self.world.value("SELECT signup_id FROM arsignup.get_signup_token(%s)", token))
        self.token = token
        return token

    def ask(self, path, form=None, headers=None):
        """Ask for a page, or send a form; return status, where to go from there, and body; None if there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.world.shop.port, timeout=30)
        try:
            cookie = {"Cookie": f"signup={self.cookie}"} if self.cookie else {}
            connection.request("GET" if form is None else "POST", path, form, {**cookie, **(headers or {})})
            response = connection.getresponse()
            body = response.read().decode()
            if cookie := re.match("signup=([^;]*)", response.getheader("Set-Cookie") or ""):
                self.cookie = cookie[1]
            return response.status, response.getheader("Location"), body
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def visit(self, path, form=None, headers=None):
        """Go to a page, or send a form, through redirects, as often as it takes; return its state, and keep its body."""
        deadline = time.monotonic() + PATIENCE
        address = path
        while time.monotonic() < deadline:
            answer = self.ask(address, form, headers)
            if answer and answer[1]:
                address, form, headers = answer[1], None, None
                continue
            if answer and answer[0] != 503:
                self.page = answer[2]
                return re.search('data-state="([a-z]*)"', self.page)[1]
            self.world.pause()
        raise TimeoutError(f"{path.split('?')[0]} of {self.email}: {answer}")

    def come(self):
        """Come from the hosted page with a token."""
        return self.visit(f"/signup?token={self.token}")

    def take_the_new_one(self):
        """Press the button of the page that asks which signup is to go on."""
        token = re.search('name="token" value="([^"]*)"', self.page)[1]
        return self.visit("/signup", f"token={token}", OWN_FORM)

    def pay(self, card="good"):
        """Pay on the page that is open; return the status, and what is wrong."""
        return self.world.stripe.confirm(re.search('data-client-secret="([^"]*)"', self.page)[1], card)

    def come_back(self):
        """Return from the bank, and wait for as long as the page says so."""
        deadline = time.monotonic() + PATIENCE
        while (state := self.visit("/return")) == "wait" and time.monotonic() < deadline:
            self.world.pause()
        return state


class World:
    """All that there is: a shop, a bank, a database, and people."""

    def __init__(self):
        self.killer = Ticks("killer", STEPS, self.kill)
        self.cut = Ticks("cut", 25, lambda: None)
        self.stripe = Stripe(SEED, WEBHOOK_SECRET, self.killer)
        self.proxy = Proxy(self.killer, self.cut)
        self.shop = Shop(self.stripe, self.proxy.port)
        self.stripe.shop_port = self.shop.port
        self.local = threading.local()
        self.told = []

    def kill(self):
        """Kill the shop from a thread that it does not wait for."""
        threading.Thread(target=self.shop.kill, daemon=True).start()

    def pause(self):
        """Give others their turn, before one looks again."""
        time.sleep(0.03)

    def rows(self, statement, *values):
        """Ask the database, as a superuser and past the proxy."""
        if not hasattr(self.local, "sql"):
            self.local.sql = psycopg.connect(autocommit=True)
        cursor = self.local.sql.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def value(self, statement, *values):
        """Ask for a single value."""
        return self.rows(statement, *values)[0][0]

    def wait_for(self, what, condition):
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            self.pause()

    def let_hold_lapse(self, signup_id, page_too=False):
        """Let time go by until the hold is over, and, if so said, until the payment page closes."""
        self.rows(
            "UPDATE arsignup.users SET held_until = now() - interval '1 second' WHERE state = 'held' AND id = "
            "(SELECT user_id FROM arsignup.get_signup_token(%s))", signup_id)
        if page_too:
            self.rows("UPDATE shop.payments SET closes_at = now() - interval '5 minutes' WHERE signup_id = %s", signup_id)

    def payment_state(self, signup_id):
        """Return the state of the latest payment of a signup."""
        rows = self.rows("SELECT state FROM shop.payments WHERE signup_id = %s ORDER BY id DESC LIMIT 1", signup_id)
        return rows[0][0] if rows else None


# ---- what people do: each returns nothing, or what went wrong ----


def pays(person):
    """Reads whose account it is, and pays at once."""
    assert person.come() == "pay", person.page
    assert f"{person.email}, {ORG_NAME}<" in html.unescape(person.page) and ORG_NAME not in person.page, person.page
    assert person.pay()[1] is None
    assert person.come_back() == "welcome", person.page


def is_told_twice(person):
    """As before; every webhook comes twice, at the same time."""
    person.plan(events="twice")
    pays(person)


def is_never_told_of(person):
    """As before; no webhook ever comes."""
    person.plan(events="never")
    pays(person)


def closes_the_tab(person):
    """Pays, and is never seen again: the webhook alone tells."""
    assert person.come() == "pay", person.page
    assert person.pay()[1] is None
    person.world.wait_for("an account", lambda: person.world.payment_state(person.signups[-1]) == "paid")


def waits_for_the_webhook(person):
    """Comes back after the webhook."""
    closes_the_tab(person)
    assert person.come_back() == "welcome", person.page


def is_declined_first(person):
    """Has a second card."""
    assert person.come() == "pay", person.page
    assert person.pay("declined")[1] == "card_declined"
    assert person.visit("/return") == "declined", person.page
    assert person.visit("/pay") == "pay", person.page
    assert person.pay()[1] is None
    assert person.come_back() == "welcome", person.page


def is_declined(person):
    """Has no other card."""
    assert person.come() == "pay", person.page
    assert person.pay("declined")[1] == "card_declined"
    assert person.visit("/return") == "declined", person.page


def abandons(person):
    """Looks at the price and goes; when the page has closed, nobody can pay there any more, and the names are free."""
    assert person.come() == "pay", person.page
    person.world.let_hold_lapse(person.signups[-1], page_too=True)
    person.world.wait_for("the page to close", lambda: person.world.payment_state(person.signups[-1]) == "closed")
    assert person.pay()[1] == "payment_intent_unexpected_state"
    person.world.value("SELECT arsignup.create_user(realm_id, %s) FROM arsignup.connected_apps WHERE id = %s", person.email, os.environ["APP"])
    person.expects_account = False


def comes_back_tomorrow(person):
    """Abandons, comes back with the same token, and pays."""
    assert person.come() == "pay", person.page
    person.world.let_hold_lapse(person.signups[-1], page_too=True)
    person.world.wait_for("the page to close", lambda: person.world.payment_state(person.signups[-1]) == "closed")
    pays(person)


def pays_hours_before_it_is_told(person):
    """Closes the tab; the webhook comes when the hold is long over, but the names are still free."""
    person.plan(events="withheld")
    assert person.come() == "pay", person.page
    assert person.pay()[1] is None
    person.world.let_hold_lapse(person.signups[-1])
    person.world.stripe.release(person.signups[-1])
    person.world.wait_for("an account", lambda: person.world.payment_state(person.signups[-1]) == "paid")


def loses_the_name(person):
    """As before, but somebody else has the names by then: the money comes back, or is never taken."""
    person.plan(events="withheld")
    assert person.come() == "pay", person.page
    assert person.pay()[1] is None
    person.world.let_hold_lapse(person.signups[-1])
    person.world.value("SELECT arsignup.create_user(realm_id, %s) FROM arsignup.connected_apps WHERE id = %s", person.email, os.environ["APP"])
    person.world.stripe.release(person.signups[-1])
    person.world.wait_for("the money", lambda: person.world.payment_state(person.signups[-1]) in ("refunded", "closed"))
    assert person.come_back() in ("refund", "late"), person.page
    person.expects_account = False


def loses_the_app(person):
    """As before, but the app by which they came is gone."""
    person.plan(events="withheld")
    app = person.world.value(
        """INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler) SELECT realm_id, name, %s, login_handler
        FROM arsignup.connected_apps WHERE id = %s RETURNING id""", person.email.split("@")[0], os.environ["APP"])
    person.world.rows("UPDATE arsignup.signup_tokens SET connected_app_id = %s WHERE email = %s", app, person.email)
    assert person.come() == "pay", person.page
    assert person.pay()[1] is None
    person.world.rows("DELETE FROM arsignup.connected_apps WHERE id = %s", app)
    person.world.stripe.release(person.signups[-1])
    person.world.wait_for("the money", lambda: person.world.payment_state(person.signups[-1]) in ("refunded", "closed"))
    assert person.come_back() in ("refund", "late"), person.page


def has_two_tabs(person):
    """Comes in two tabs at the same time, and pays in both."""
    tabs = (person, copy.copy(person))
    with ThreadPoolExecutor(2) as both:
        assert list(both.map(Person.come, tabs)) == ["pay", "pay"], person.page
        assert [wrong for _, wrong in both.map(Person.pay, tabs)].count(None) == 1
        assert set(both.map(Person.come_back, tabs)) == {"welcome"}, person.page


def signs_up_anew(person):
    """Abandons, fills in the form again, says so, and pays; the first page is still open in another tab."""
    assert person.come() == "pay", person.page
    first_page = person.page
    person.mint()
    assert person.come() == "which", person.page
    assert person.take_the_new_one() == "pay", person.page
    assert person.page != first_page
    assert person.pay()[1] is None
    assert person.come_back() == "welcome", person.page
    person.page = first_page
    assert person.pay()[1] == "payment_intent_unexpected_state"


def signs_up_anew_after_paying(person):
    """Pays, does not believe it, and fills in the form again before anybody has told."""
    person.plan(events="withheld")
    assert person.come() == "pay", person.page
    assert person.pay()[1] is None
    person.mint()
    assert person.come() == "which", person.page
    assert person.take_the_new_one() in ("welcome", "wait"), person.page
    assert person.come_back() == "welcome", person.page
    assert person.come() == "welcome", person.page
    person.world.stripe.release(person.signups[0])


def has_a_rival(person):
    """Somebody else wants the same email at the same time: one of them is told so before anything is charged."""
    rival = Person(person.world, f"{person.email.split('@')[0]}", "")
    people = (person, rival)
    with ThreadPoolExecutor(2) as both:
        states = list(both.map(lambda one: one.come(), people))
    assert sorted(states) == ["pay", "taken"], states
    winner = people[states.index("pay")]
    assert winner.pay()[1] is None
    assert winner.come_back() == "welcome", winner.page
    person.signups += rival.signups


def has_a_slow_bank(person):
    """The money takes days; meanwhile the hold goes on."""
    assert person.come() == "pay", person.page
    status, wrong = person.pay("slow")
    assert wrong is None
    if status == "processing":
        assert person.visit("/return") == "wait", person.page
        held = "SELECT held_until > now() + interval '9 days' FROM arsignup.get_signup_token(%s)"
        person.world.wait_for("a longer hold", lambda: person.world.value(held, person.signups[-1]))
        person.world.stripe.clear(person.signups[-1], True)
    assert person.come_back() == "welcome", person.page


def has_a_bank_that_fails(person):
    """The bank changes its mind."""
    person.plan(capture="refused")
    assert person.come() == "pay", person.page
    status, wrong = person.pay("slow")
    assert wrong is None
    if status == "processing":
        assert person.visit("/return") == "wait", person.page
        person.world.stripe.clear(person.signups[-1], False)
        assert person.come_back() == "declined", person.page
    else:
        assert person.come_back() in ("unpaid", "welcome"), person.page
        person.world.wait_for("the end", lambda: person.world.payment_state(person.signups[-1]) == "unpaid")


def goes_on_with_the_earlier_one(person):
    """Fills in the form again, and pays on the page of the first time."""
    assert person.come() == "pay", person.page
    first_page = person.page
    person.mint()
    assert person.come() == "which", person.page
    assert person.visit("/pay") == "pay" and person.page == first_page, person.page
    assert person.pay()[1] is None
    assert person.come_back() == "welcome", person.page
    assert person.world.payment_state(person.signups[1]) is None


def is_let_in(person):
    """Is given an account by an administrator, before anything was paid."""
    user = person.world.value("SELECT user_id FROM arsignup.redeem_signup_token(%s)", person.signups[0])
    assert person.come() == "welcome", person.page
    person.world.value("SELECT arsignup.update_user(realm_id, id, state => 'inactive') FROM arsignup.users WHERE id = %s", user)


STORIES = [
    pays, is_told_twice, is_never_told_of, closes_the_tab, waits_for_the_webhook, is_declined_first, is_declined, abandons,
    comes_back_tomorrow, pays_hours_before_it_is_told, loses_the_name, loses_the_app, has_two_tabs, signs_up_anew, signs_up_anew_after_paying,
    goes_on_with_the_earlier_one, has_a_rival, has_a_slow_bank, has_a_bank_that_fails, is_let_in,
]


# ---- the run ----


def check_out(world, number):
    """Let a person live their story; return its name and what went wrong."""
    story = STORIES[number % len(STORIES)]
    person = None
    try:
        person = Person(world, number, "p")
        person.plan = lambda **plan: world.stripe.plans.setdefault(person.signups[-1], {}).update(plan)
        story(person)
        return None
    except Exception as error:
        page = " ".join(re.sub("<[^>]*>", " ", getattr(person, "page", "")).split())
        return f"{number} {story.__name__}: {type(error).__name__} {error} at line {error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else '?'}; {page[:200]}"


def settle_everything(world):
    """Let time go by until nothing is open: every page has closed, every webhook has come."""
    world.killer.stopped = world.cut.stopped = True
    for signup_id in {whose for whose, _ in world.stripe.withheld}:
        world.stripe.release(signup_id)
    world.rows("UPDATE shop.payments SET closes_at = now() - interval '1 minute' WHERE state = 'open'")
    unsettled = "SELECT count(*) FROM shop.payments WHERE state NOT IN ('paid', 'closed', 'refunded', 'unpaid')"
    world.wait_for("the books to close", lambda: world.value(unsettled) == 0)
    world.wait_for("the last webhook", world.stripe.is_quiet)


def books(world):
    """Compare what Stripe has with what the shop and arsignup have; return what does not fit."""
    kept = collections.Counter(
        intent["metadata"]["signup_id"] for intent in world.stripe.intents.values() if intent["amount_received"] > intent["refunded"])
    users = collections.Counter(row[0] for row in world.rows(
        """SELECT p.signup_id FROM shop.subscriptions s JOIN shop.payments p ON p.id = s.payment_id AND p.user_id = s.user_id
        JOIN arsignup.users u ON u.id = s.user_id AND u.state = 'active' WHERE p.state = 'paid'"""))
    by_person = world.rows(
        """SELECT t.email, count(*) FROM shop.payments p, LATERAL arsignup.get_signup_token(p.signup_id) t
        WHERE p.state = 'paid' GROUP BY t.email HAVING count(*) > 1""")
    states = {"paid": ("succeeded", False), "refunded": ("succeeded", True), "closed": ("canceled", False), "unpaid": ("canceled", False)}
    differing = [
        (intent, state) for intent, state in world.rows("SELECT intent, state FROM shop.payments WHERE intent IS NOT NULL")
        if states.get(state) != (world.stripe.intents[intent]["status"], bool(world.stripe.intents[intent]["refunded"]))]
    accounts = world.rows(
        """SELECT u.email FROM arsignup.users u, LATERAL (SELECT FROM arsignup.signup_tokens t WHERE t.user_id = u.id AND t.redeemed_at
        IS NOT NULL) t WHERE u.state = 'active' AND NOT EXISTS (SELECT FROM shop.subscriptions s WHERE s.user_id = u.id)""")
    return kept, users, by_person, differing, accounts


def report(what, passed, detail=""):
    """Print a test."""
    print(f"{'ok' if passed else 'not ok'} - {EXAMPLE}: {what}")
    if not passed:
        print("\n".join(f"# {line}" for line in str(detail).splitlines()))


def is_up(world):
    """Tell whether the shop answers."""
    return Person.ask(type("Nobody", (), {"world": world, "cookie": None}), "/nowhere") is not None


def know_an_id(world):
    """Let somebody pay whose signup's id a stranger has read; return what the stranger is shown, and what becomes of the payment."""
    person, stranger = Person(world, "id", "p"), Person(world, "id", "p")
    person.come()
    signup_id = person.signups[0]
    shown = [stranger.visit(f"/signup?token={signup_id}")]
    stranger.cookie = signup_id
    shown += [stranger.visit("/pay"), stranger.visit("/return"), stranger.come()]
    return [*shown, world.payment_state(signup_id)]


def open_a_link(world):
    """Let somebody who is about to pay open a link with a stranger's signup in it, for their own email; return what they are shown,
    and what has become of their payment and of their hold, after the link, after forms that are not the shop's, and after one that is."""
    person = Person(world, "link", "p")
    person.come()
    person.mint()
    host = f"127.0.0.1:{world.shop.port}"
    is_held = "SELECT held_until > now() FROM arsignup.get_signup_token(%s)"

    def left():
        return world.payment_state(person.signups[0]), world.value(is_held, person.signups[0])

    seen = [person.come(), *left()]
    for headers in ({"Sec-Fetch-Site": "cross-site", "Origin": f"http://{host}"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        seen.append(person.visit("/signup", f"token={person.token}", headers))
    return [*seen, *left(), person.visit("/signup", f"token={person.token}", {"Origin": f"http://{host}"}), *left()]


def main():
    """Run it all."""
    world = World()
    world.killer.stopped = True
    atexit.register(world.shop.end)  # whatever goes wrong
    world.shop.start()
    world.wait_for("the shop", lambda: is_up(world))
    forged = [world.stripe.post("{}", signature) for signature in
              ("", "t=1,v1=00", world.stripe.sign("{ }"), world.stripe.sign("{}", int(time.time()) - 3600))]
    report("webhooks that are not signed, or of long ago, are refused", forged == [400] * 4, forged)
    strange = know_an_id(world)
    report("who knows a signup's id is nobody, and ends nobody's checkout", strange == ["unknown"] * 3 + ["taken", "open"], strange)
    seen = open_a_link(world)
    expected = ["which", "open", True, *["foreign"] * 4, "open", True, "pay", "closed", None]
    report("a link with somebody else's signup, and another site's form, end nobody's checkout", seen == expected, seen)
    world.killer.stopped = False
    began = time.monotonic()
    with ThreadPoolExecutor(12) as crowd:
        wrong = [said for said in crowd.map(lambda number: check_out(world, number), range(CHECKOUTS)) if said]
    report(f"{CHECKOUTS} people see what is so, seed {SEED}", not wrong, "\n".join(wrong))
    try:
        settle_everything(world)
        left = None
    except TimeoutError as error:
        left = error
    report("nothing stays open", left is None, f"waited in vain for {left}: " + str(world.rows("SELECT * FROM shop.payments WHERE state NOT IN ('paid', 'closed', 'refunded', 'unpaid')")))
    kept, users, by_person, differing, accounts = books(world)
    report("payments are active users with a subscription", kept == users and len(kept) > 0, f"charged without: {kept - users}, uncharged: {users - kept}")
    report("nobody has paid twice", not by_person and max(kept.values(), default=0) == 1, by_person)
    report("the shop's books are Stripe's", not differing, differing)
    report("there is no account without a subscription", not accounts, accounts)
    counts = {**world.stripe.counts, "kills": world.killer.happened, "cuts at COMMIT": world.cut.happened}
    report("it was not an easy time", min(counts["kills"], counts["cuts at COMMIT"], counts["webhooks again"], counts["answers lost"]) > 0, counts)
    print(f"# {EXAMPLE}: seed {SEED}, {CHECKOUTS} checkouts in {time.monotonic() - began:.1f} s; {len(kept)} paid; " +
          ", ".join(f"{number} {what}" for what, number in counts.items()))


main()
