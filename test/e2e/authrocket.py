"""What the tests of AuthRocket 1's own client ask of a server, written from what they assert. Prints TAP."""
import time

import jwt

from wire import KEY, Client, equal, finish, ok, sql

GOOD, BETTER = "quick canary jumped over the moon", "how now brown canary!"
NO_ID = "0" * 22


class Realm:
    """What the client is while a test runs: it has made a realm, and names it in every call."""

    def __init__(self, rule, what):
        self.rule, self.what, self.id, self.made = rule, f"{rule}, {what}", None, 0
        # The one before is gone by now, and its name still in the header.
        self.name(Realm.last)
        self.realm = self.has("realm", self.ask("POST", "realms", {"realm": {"name": what, "username_validation_human": rule}}), 201, "create a realm")
        self.id = Realm.last = self.realm.get("id", "")
        ok(self.id.startswith("rl_"), f"{self.what}: its id", self.realm)
        self.name(self.id)

    last = f"rl_{NO_ID}"

    def name(self, realm):
        """Name a realm in the calls from now on."""
        self.client = Client(["accept-encoding: gzip", "content-type: application/json", "user-agent: AuthRocket/php v1.3.0",
                              f"x-authrocket-api-key: {KEY}", f"x-authrocket-realm: {realm}"], empty=b"")

    def ask(self, method, path, body=None):
        return self.client.ask(method, path, body)

    def has(self, resource, answer, status, what):
        """Report a test of an answer that is to be a resource; return it."""
        ok(answer.status == status and answer.json.get("object") == resource and "errors" not in answer.json, f"{self.what}: {what}", answer)
        return answer.json

    def listed(self, path, resource, count, what):
        """Report a test of how many a list has, and of what; return them."""
        answer = self.ask("GET", path)
        found = answer.json.get("collection", [])
        ok(answer.status == 200 and answer.json.get("more_results") is False and len(found) == count and all(f["object"] == resource for f in found), f"{self.what}: {what}", answer)
        return found

    def gone(self, method, path, what):
        """Report a test of a delete, or the like, which need not answer with anything."""
        answer = self.ask(method, path)
        ok(answer.status in (200, 204) and "errors" not in answer.json, f"{self.what}: {what}", answer)

    def refused(self, answer, status, sentence, what):
        """Report a test of what is refused, in a sentence that a client shows."""
        told = [s for sentences in answer.json.get("errors", {}).values() for s in sentences] or [answer.json.get("error", "")]
        ok(answer.status == status and any(sentence in s for s in told), f"{self.what}: {what}", answer)

    def user(self, **more):
        """Make a person whose username is their email."""
        self.made += 1
        email = f"user-{self.made}@example.com"
        answer = self.ask("POST", "users", {"user": {"user_type": "human", "username": email, "email": email, "password": GOOD, "first_name": "george", **more}})
        return self.has("user", answer, 201, f"create {email}")

    def org(self, name="default1"):
        return self.has("org", self.ask("POST", "orgs", {"org": {"name": name}}), 201, f"create the org {name}")

    def end(self):
        """Delete the realm."""
        self.gone("DELETE", f"realms/{self.id}", "delete the realm")
        equal(self.ask("GET", f"realms/{self.id}?state=active").status, 404, f"{self.what}: it is gone")


