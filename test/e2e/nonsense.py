"""Requests that no client would send, to every route of the Core API, by several clients at once. Prints TAP.

Each request begins as a good one, made of what the API says of itself, and is then spoilt in one way or another, or not
at all. What is chosen hangs on the seed alone, not on what is answered; only ids and tokens are those of the answers.
"""
import collections
import copy
import json
import os
import random
import re
import threading
import urllib.parse

from wire import BASE, KEY, PASSWORD, REALM, Connection, equal, finish, leaks, logs, ok, ruby, sql

CLIENTS = 6
SLOTS = 8  # so many things of each kind a client remembers
KEYS = [KEY] * 24 + [os.environ["EVERY_KEY"]] * 3 + [os.environ[k] for k in ("READ_KEY", "ADMIN_KEY", "OTHER_KEY", "REVOKED_KEY")] + ["", "ko_x"]
ADMIN_KEYS = [os.environ["EVERY_KEY"]] * 28 + [KEY, os.environ["READ_KEY"], ""]
SETTINGS = {"username_validation_human": ["standard", "email"], "require_unique_emails": [True, False], "api_key_policy": ["hash"], "api_key_prefix": ["ku_"], "api_key_minutes": [0], "jwt_algo": ["hs256", "eddsa"],
            "jwt_fields": [[], ["custom", "orgs"]], "session_type": ["managed", "unmanaged"], "session_minutes": [1, 360], "sso": ["basic", "seamless"], "signup_token_ttl": [60], "longest_hold": [60], "event_retention": [None, 60],
            "resource_links": [[]], "provider_type": ["login_rocket"], "min_length": [8, 12], "min_complexity": ["none", "highest"], "required_chars": [[]], "login": [True, False], "signup": [True, False],
            "signup_mode": ["user", "signup_token"], "name_field": ["both", "hidden"], "org_name_field": ["required"], "password_field": ["once", "twice"], "email_verification": ["none", "require"], "default_permissions": [[], ["a"]],
            "login_handler": ["https://a.example.com/"], "signup_handler": [None], "external_css": [None], "redirect_uris": [[]], "allowed_origins": [[]], "custom_domains": [[]], "primary_domain": [None], "subdomain": [None],
            "logins_enabled": [None, True], "signups_enabled": [None, False], "hook_type": ["webhook"], "event_type": [[], ["user.*"]], "delay": [0, 60], "destination": ["https://a.example.com/"]}
MANY = 10 ** 4 if "REQUESTS" not in os.environ else int(os.environ["REQUESTS"])

WORDS = ["", "x", "null", "ada@example.com", "active", "inactive", "asc", "desc", "name", "id", "0", "-1", "1e309", "99999999999999999999", "\u00e9", "\u202e", "' OR 1=1 --", "a" * 300, "a" * 5000,
         "%s%n", "${x}", "<b>", "{}", "[]", "\\", "\"", "1.2.3.4", "::1", "1.2.3.4/8", "infinity", "NaN", "\ud7ff", "e\u0301", "usr_", "usr_" + "z" * 22, "usr_" + "0" * 22, "usr_" + "0" * 21, "org_" + "A" * 22,
         "utk_" + "A" * 64, "kss_" + "1" * 22, "kpw_" + "A" * 64, "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "..", ".", "//", "\x7f", "\u00ad", "\U0001f600", "\ufeffx", "2026-01-01", "true", "*", "$1", "realm_id", "rl_x"]
VALUES = [None, True, False, 0, 1, -1, 4000000000, 4000000000.5, 1e300, -1e300, 2 ** 63 - 1, -2 ** 63, 0.1, [], {}, [[]], [{}], {"": ""}, [None], [1, "a", None], ["a"] * 30, {"a": {"a": {"a": {"a": {"a": {}}}}}}, "x" * 40000]
ESCAPES = ["%00", "%ff", "%", "%2", "%zz", "%c3%28", "%ed%a0%80", "%2f", "%2e%2e%2f", "%2500", "%e2%80%ae", "+", "%20", "%0d%0a", "%3f", "%23"]
TYPES = ["application/x-www-form-urlencoded", "application/json; charset=latin-1", "APPLICATION/JSON", "text/plain", "multipart/form-data; boundary=x", "", "application/json, text/html", ";", "application/xml", "x" * 500,
         "application/vnd.pgrst.object+json"]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "FOO", "PROPFIND", "get", "COPY"]
