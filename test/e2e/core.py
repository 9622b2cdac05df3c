"""The Core API, called by the bytes that clients of AuthRocket 1 send. Prints TAP."""
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.parse

import jwt

BASE = os.environ["BASE_URL"].removeprefix("http://")
REST = os.environ["REST_URL"].removeprefix("http://")
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
            print("#  ", str(detail)[:2000])
    return passed


def equal(got, expected, what):
    """Report a test of what was got."""
    return ok(got == expected, what, f"got {got!r}", f"expected {expected!r}")


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

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
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
        while True:
            if self.connection is None:
                self.connection = Connection(BASE)
                self.connections += 1
            self.connection.send(self.bytes(method, path, body))
            answer = self.connection.receive(method)
            if answer.headers.get("connection") == "close":
                self.connection.close()
                self.connection = None
            if answer.status != 429 or "retry-after" not in answer.headers or b"password" in answer.body or len(answer.headers["retry-after"]) > 1:
                return answer
            time.sleep(int(answer.headers["retry-after"]))  # nginx, which limits requests


def ruby(key=KEY):
    return Client(["Accept: application/json", "Content-Type: application/json", "User-Agent: authrocket-ruby/2.4.1",
                   "Connection: keep-alive", "Keep-Alive: 30", f"X-Authrocket-Api-Key: {key}", f"X-Authrocket-Realm: {REALM}"])


def php(key=KEY):
    return Client(["accept-encoding: gzip", "content-type: application/json", "user-agent: authrocket-php/1.3.0",
                   f"x-authrocket-api-key: {key}", f"x-authrocket-realm: {REALM}"], empty=b"")


# ---- what the description says ----

TYPES = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}


def undescribed(resource, answer, described):
    """Return the members of a resource that are not as the description has them."""
    properties = described["components"]["schemas"][resource]["properties"]
    wrong = []
    for name, value in answer.items():
        types = properties.get(name, {}).get("type")
        types = [types] if isinstance(types, str) else types or []
        if not any(isinstance(value, TYPES[t]) for t in types) or properties[name].get("writeOnly"):
            wrong.append(name)
    return wrong


def is_resource(answer, status, resource, what, described):
    """Report a test of an answer that is to be a resource, as the description has it."""
    if not ok(answer.status == status and answer.headers.get("content-type", "").startswith("application/json")
              and answer.json.get("object") == resource, what, answer):
        return {}
    equal(undescribed(resource, answer.json, described), [], f"{what}: as described")
    return answer.json


# ---- the acceptance list ----