def users(realm):
    george, other = realm.user(), realm.user()
    realm.listed("users", "user", 2, "all users")
    equal(realm.has("user", realm.ask("GET", "users/user-1%40example.com"), 200, "find one by the username")["id"], george["id"], f"{realm.what}: the very one")
    equal((george["username"], george["email"], george["first_name"]), ("user-1@example.com", "user-1@example.com", "george"), f"{realm.what}: as it was made")
    robot = realm.has("user", realm.ask("POST", "users", {"user": {"user_type": "api"}}), 201, "create a program")
    ok(robot["id"].startswith("usr_") and isinstance(robot["api_key"], str), f"{realm.what}: with a key", robot)
    found = realm.has("user", realm.ask("POST", "users/authenticate_key", {"api_key": robot["api_key"]}), 200, "authenticate by the key")
    equal(found["id"], robot["id"], f"{realm.what}: the program")
    equal(realm.has("user", realm.ask("PUT", f"users/{george['id']}", {"user": {"first_name": "freddy"}}), 200, "update")["first_name"], "freddy", f"{realm.what}: the new name")

    equal(realm.ask("POST", f"users/{george['id']}/authenticate", {"password": "canary wrong"}).status, 401, f"{realm.what}: authenticate by a wrong password")
    ok(isinstance(realm.has("user", realm.ask("POST", f"users/{george['id']}/authenticate", {"password": GOOD}), 200, "by the right one").get("token"), str), f"{realm.what}: with a token")
    new = {"password": BETTER, "password_confirmation": BETTER}
    realm.refused(realm.ask("PUT", f"users/{george['id']}/update_password", {"user": {"current_password": "canary wrong", **new}}), 422, "Current password does not match", "another password, by a wrong one")
    realm.has("user", realm.ask("PUT", f"users/{george['id']}/update_password", {"user": {"current_password": GOOD, **new}}), 200, "by the right one")
    equal(realm.ask("POST", f"users/{george['id']}/authenticate", {"password": GOOD}).status, 401, f"{realm.what}: which is none any more")

    token = realm.has("user", realm.ask("POST", f"users/{george['id']}/request_email_verification"), 200, "ask for a verification").get("token")
    ok(isinstance(token, str), f"{realm.what}: with a token")
    equal(realm.has("user", realm.ask("POST", f"users/{george['id']}/verify_email", {"user": {"token": token}}), 200, "verify the email")["email_verification"], "verified", f"{realm.what}: it is")
    for path in (george["id"], "--"):
        token = realm.has("user", realm.ask("POST", f"users/{george['id']}/generate_password_token"), 200, "ask for a reset")["password_reset_token"]
        ok(token.startswith("kpw_"), f"{realm.what}: with a token", token)
        realm.has("user", realm.ask("POST", f"users/{path}/reset_password_with_token", {"user": {"token": token, "password": GOOD, "password_confirmation": GOOD}}), 200, f"reset the password of {path[:3]}")
        realm.has("user", realm.ask("POST", f"users/{george['id']}/authenticate", {"password": GOOD}), 200, "which is the password now")
    realm.refused(realm.ask("POST", "users/--/authenticate_code", {"user": {"token": "kli_x", "code": "000000"}}), 422, "no second factor", "a code")
    for user in (george, other, robot):
        realm.gone("DELETE", f"users/{user['id']}", "delete")
    realm.listed("users", "user", 0, "nobody is left")


def usernames(realm):
    """Who has a username that is no address, and who has one that is somebody else's."""
    answer = realm.ask("POST", "users", {"user": {"username": "sally", "email": "sally@example.com", "password": GOOD}})
    if realm.rule == "standard":
        realm.has("user", answer, 201, "a username that is no email")
        equal(realm.ask("GET", "users/sally").json.get("email"), "sally@example.com", f"{realm.what}: by which it is found")
    else:
        realm.refused(answer, 422, "Username must be the email.", "a username that is not the email")
    equal(realm.ask("POST", "users", {"user": {"username": "eve@example.com", "email": "mallory@example.com", "password": GOOD}}).status, 422, f"{realm.what}: a username that is another's email")
    realm.user()
    equal(realm.ask("POST", "users", {"user": {"username": "USER-1@example.com", "email": "user-1@example.com", "password": GOOD}}).status, 422, f"{realm.what}: one that is taken")


def orgs(realm):
    org, _ = realm.org(), realm.org()
    equal(org["name"], "default1", f"{realm.what}: its name")
    ok(org["id"].startswith("org_"), f"{realm.what}: its id", org)
    realm.listed("orgs", "org", 2, "all orgs")
    realm.has("org", realm.ask("GET", f"orgs/{org['id']}"), 200, "find one")
    equal(realm.has("org", realm.ask("PUT", f"orgs/{org['id']}", {"org": {"name": "new name"}}), 200, "update")["name"], "new name", f"{realm.what}: the new name")
    realm.gone("DELETE", f"orgs/{org['id']}", "delete")
    realm.listed("orgs", "org", 1, "one is left")