HEADERS = ["Accept: text/html", "Accept: */*;q=0", "Accept: application/json, */*", "Accept:", "X-Authrocket-Realm: rl_x", "X-Authrocket-Realm:", "Authorization: Bearer ko_x", "Prefer: tx=rollback", "Range: items=0-1",
           "X-Arsignup-Method: DELETE", "X-Arsignup-Uri: /v1/users", "X-Arsignup-Proxy: x", "X-Arsignup-Busy: yes", "Cookie: a=b; a=c", "Origin: null", "Sec-Fetch-Site: cross-site", "Accept-Profile: arsignup",
           "User-Agent: " + "x" * 3000, "Referer: \xff", "User-Agent: \xc3\x28", "X-Authrocket-Account: org_x", "Expect: x", "If-Modified-Since: x", "X-Long: " + "x" * 9000, "Host: evil.example"]


# ---- what there is ----


def resolve(part):
    """Follow a reference of the description."""
    if "$ref" not in part:
        return part
    found = described
    for name in part["$ref"].split("/")[1:]:
        found = found[name]
    return found


class Route:
    """A method and a path, and what the description says of them."""

    def __init__(self, path, method, operation):
        self.path, self.method, parts = path, method.upper(), path.split("/")
        self.kind = parts[2].replace("signup_tokens", "user_tokens")
        self.verb = parts[-1] if len(parts) > 3 and parts[-1] != "{id}" else ""
        self.is_for_admins = operation.get("x-permission") == "admin" or self.kind == "login_policies"
        self.is_offered = not operation["summary"].startswith("Not offered")
        self.success = min(int(s) for s in operation["responses"] if s.isdigit())
        self.parameters = {p["name"]: p["schema"] for p in map(resolve, operation.get("parameters", [])) if p["in"] == "query"}
        self.wrapper, self.fields = None, {}
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            self.wrapper = schema["allOf"][0]["$ref"].split("/")[-1] if "allOf" in schema else next(iter(schema["properties"]))
            properties = described["components"]["schemas"][self.wrapper]["properties"]
            self.fields = {n: f for n, f in properties.items() if not f.get("readOnly")}

    def __str__(self):
        return f"{self.method} {self.path}"


class Request:
    """What is to be sent, in parts that can be spoilt one by one."""

    def __init__(self, route, key):
        self.route, self.method, self.path, self.query, self.headers, self.key = route, route.method, route.path, [], [], key
        self.realm = REALM
        self.body, self.type, self.as_form, self.changes, self.framing = None, "application/json", False, [], "length"

    @property
    def uri(self):
        return self.path + ("?" + "&".join(self.query) if self.query else "")

    def content(self):
        """Return the body."""
        if self.body is None:
            content = b""
        elif self.as_form:
            content = urllib.parse.urlencode(list(pairs(self.body))).encode("utf-8", "surrogatepass")
        else:
            content = json.dumps(self.body).encode()
        for change in self.changes:
            content = change(content)
        return content

    def bytes(self):
        """Return everything, as it goes over the wire."""
        content = self.content()
        head = [f"{self.method} {self.uri} HTTP/1.1", *([] if any(h.startswith("Host:") for h in self.headers) else [f"Host: {BASE}"]), *self.headers, f"X-Authrocket-Api-Key: {self.key}"]
        if self.key == os.environ["EVERY_KEY"] and not any(h.startswith("X-Authrocket-Realm") for h in self.headers):
            head.append(f"X-Authrocket-Realm: {self.realm}")
        if self.type:
            head.append(f"Content-Type: {self.type}")
        if self.framing == "chunked":
            head.append("Transfer-Encoding: chunked")
            content = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (content[i:i + 700] for i in range(0, len(content), 700))) + b"0\r\n\r\n"
        elif content or self.method not in ("GET", "HEAD"):
            head.append(f"Content-Length: {len(content)}")
        return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content