def users(client, name, described):
    """What clients expect of users."""
    email = f"{name}@example.com"
    escaped = urllib.parse.quote(email, safe="")
    user = is_resource(client.ask("POST", "users", {"user": {"user_type": "human", "username": email, "email": email, "password": PASSWORD, "first_name": "Sally"}}),
                       201, "user", f"{name}: create a person", described)
    ok(user["id"].startswith("usr_") and user["credentials"][0]["credential_type"] == "password", f"{name}: with an id and a credential", user)
    robot = client.ask("POST", "users", {"user": {"user_type": "api"}}).json
    ok(robot["id"].startswith("usr_"), f"{name}: create a program", robot)
    listed = client.ask("GET", "users?max_results=1000").json
    ok({user["id"], robot["id"]} <= {u["id"] for u in listed["collection"]} and listed["more_results"] is False, f"{name}: both are listed", listed)
    equal(len(client.ask("GET", "users?max_results=1").json["collection"]), 1, f"{name}: a page of one")
    found = is_resource(client.ask("GET", f"users/{escaped}"), 200, "user", f"{name}: find by username", described)
    equal(found["id"], user["id"], f"{name}: is the same")
    equal(client.ask("GET", f"users/{escaped}?expand[]=memberships&expand[]=x").json["memberships"], [], f"{name}: arrays in queries")
    is_resource(client.ask("PUT", f"users/{user['id']}", {"user": {"first_name": "Sal"}}), 200, "user", f"{name}: update", described)
    equal(client.ask("GET", f"users/{user['id']}").json["first_name"], "Sal", f"{name}: updated")

    wrong = client.ask("PUT", f"users/{escaped}/update_password", {"user": {"current_password": "canary-x", "password": "canary-horse two", "password_confirmation": "canary-horse two"}})
    ok(wrong.status == 422 and re.search("Current password does not match", wrong.json["errors"]["current_password"][0]), f"{name}: a wrong old password", wrong)
    equal(client.ask("PUT", f"users/{escaped}/update_password", {"user": {"current_password": PASSWORD, "password": "canary-horse two", "password_confirmation": "canary-horse two"}}).status, 200, f"{name}: a right one")
    answer = client.ask("POST", f"users/{escaped}/authenticate", {"password": "canary-horse two", "request": {"ip": "192.0.2.1", "client": "curl"}})
    token = is_resource(answer, 200, "user", f"{name}: authenticate", described).get("token")
    equal(jwt.decode(token, options={"verify_signature": False})["uid"], user["id"], f"{name}: with a token")
    equal(client.ask("POST", f"users/{user['id']}/authenticate", {"password": "canary-wrong"}).status, 401, f"{name}: a wrong password")
    equal(client.ask("POST", "users/nobody/authenticate", {"password": "canary-wrong"}).status, 401, f"{name}: nobody")

    reset = client.ask("POST", f"users/{escaped}/generate_password_token").json
    ok(reset["password_reset_token"].startswith("kpw_") and reset["token"] == reset["password_reset_token"], f"{name}: a password token, for an empty body", reset)
    answer = client.ask("POST", f"users/{escaped}/reset_password_with_token", {"user": {"token": reset["token"], "password": "canary-horse three", "password_confirmation": "canary-horse three"}})
    is_resource(answer, 200, "user", f"{name}: reset", described)
    answer = client.ask("POST", f"users/{escaped}/reset_password_with_token", {"user": {"token": reset["token"], "password": "canary-horse four"}})
    ok(answer.status == 422 and isinstance(answer.json["errors"]["token"], list), f"{name}: once", answer)
    verify = client.ask("POST", f"users/{escaped}/request_email_verification").json
    equal(client.ask("POST", f"users/{escaped}/verify_email", {"user": {"token": verify["token"]}}).json["email_verification"], "verified", f"{name}: verify the email")

    equal(client.ask("DELETE", f"users/{robot['id']}").status, 204, f"{name}: delete")
    equal(client.ask("GET", f"users/{robot['id']}").status, 404, f"{name}: deleted")
    return user


def orgs(client, name, user, described):
    """What clients expect of orgs and memberships."""
    org = is_resource(client.ask("POST", "orgs", {"org": {"name": "Acme"}}), 201, "org", f"{name}: create an org", described)
    is_resource(client.ask("GET", f"orgs/{org['id']}"), 200, "org", f"{name}: find it", described)
    equal(client.ask("PUT", f"orgs/{org['id']}", {"org": {"name": "Acme 2", "reference": name}}).json["name"], "Acme 2", f"{name}: update it")
    equal([o["id"] for o in client.ask("GET", f"orgs?reference={name}").json["collection"]], [org["id"]], f"{name}: list it by reference")
    member = is_resource(client.ask("POST", "memberships", {"membership": {"org_id": org["id"], "user_id": user["id"], "permissions": ["a", "b"]}}),
                         201, "membership", f"{name}: create a membership", described)
    alone = is_resource(client.ask("POST", "memberships", {"membership": {"user_id": user["id"]}}), 201, "membership", f"{name}: one without an org", described)
    equal(alone["permissions"], [], f"{name}: without permissions")
    listed = client.ask("GET", f"memberships?org_id={org['id']}").json["collection"]
    equal([(m["id"], m["user"]["id"]) for m in listed], [(member["id"], user["id"])], f"{name}: list by org, with users")
    equal(len(client.ask("GET", f"memberships?user_id={user['id']}").json["collection"]), 2, f"{name}: list by user")
    equal(client.ask("PUT", f"memberships/{member['id']}", {"membership": {"permissions": ["c"]}}).json["permissions"], ["c"], f"{name}: update a membership")
    equal(client.ask("DELETE", f"memberships/{alone['id']}").status, 204, f"{name}: delete a membership")
    equal(client.ask("DELETE", f"orgs/{org['id']}").status, 204, f"{name}: delete an org")
    equal(client.ask("GET", f"memberships/{member['id']}").status, 404, f"{name}: and its memberships")


def verified(token, algorithm, key):
    """Return the claims of a token as ruby-jwt reads them."""
    program = "require 'jwt'; require 'json'; t, a, k = STDIN.read.split(\"\\0\"); " \
        "k = OpenSSL::PKey::RSA.new(k) if a == 'RS256'; puts JSON.dump(JWT.decode(t, k, true, algorithm: a)[0])"
    run = subprocess.run(["ruby", "-e", program], input=f"{token}\0{algorithm}\0{key}", capture_output=True, text=True)
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr


def sessions(client, name, user, described):
    """What clients expect of sessions, and of the tokens."""
    session = is_resource(client.ask("POST", "sessions", {"session": {"ip": "1.2.3.4", "client": "UA", "user_id": user["id"]}}), 201, "session", f"{name}: create a session", described)
    equal(session["request"], {"ip": "1.2.3.4", "client": "UA"}, f"{name}: from where")
    ok(session["id"] in [s["id"] for s in client.ask("GET", f"sessions?user_id={user['id']}").json["collection"]], f"{name}: listed")
    equal(client.ask("GET", f"sessions/{session['id']}").json["user"]["id"], user["id"], f"{name}: found")
    equal(client.ask("GET", f"sessions/{session['token']}").json["id"], session["id"], f"{name}: found by its token")
    for algorithm in ("HS256", "RS256"):
        sql(f"UPDATE arsignup.realms SET jwt_alg = '{algorithm}' WHERE id = '{os.environ['REALM']}'")
        token = client.ask("POST", "sessions", {"session": {"user_id": user["id"]}}).json["token"]
        key = sql(f"SELECT arsignup.reveal_jwt_key('{os.environ['REALM']}')")
        equal(len(key) > 256 and "PUBLIC KEY" in key, algorithm == "RS256", f"{name}: {algorithm}: clients can tell by the key")
        claims = jwt.decode(token, key, algorithms=[algorithm], audience=REALM)
        equal((claims["uid"], claims["aud"], claims["un"]), (user["id"], REALM, user["username"]), f"{name}: {algorithm}: python3-jwt reads the token")
        equal(verified(token, algorithm, key), claims, f"{name}: {algorithm}: so does ruby-jwt")
    sql(f"UPDATE arsignup.realms SET jwt_alg = 'HS256' WHERE id = '{os.environ['REALM']}'")
    answer = client.ask("DELETE", f"sessions/{session['id']}")
    equal((answer.status, answer.body), (204, b""), f"{name}: ended")
    equal(client.ask("GET", f"sessions/{session['token']}").status, 404, f"{name}: dead everywhere")


def tokens(client, name, described):
    """The signup that this is all about: read the token, charge the card, redeem, log in."""
    email = f"{name}-token@example.com"
    token = is_resource(client.ask("POST", "user_tokens", {"user_token": {"username": email, "email": email, "password": PASSWORD, "password_confirmation": PASSWORD}}),
                        201, "user_token", f"{name}: mint", described)
    equal(client.ask("GET", f"user_tokens/{token['id']}").json, token, f"{name}: read")
    equal(client.ask("GET", f"signup_tokens/{token['id']}").status, 200, f"{name}: by its other path")
    ok(PASSWORD not in json.dumps(token) and "argon2" not in json.dumps(token), f"{name}: without the password or its hash")

    # The connection breaks before the answer comes: the client sends it again, on another one.
    body = {"user": {"token": token["id"]}, "request": {"ip": "1.2.3.4", "client": "curl"}}
    broken = Connection(BASE)
    broken.send(client.bytes("POST", "users", body))
    if name == "php":
        time.sleep(0.5)
    broken.close()
    user = is_resource(client.ask("POST", "users", body), 201, "user", f"{name}: redeem, sent again after the connection broke", described)
    equal(client.ask("POST", "users", body).json, user, f"{name}: and again")
    equal(sql(f"SELECT count(*) FROM arsignup.users WHERE email_key = '{email}'"), "1", f"{name}: one user")
    other = Client([h if "api-key" not in h.lower() else f"X-Authrocket-Api-Key: {os.environ['SECOND_KEY']}" for h in client.headers])
    answer = other.ask("POST", "users", body)
    ok(answer.status == 422 and answer.json["errors"] == {"token": ["Signup token was already redeemed."]}, f"{name}: another key is told that it was redeemed", answer)
    equal(client.ask("GET", f"user_tokens/{token['id']}").status, 404, f"{name}: the token is gone")
    session = client.ask("POST", "sessions", {"session": {"ip": "1.2.3.4", "client": "UA", "user_id": user["id"]}}).json
    equal(jwt.decode(session["token"], options={"verify_signature": False})["uid"], user["id"], f"{name}: and logged in")