def memberships(realm):
    user, org = realm.user(), realm.org()
    member = realm.has("membership", realm.ask("POST", "memberships", {"membership": {"user_id": user["id"], "org_id": org["id"]}}), 201, "create a membership")
    equal(member["permissions"], [], f"{realm.what}: which permits nothing")
    realm.listed(f"memberships?org_id={org['id']}", "membership", 1, "those of the org")
    realm.has("membership", realm.ask("GET", f"memberships/{member['id']}"), 200, "find one")
    alone = realm.has("membership", realm.ask("POST", "memberships", {"membership": {"user_id": user["id"]}}), 201, "one without an org")
    ok(alone["id"].startswith("mb_"), f"{realm.what}: its id", alone)
    equal(realm.has("membership", realm.ask("PUT", f"memberships/{member['id']}", {"membership": {"permissions": ["one", "two"]}}), 200, "update")["permissions"], ["one", "two"], f"{realm.what}: what it permits")
    realm.gone("DELETE", f"memberships/{member['id']}", "delete")
    realm.listed("memberships", "membership", 1, "one is left")


def sessions(realm):
    user = realm.user()
    session = realm.has("session", realm.ask("POST", "sessions", {"session": {"user_id": user["id"]}}), 201, "create a session")
    ok(isinstance(session["token"], str), f"{realm.what}: with a token", session)
    realm.listed(f"sessions?user_id={user['id']}", "session", 1, "those of the user")
    realm.has("session", realm.ask("GET", f"sessions/{session['id']}"), 200, "find it")
    for algorithm, sign in (("hs256", "jsk_"), ("rs256", "-----BEGIN PUBLIC KEY-----")):
        changed = realm.has("realm", realm.ask("PUT", f"realms/{realm.id}", {"realm": {"jwt_algo": algorithm}}), 200, f"have tokens signed by {algorithm}")
        token = realm.ask("POST", "sessions", {"session": {"user_id": user["id"]}}).json["token"]
        key = changed["jwt_key"]
        ok(key.startswith(sign) and (len(key) > 256) == (algorithm == "rs256"), f"{realm.what}: clients can tell by the key", key)
        claims = jwt.decode(token, key, algorithms=[algorithm.upper()], audience=realm.id)
        equal((claims["uid"], claims["un"], claims["fn"]), (user["id"], user["username"], "george"), f"{realm.what}: a token of {algorithm} says who it is")
        broken = token[:-8] + ("AAAAAAAA" if token[-8:] != "AAAAAAAA" else "BBBBBBBB")
        try:
            jwt.decode(broken, key, algorithms=[algorithm.upper()], audience=realm.id)
            ok(False, f"{realm.what}: one that was changed is none")
        except jwt.InvalidSignatureError:
            ok(True, f"{realm.what}: one that was changed is none")
    realm.gone("DELETE", f"sessions/{session['id']}", "end it")
    equal(realm.ask("GET", f"sessions/{session['id']}").status, 404, f"{realm.what}: it is over")


def credentials(realm):
    user = realm.user()
    listed = user["credentials"][0]
    equal((listed["object"], listed["credential_type"]), ("credential", "password"), f"{realm.what}: a new user has a password")
    found = realm.has("credential", realm.ask("GET", f"credentials/{listed['id']}"), 200, "find it")
    equal(found["user_id"], user["id"], f"{realm.what}: whose it is")
    answer = realm.ask("PUT", f"credentials/{listed['id']}", {"credential": {"password": BETTER}})
    ok(answer.status == 200 and "errors" not in answer.json, f"{realm.what}: set another password", answer)
    realm.has("user", realm.ask("POST", f"users/{user['id']}/authenticate", {"password": BETTER}), 200, "which is the password now")
    realm.refused(realm.ask("POST", "credentials", {"credential": {"user_id": user["id"], "auth_provider_id": f"ap_{NO_ID}", "credential_type": "totp", "name": "Test"}}), 422, "second factor", "one of TOTP")
    answer = realm.ask("POST", f"credentials/{listed['id']}/verify", {"credential": {"code": "123456"}})
    realm.refused(answer, answer.status if answer.status in (404, 422) else 0, "second factor", "verify a code")
    realm.gone("DELETE", f"credentials/{listed['id']}", "delete it")
    equal(realm.ask("POST", f"users/{user['id']}/authenticate", {"password": BETTER}).status, 401, f"{realm.what}: who has no password logs in by none")