def pairs(value, name=""):
    """Return the pairs of a form that say the same as a tree."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from pairs(member, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for member in value:
            yield from pairs(member, f"{name}[]")
    else:
        yield name, "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


# ---- good requests ----


class Client:
    """One of those who ask: a connection, a source of chance, and what it has made."""

    def __init__(self, number):
        self.number, self.random, self.connection = number, random.Random(f"{seed} {number}"), None
        self.slots = collections.defaultdict(lambda: ["none"] * SLOTS)
        self.homes = {}  # the realm of each thing that belongs to one of its realms
        self.made, self.emails, self.answers, self.request_ids, self.secrets, self.complaint = collections.Counter(), 0, [], set(), set(), None

    def slot(self, kind):
        return self.slots[kind][self.random.randrange(SLOTS)]

    def remember(self, kind, text):
        self.slots[kind][self.made[kind] % SLOTS] = text
        self.made[kind] += 1

    def field(self, name, field):
        """Return what makes sense for a field."""
        if name == "email":
            self.emails += 1
            return f"{seed}-{self.number}-{self.emails}@example.com"
        if name.endswith("_id") and name not in ("realm_id", "login_policy_id"):
            return self.slot(name[:-3] + "s")
        if name in SETTINGS:
            return self.random.choice(SETTINGS[name])
        known = {"password": PASSWORD, "password_confirmation": PASSWORD, "current_password": PASSWORD, "user_type": "human", "state": "active", "permissions": ["a", "b:*"], "expires_at": 4000000000, "ip": "192.0.2.1",
                 "custom": {"plan": "gold", "n": [1, 2.5, "x"]}, "with_org": True, "hold_for": 60, "realm_id": REALM, "api_key": self.slot("api_key"),
                 "credential_type": self.random.choice(["password", "api_key"])}
        return known.get(name, "canary-" + name if "secret" in name or "key" in name else f"{name} {self.random.randrange(1000)}")

    def body(self, route):
        """Return a body that makes sense."""
        skip = {"username", "token", "current_password", "org_name", "with_org", "login_policy_id", "password_confirmation", "replaces"} | ({"realm_id", "algo"} if route.is_for_admins else set())
        fields = {n: self.field(n, f) for n, f in route.fields.items() if n not in skip and (self.random.random() < 0.7 or n in ("name", "user_id", "email", "password", "provider_type", "credential_type", "login_handler", "destination"))}
        if route.kind == "users" and not route.verb and self.random.random() < 0.5:
            fields.pop("password", None)  # hashing is dear
        if route.method == "POST" and route.kind == "users" and not route.verb and self.random.random() < 0.3:
            fields = {"token": self.slot("user_tokens"), "reference": "r"}
        if route.kind == "credentials":
            fields.pop("api_key", None)  # none can be given
        if route.verb == "update_password":
            fields = {"current_password": PASSWORD, "password": PASSWORD}
        if route.verb in ("reset_password_with_token", "verify_email"):
            fields = {"token": self.slot(route.verb), "password": PASSWORD, "password_confirmation": PASSWORD}
        if route.verb == "authenticate":
            return {"password": PASSWORD, "request": {"ip": "192.0.2.1", "client": "x"}}
        if route.verb == "authenticate_key":
            return {"api_key": self.slot("api_key")}
        return {route.wrapper or "x": fields, "request": {"ip": "2001:db8::1", "client": "curl"}}

    def good(self, route):
        """Make a request that makes sense."""
        request = Request(route, self.random.choice(ADMIN_KEYS if route.is_for_admins else KEYS))
        if route.is_for_admins:
            request.realm = self.slot("realms")  # settings are changed in realms that it has made itself
        if "{id}" in route.path:
            thing = self.slot(self.random.choice(["sessions", "tokens"]) if route.kind == "sessions" else route.kind)
            request.path = route.path.replace("{id}", urllib.parse.quote(thing, safe=""))
            if self.random.random() < 0.8:
                request.realm = self.homes.get(thing, request.realm)
        if route.method in ("POST", "PUT"):
            request.body = self.body(route)
        for name, schema in route.parameters.items():
            value = self.random.choice(schema.get("enum") or ([self.slot(name[:-3] + "s")] if name.endswith("_id") else ["3", "100", "1000"] if name == "max_results" else [self.slot(route.kind), "memberships,user,org", "x"]))
            if self.random.random() < 0.25:
                request.query.append(f"{name}{'[]' if name == 'expand' else ''}={urllib.parse.quote(value, safe='')}")
        return request

    def prepare(self, route):
        """Make what a request needs, so that some come through."""
        steps = {"authenticate": "users", "update_password": "users", "reset_password_with_token": "generate_password_token", "verify_email": "request_email_verification", "authenticate_key": "api users", "hold": "user tokens"}
        step = "api users" if route.kind == "credentials" else "memberships" if route.kind == "memberships" and "{id}" in route.path else steps.get(route.verb)
        if step is None or self.random.random() > 0.25:
            return
        self.emails += 1
        if step == "user tokens":
            made = self.call("POST", "user_tokens", {"user_token": {"email": f"{seed}-{self.number}-{self.emails}@example.com", "password": PASSWORD}})
            self.slots["user_tokens"] = [made.json.get("id", "none")] * SLOTS
            return
        made = self.call("POST", "users", {"user": {"user_type": "api"} if step == "api users" else {"email": f"{seed}-{self.number}-{self.emails}@example.com", "password": PASSWORD}})
        for n in range(SLOTS):
            self.slots["users"][n] = made.json.get("id", "none")
        if route.kind == "credentials":
            made = self.call("POST", "credentials", {"credential": {"user_id": made.json.get("id", "none"), "credential_type": "password", "password": PASSWORD}})
            self.slots["credentials"] = [made.json.get("id", "none")] * SLOTS
        if step == "memberships":
            org = self.call("POST", "orgs", {"org": {"name": "An org"}}).json.get("id", "none")
            made = self.call("POST", "memberships", {"membership": {"user_id": made.json.get("id", "none"), "org_id": org}})
            self.slots["memberships"] = [made.json.get("id", "none")] * SLOTS
        if step == "api users":
            self.slots["api_key"] = [made.json.get("api_key") or "none"] * SLOTS
        if step in ("generate_password_token", "request_email_verification"):
            token = self.call("POST", f"users/{made.json.get('id', 'none')}/{step}", {}).json.get("token", "none")
            self.slots[route.verb] = [token] * SLOTS

    def call(self, method, path, body):
        """Ask for something well-formed."""
        request = Request(next(iter(routes)), KEY)
        request.method, request.path, request.body = method, f"/v1/{path}", body
        return self.send(request)

    def furnish(self):
        """Make some of everything that can be made."""
        order = ["realms", "users", "orgs"]
        for route in sorted((r for r in routes if r.method == "POST" and "{id}" not in r.path and not r.verb), key=lambda r: order.index(r.kind) if r.kind in order else 9):
            for _ in range(SLOTS):
                request = self.good(route)
                request.key = os.environ["EVERY_KEY"] if route.is_for_admins else KEY
                if route.kind == "users":
                    request.body = {"user": {"email": self.field("email", {})}}
                self.send(request)
        for event in self.call("GET", "events", None).json.get("collection", [])[:SLOTS]:
            self.remember("events", event["id"])

    # ---- sending ----

    def exchange(self, request):
        """Send a request on the connection that there is, if it is good still, and return the answer."""
        if self.connection is None:
            self.connection = Connection()
        self.connection.send(request)
        answer = self.connection.receive(request.split(b" ", 1)[0].decode())
        if answer.headers.get("connection") == "close":
            self.connection.close()
            self.connection = None
        return answer

    def send(self, request):
        """Send a request and keep what it has made."""
        answer = self.exchange(request.bytes())
        self.request_ids.add(answer.headers.get("x-request-id"))
        self.answers.append((str(request.route), answer.status))
        if b'"' in answer.body and answer.status in (200, 201):
            made = answer.json
            if answer.status == 201 and request.route.method == "POST" and "id" in made:
                self.remember(request.route.kind, made["id"])
                if request.route.kind != "realms":
                    self.homes[made["id"]] = request.realm
            if request.route.kind == "sessions" and "token" in made:
                self.remember("tokens", made["token"])
            self.secrets.update(made[n] for n in ("token", "password_reset_token") if isinstance(made.get(n), str))
            if made.get("api_key"):
                self.secrets.add(made["api_key"][-47:])  # without the id, by which it is read and deleted
            self.secrets.update(v for v in [made.get("jwt_key")] if isinstance(v, str) and v.startswith("jsk_"))
            self.secrets.update(v for v in [made.get("id")] if isinstance(v, str) and v.startswith("utk_"))
        return answer

    def run(self, requests):
        """Ask so many times."""
        try:
            self.furnish()
            for n in range(requests):
                route = self.random.choice(routes)
                self.prepare(route)
                request = self.good(route)
                for spoil in self.random.sample(SPOILERS, self.random.choice([0, 0, 1, 1, 1, 2, 3])):
                    spoil(self.random, request)
                if request.framing == "broken off":
                    self.break_off(request)
                    continue
                before = len(self.request_ids)
                try:
                    answer = self.send(request)
                except Exception as error:  # an answer that can't be read is a fault of the server's
                    self.complaint = f"request {n}: {error!r}", request.bytes()
                    return
                trouble = what_is_wrong(request, answer) or (len(self.request_ids) == before and "an X-Request-ID again")
                if trouble:
                    self.complaint = f"request {n}: {trouble}: {answer}", request.bytes()
                    return
        except Exception as error:
            self.complaint = f"{error!r}", b""

    def insist(self, route):
        """Ask for what chance let nobody get, until it comes through or has no chance any more."""
        for _ in range(100):
            self.prepare(route)
            if self.send(self.good(route)).status == route.success:
                return

    def break_off(self, request):
        """Send a part of a request, and go."""
        if self.connection is None:
            self.connection = Connection()
        text = request.bytes()
        self.connection.send(text[:int(len(text) * self.random.random())])
        self.connection.close()
        self.connection = None


def what_is_wrong(request, answer):
    """Return what is wrong with an answer, if anything."""
    if answer.status >= 500 and (answer.status != 503 or "retry-after" not in answer.headers):
        return "a failure"
    if not re.fullmatch("[0-9a-f]{32}", answer.headers.get("x-request-id", "")):
        return "no X-Request-ID"
    if b"canary-" in answer.body:
        return "a password"
    if not request.path.startswith("/v1/") or not answer.body:
        return answer.status < 400 and request.path.startswith("/v1/") and answer.status != 204 and request.method != "HEAD" and "an empty answer"
    told = json.loads(answer.body)
    if not answer.headers["content-type"].startswith("application/json") or not isinstance(told, dict):
        return "no object"
    if answer.status in (409, 422):
        errors = told.get("errors")
        good = isinstance(errors, dict) and errors and all(isinstance(v, list) and v and all(isinstance(s, str) and s for s in v) for v in errors.values())
    elif answer.status >= 400:
        good = list(told) == ["error"] and isinstance(told["error"], str)
    else:
        good = "error" not in told and "errors" not in told
    return not good and "an answer of another form than its status says"


# ---- spoiling them ----


def nodes(tree):
    """Return all members and elements of a tree, each as a container and a place in it."""
    found = []
    for place in (tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()):
        found += [(tree, place), *nodes(tree[place])]
    return found


def any_value(chance):
    """Return any value."""
    return copy.deepcopy(chance.choice(WORDS + VALUES))


def spoil_value(chance, request):
    container, place = chance.choice(nodes(request.body) or [({}, "")])
    container[place] = any_value(chance)


def spoil_member(chance, request):
    container, place = chance.choice(nodes(request.body) or [({}, "")])
    if chance.random() < 0.5:
        del (container if place in container or isinstance(container, list) else {place: 0})[place]
    elif isinstance(container, dict):
        container[chance.choice(WORDS + list(request.route.fields) + ["realm_id", "request", "expand", "id", "object", "created_at", "email_verification"])] = any_value(chance)


def spoil_shape(chance, request):
    body, name = request.body, request.route.wrapper
    if isinstance(body, dict) and name in body:
        request.body = chance.choice([body[name], {name: [body[name]]}, {name: body}, [body], {name: any_value(chance)}, any_value(chance), {**body, "realm_id": request.realm}])
    else:
        request.body = {name or "x": any_value(chance)}


def spoil_bytes(chance, request):
    def change(content):
        content = bytearray(content)
        for _ in range(chance.choice([1, 1, 2, 8])):
            if content:
                content[int(len(content) * chance.random())] = chance.randrange(256)
        return bytes(content)
    request.changes.append(change)


def spoil_text(chance, request):
    odd = chance.choice([b"\0", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\\u0000", b"\\ud800", b"\\udc00\\ud800", b'"', b"}", b"]", b",", b"\\", b"\n", b"/**/", b"\xef\xbb\xbf", b"%00", b"&&", b"[", b"=&="])
    where = chance.choice([0.0, 1.0, chance.random(), chance.random()])

    def change(content):
        place = content.find(b'"', int(len(content) * where)) + 1 if chance_inside else int(len(content) * where)
        return content[:place] + odd + content[place:]
    chance_inside = chance.random() < 0.4
    request.changes.append(change)


def spoil_number(chance, request):
    number = chance.choice([b"1e400", b"-1e400", b"9" * 400, b"0." + b"1" * 400, b"1e-400", b"99999999999999999999", b"-0", b"01", b"+1", b".5", b"1.", b"NaN", b"Infinity", b"0x10", b"4e9", b"1e11", b"253402300800", b"-62135596801", b"9e15"])
    name = chance.choice(list(request.route.fields) or ["x"]).encode()
    request.changes.append(lambda content: content.replace(b"{", b'{"' + name + b'": ' + number + b", ", 2).replace(b", }", b"}"))


def spoil_length(chance, request):
    cut = chance.random()
    size = chance.choice([65000, 65535, 65536, 65537, 70000, 300000, 1100000])
    request.changes.append(chance.choice([lambda content: content[:int(len(content) * cut)], lambda content: content * 2, lambda content: content + b" " * max(0, size - len(content)), lambda content: b" " * 9 + content,
                                          lambda content: content.replace(b": ", b': "' + b"x" * size + b'", "y": ', 1)]))


def spoil_depth(chance, request):
    depth, mark = chance.choice([2, 5, 9, 10, 11, 20, 500, 2040, 2060, 20000]), chance.choice([(b"[", b"]"), (b'{"a": ', b"}"), (b"[[],", b"]"), (b"[", b"")])
    request.changes.append(lambda content: (mark[0] * depth + (content or b"1") + mark[1] * depth) if depth % 2 else b'{"' + (request.route.wrapper or "x").encode() + b'": {"custom": ' + mark[0] * depth + b"1" + mark[1] * depth + b"}}")


def spoil_twice(chance, request):
    where = chance.random()

    def change(content):
        members = re.findall(rb'"\w+": (?:"[^"]*"|\d+|null)', content)
        return content.replace(b"{", b"{" + members[int(len(members) * where)] + b", ", 2) if members else content + content
    request.changes.append(change)


def spoil_type(chance, request):
    if chance.random() < 0.5:
        request.as_form, request.type = True, TYPES[0]
    else:
        request.type = chance.choice(TYPES)


def spoil_method(chance, request):
    request.method = chance.choice(METHODS)


def spoil_id(chance, request):
    start, _, rest = request.path.rpartition("/")
    others = [] if request.route.kind == "realms" else BYSTANDERS  # a key to all realms is meant for theirs, too
    odd = chance.choice([lambda: urllib.parse.quote(chance.choice(WORDS + others).encode("utf-8", "surrogatepass"), safe=""), lambda: rest + chance.choice(ESCAPES), lambda: chance.choice(ESCAPES) + rest,
                         lambda: "".join(f"%{b:02x}" for b in rest.encode()), lambda: rest[:-1], lambda: rest.swapcase(), lambda: rest + "/", lambda: rest + "/x", lambda: "/" + rest, lambda: rest * 3, lambda: "a" * 7000])()
    if request.route.verb and chance.random() < 0.7:
        start, _, _ = start.rpartition("/")
        request.path = f"{start}/{odd}/{rest}"
    else:
        request.path = f"{start}/{odd}"


def spoil_place(chance, request):
    request.path = chance.choice(["/users", "/nothing", "//", "/%76%31", "/V1", "/v2", "/v1/v1", "/v1/..", ""]) + request.path.removeprefix("/v1" if chance.random() < 0.7 else "") or "/"


def spoil_query(chance, request):
    names = list(request.route.parameters) + ["after", "max_results", "sort", "direction", "expand[]", "expand", "realm_id", "a[b]", "a[", "request[ip]", "", "user[email]", "x" * 300]
    for _ in range(chance.choice([1, 1, 2, 3, 300])):
        request.query.append(f"{urllib.parse.quote(chance.choice(names), safe='[]')}={urllib.parse.quote(str(chance.choice(WORDS[:22] + BYSTANDERS + [0, 1, 99, 1001, -1])).encode('utf-8', 'surrogatepass'))}{chance.choice(['', '', '', *ESCAPES])}")
    while request.query and len(request.uri) > 7500:
        request.query.pop()


def spoil_header(chance, request):
    request.headers.append(chance.choice(HEADERS))


def spoil_framing(chance, request):
    request.framing = chance.choice(["chunked", "chunked", "broken off"])


SPOILERS = [spoil_value, spoil_value, spoil_member, spoil_shape, spoil_bytes, spoil_text, spoil_number, spoil_length, spoil_depth, spoil_twice, spoil_type, spoil_method, spoil_id, spoil_id, spoil_place, spoil_query, spoil_header,
            spoil_framing]


# ---- the run ----


def bystanders():
    """Make things in a realm for which no request is meant, so that none may touch them; return their ids, the realm's last."""
    return sql("""
        CREATE TEMPORARY TABLE realm AS WITH made AS (INSERT INTO arsignup.realms (name) VALUES ('Bystanders') RETURNING id) SELECT id FROM made;
        CREATE TEMPORARY TABLE made AS SELECT arsignup.create_user(id, 'bystander@example.com', gen_random_uuid()::text) AS u, arsignup.create_org(id, 'Bystanders') AS o FROM realm;
        SELECT arsignup.format_id('usr', u) || ' ' || arsignup.format_id('org', o) || ' ' || arsignup.format_id('mb', arsignup.create_membership(id, u, o)) || ' ' ||
            (SELECT arsignup.format_id('kss', session_id) || ' ' || token FROM arsignup.create_session(id, u)) || ' ' || arsignup.format_id('crd', u) || ' ' || arsignup.format_id('rl', id) FROM realm, made""").split()