def doors():
    """No key, or one that does not open this: the same bytes."""
    answers = set()
    for key in ("", "ko_x", "key_0123", "ko_" + "0" * 22 + "-" + "A" * 43, KEY[:-1] + "~", os.environ["REVOKED_KEY"], os.environ["OTHER_KEY"]):
        for method, path in (("GET", "users"), ("POST", "orgs")):
            answer = ruby(key).ask(method, path)
            headers = {n: v for n, v in answer.headers.items() if n != "date"}
            answers.add((answer.status, answer.body, str(sorted(headers.items()))))
    read = ruby(os.environ["READ_KEY"])
    answer = read.ask("POST", "orgs", {"org": {"name": "x"}})
    answers.add((answer.status, answer.body, str(sorted((n, v) for n, v in answer.headers.items() if n != "date"))))
    ok(len(answers) == 1 and list(answers)[0][0] == 403, "no key, an unknown, revoked or another realm's one, a read key on a write: the same bytes", answers)
    equal(read.ask("GET", "orgs").status, 200, "a read key reads")


def strictness():
    """What comes back for what is not well-formed, through nginx."""
    client = ruby()
    for method, path, body, status in (
            ("GET", "nothing", None, 404), ("PATCH", "users", b"{}", 405), ("POST", "orgs", b"{", 400), ("POST", "orgs", b"\xff", 400), ("POST", "orgs", b"{\"org\": {\"name\": \"\0\"}}", 400),
            ("POST", "orgs", b"[" * 60000, 400), ("POST", "orgs", b"x" * 70000, 413), ("GET", "users?a=%", None, 400), ("GET", "users/%ff", None, 400)):
        answer = client.ask(method, path, body)
        ok(answer.status == status and "error" in answer.json, f"{method} {path} {str(body)[:20]}: {status}", answer)
    equal(Client([f"X-Authrocket-Api-Key: {KEY}", "Accept: text/html"]).ask("GET", "users").status, 406, "who takes only HTML: 406")
    equal(Client([f"X-Authrocket-Api-Key: {KEY}", "Content-Type: text/plain"]).ask("POST", "orgs", b"x").status, 415, "neither JSON nor a form: 415")
    equal(Client([f"Authorization: Bearer {KEY}"]).ask("GET", "users").status, 200, "a key as a bearer")
    answer = Client([f"X-Authrocket-Api-Key: {KEY}", "Content-Type: application/x-www-form-urlencoded"]).ask("POST", "orgs", b"org[name]=A%20B&org[custom][k]=v")
    equal((answer.status, answer.json["name"], answer.json["custom"]), (201, "A B", {"k": "v"}), "a form")


# ---- what no client would send ----

WORDS = ["", "x", "null", "usr_1", "org_1", "mb_1", "kss_1", "utk_1", "ada@example.com", "active", "inactive", "asc", "desc", "name", "id", "0", "-1", "1e309", "99999999999999999999", "\u00e9", "\u202e",
         "' OR 1=1 --", "a" * 300, "%s%n", "${x}", "<b>", "{}", "[]", "\\", "\"", "canary-secret", "1.2.3.4", "::1", "1.2.3.4/8", "infinity", "NaN", "\ud7ff", "e\u0301"]
FIELDS = ["email", "username", "password", "password_confirmation", "current_password", "token", "first_name", "last_name", "reference", "custom", "state", "user_type", "org_name", "with_org", "name", "user_id",
          "org_id", "permissions", "expires_at", "ip", "client", "realm_id", "login_policy_id", "id", "object", "created_at", "request", "expand", "email_verification"]
def value(depth=0):
    """Make any JSON value, ids of things that there are among them."""
    kind = random.random()
    if kind < 0.55 or depth > 3:
        return random.choice(WORDS + ids)
    if kind < 0.65:
        return random.choice([0, 1, -1, 4000000000, 4000000000.5, 1e300, 2**63 - 1, True, False, None])
    if kind < 0.8:
        return [value(depth + 1) for _ in range(random.randrange(4))]
    return {random.choice(FIELDS): value(depth + 1) for _ in range(random.randrange(5))}


def mutated(body):
    """Spoil some bodies, byte by byte."""
    body = bytearray(body)
    if body and random.random() < 0.3:
        for _ in range(random.randrange(1, 5)):
            body[random.randrange(len(body))] = random.randrange(256)
    return bytes(body)


def operation():
    """Choose what to ask for, mostly something that there is."""
    path, methods = random.choice(list(described["paths"].items()))
    method, operation = random.choice(list(methods.items()))
    if random.random() < 0.1:
        method = random.choice(["get", "post", "put", "delete", "patch", "head"])
    parts = path.split("/")
    own = [i for i in ids if i.startswith({"users": "usr", "orgs": "org", "memberships": "mb", "sessions": "kss"}.get(parts[2], "utk"))]
    thing = random.choice(own) if own and random.random() < 0.7 else random.choice(WORDS + ids)
    return method.upper(), path.replace("{id}", urllib.parse.quote(thing, safe="")), operation, parts[2].removesuffix("s").replace("signup", "user")