def auth_providers(realm):
    provider = realm.listed("auth_providers", "auth_provider", 1, "a new realm has one")[0]
    equal((provider["provider_type"], provider["min_length"]), ("password", 8), f"{realm.what}: which is for passwords")
    realm.has("auth_provider", realm.ask("GET", f"auth_providers/{provider['id']}"), 200, "find it")
    equal(realm.has("auth_provider", realm.ask("PUT", f"auth_providers/{provider['id']}", {"auth_provider": {"min_length": 12}}), 200, "ask for longer passwords")["min_length"], 12, f"{realm.what}: how long")
    realm.refused(realm.ask("POST", "users", {"user": {"email": "short@example.com", "username": "short@example.com", "password": "canary!7x"}}), 422, "12 characters", "a password that is too short now")
    for kind in ("google", "facebook", "totp"):
        realm.refused(realm.ask("POST", "auth_providers", {"auth_provider": {"provider_type": kind, "client_id": "pinky-and", "client_secret": "the-brain"}}), 422, "not offered", f"logins by {kind}")
    for method, path in (("GET", "auth_providers/authorize?redirect_uri=https%3A%2F%2Flocal.dev%2F"), ("GET", f"auth_providers/{provider['id']}/authorize?redirect_uri=https%3A%2F%2Flocal.dev%2F"),
                         ("POST", "auth_providers/authorize"), ("POST", f"auth_providers/{provider['id']}/authorize")):
        answer = realm.ask(method, path)
        realm.refused(answer, answer.status if answer.status in (404, 422) else 0, "ot offered", f"{method} {path.partition('?')[0][-12:]}")
    answer = realm.ask("DELETE", f"auth_providers/{provider['id']}")
    realm.refused(answer, 422, "no other way to log in", "it stays, since there is no other way")
    realm.listed("auth_providers", "auth_provider", 1, "it is there")


def realms(realm):
    found = [r["id"] for r in realm.ask("GET", "realms?max_results=1000").json.get("collection", []) if r["object"] == "realm"]
    ok(realm.id in found, f"{realm.what}: all realms", found)
    equal(realm.has("realm", realm.ask("GET", f"realms/{realm.id}"), 200, "find it").get("made_up_field"), None, f"{realm.what}: what it has not")
    for none in ("rl_invalid", f"rl_{NO_ID}"):
        equal(realm.ask("GET", f"realms/{none}").status, 404, f"{realm.what}: {none}")
    equal(realm.has("realm", realm.ask("PUT", f"realms/{realm.id}", {"realm": {"name": "new name"}}), 200, "update")["name"], "new name", f"{realm.what}: the new name")
    equal(realm.realm["username_validation_human"], realm.rule, f"{realm.what}: its rule of usernames")
    realm.user()
    realm.org()
    realm.listed("orgs", "org", 1, "an org")
    realm.gone("POST", f"realms/{realm.id}/reset", "reset")
    deadline = time.monotonic() + 30
    while realm.ask("GET", "users").json.get("collection") and time.monotonic() < deadline:
        time.sleep(0.1)
    realm.listed("users", "user", 0, "nobody is left")
    realm.listed("orgs", "org", 0, "nor an org")
    equal(realm.ask("GET", f"realms/{realm.id}").json.get("name"), "new name", f"{realm.what}: but the realm")


for rule in ("standard", "email"):
    for test in (users, usernames, orgs, memberships, sessions, credentials, auth_providers, realms):
        realm = Realm(rule, test.__name__)
        test(realm)
        realm.end()
ok("canary" not in sql("SELECT coalesce(string_agg(e::text, ''), '') FROM arsignup.events e"), "no event has a password")
finish()