def digest():
    """Return what the bystanders are like."""
    return sql("SELECT md5(concat(" + ", ".join(f"(SELECT string_agg(t::text, ' ' ORDER BY t.id) FROM arsignup.{t} AS t WHERE realm_id = arsignup.parse_id('{BYSTANDERS[-1]}'))"
                                                for t in ("users", "orgs", "memberships", "sessions")) + f", (SELECT string_agg(t::text, ' ' ORDER BY t.user_id) FROM arsignup.credentials AS t WHERE realm_id = arsignup.parse_id('{BYSTANDERS[-1]}'))))")


seed = int(os.environ.get("SEED", random.SystemRandom().randrange(10 ** 6)))
print(f"# SEED={seed} REQUESTS={MANY}")
described = ruby().ask("GET", "openapi.json").json
routes = [Route(path, method, operation) for path, methods in described["paths"].items() for method, operation in methods.items()]
BYSTANDERS = bystanders()
before = digest()
clients = [Client(n) for n in range(CLIENTS)]
threads = [threading.Thread(target=client.run, args=(-(-MANY // CLIENTS),)) for client in clients]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for client in clients:
    if client.complaint:
        ok(False, f"client {client.number}: {client.complaint[0]}"[:2000], client.complaint[1] if len(client.complaint[1]) < 3500 else client.complaint[1][:3000] + b" ... %d bytes" % len(client.complaint[1]))
for route in routes:
    if route.is_offered and not any((str(route), route.success) in client.answers for client in clients):
        clients[0].insist(route)
answers = collections.Counter(answer for client in clients for answer in client.answers)
print("# answers:", dict(sorted(collections.Counter(status for _, status in answers.elements()).items())))
equal([c.number for c in clients if c.complaint], [], f"{MANY} requests that no client would send: each gets a proper answer")
equal(len(set.union(*(c.request_ids for c in clients))), sum(len(c.request_ids) for c in clients), "each an id of its own")
equal([str(r) for r in routes if r.is_offered and not answers[str(r), r.success]], [], "some of every call come through")
equal([str(r) for r in routes if sum(n for (route, _), n in answers.items() if route == str(r)) < MANY / len(routes) / 2], [], "and none is left out")
equal(sorted({200, 201, 204, 400, 401, 403, 404, 405, 406, 409, 413, 415, 422} - {status for _, status in answers}), [409], "and fail in every way but by a conflict")
equal(digest(), before, "a realm for which no request is meant is as it was")
equal(re.findall(r"\[\d+\] XX\w{3} .*", logs()["log"])[:3], [], "no internal error")
secrets = set.union(*(c.secrets for c in clients)) | set(filter(None, KEYS)) | {os.environ["SECOND_KEY"], *BYSTANDERS[4:5]}
ok(len(secrets) > MANY / 50, "they were told many tokens", len(secrets))
equal(leaks({s for s in secrets if len(s) > 30})[:3], [], "no password, token or key in any log")
finish()