def nonsense():
    """Make a request: method, URI, type, body."""
    method, uri, described_as, name = operation()
    names = [p["name"] for p in described_as.get("parameters", ()) if "name" in p] + ["after", "max_results", "sort", "direction", "expand[]", "a[b]"]
    if random.random() < 0.4:
        uri += "?" + urllib.parse.urlencode([(random.choice(names), str(random.choice(WORDS + ids))) for _ in range(random.randrange(4))])
    if random.random() < 0.05:
        uri = uri.replace("%", "%" + random.choice(["", "0", "z"]))
    fields = list(described["components"]["schemas"].get(name, {}).get("properties", {})) or FIELDS
    given = {random.choice(fields): value() for _ in range(random.randrange(7))}
    if random.random() < 0.3:
        given = {f: v if isinstance(v, str) else "x@example.com" for f, v in given.items() if f not in ("realm_id", "custom")}
    if random.random() < 0.3 and name in ("user", "user_token"):
        given |= {"email": f"{random.randrange(10**9)}@example.com", "password": "canary-" + str(random.random())}
        given = {f: v for f, v in given.items() if f in ("email", "password", "first_name", "custom")}
    body = given if random.random() < 0.2 else {name: given, "request": value()}
    if random.random() < 0.1:
        body = value()
    if random.random() < 0.15:
        kind, body = "application/x-www-form-urlencoded", urllib.parse.urlencode([(f"{name}[{random.choice(fields)}]", str(value())) for _ in range(4)]).encode()
    else:
        kind, body = "application/json", json.dumps(body).encode()
    return method, uri, kind, mutated(body)


def nonsense_requests(number):
    """Send them, past nginx, which limits requests."""
    connection = Connection(REST)
    seen = {}
    for n in range(number):
        method, uri, kind, body = nonsense()
        key = random.choice([KEY] * 38 + [os.environ["READ_KEY"], "ko_x"])
        head = [f"POST /rpc/handle HTTP/1.1", f"Host: {REST}", "Content-Type: application/octet-stream", "Accept: */*", f"Content-Length: {len(body)}",
                f"X-Arsignup-Method: {method}", f"X-Arsignup-Uri: {uri}", f"X-Arsignup-Content-Type: {kind}", f"X-Authrocket-Api-Key: {key}"]
        connection.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        answer = connection.receive()
        seen[answer.status] = seen.get(answer.status, 0) + 1
        if answer.status == 201:
            ids.append(answer.json.get("id") or "")
        if answer.status >= 500 and answer.status != 503:
            ok(False, f"request {n}: {method} {uri}", body, answer)
            break
    print("# answers:", dict(sorted(seen.items())))
    equal([s for s in seen if s >= 500], [], f"{number} requests that no client would send: none fails")
    ok({200, 201, 204, 400, 401, 403, 404, 405, 422} <= set(seen), "and they come far", seen)


seed = int(os.environ.get("SEED", random.randrange(10**6)))
print("# SEED", seed)
random.seed(seed)
described = ruby().ask("GET", "openapi.json").json
for name, client in (("ruby", ruby()), ("php", php())):
    user = users(client, name, described)
    orgs(client, name, user, described)
    sessions(client, name, user, described)
    tokens(client, name, described)
    equal(client.connections, 1, f"{name}: all on one connection")
doors()
strictness()
ids = [user["id"], "ruby@example.com", "php-token@example.com", ruby().ask("POST", "orgs", {"org": {"name": "Fuzz"}}).json["id"],
       ruby().ask("POST", "user_tokens", {"user_token": {"email": "fuzz@example.com", "password": PASSWORD}}).json["id"]]
nonsense_requests(int(os.environ.get("REQUESTS", "10000")))
log = open(os.environ["SERVER_LOG"], encoding="utf-8", errors="replace").read()
equal(re.findall(r"\[\d+\] XX\w{3} .*", log)[:3], [], "no internal error")
secrets = re.findall(r".*(?:canary-|utk_[\w-]{60}|kpw_[\w-]{60}|ko_\w{22}-|eyJ[\w-]{20}).*", log)
equal(secrets[:3], [], "no password, token or key in the server's log")
print(f"1..{count}")
sys.exit(failed > 0)
