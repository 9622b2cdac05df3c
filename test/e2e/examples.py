"""Records an example of each call of the Core API that is offered, and compares them with those that are kept.

usage: examples.py [--write], with the address of a site in BASE_URL, and a key to all realms in API_KEY

CALLS are made in their order, of an empty database. What differs each time (ids, tokens, times) is replaced by what has
its shape and is the same each time. With --write the examples are kept, not compared. Prints TAP.
"""
import hashlib
import json
import re
import sys
from pathlib import Path

import jsonschema
from wire import KEY, Client, equal, finish, ok

KEPT = Path("docs/openapi.examples.json")
DOCUMENT = Path("docs/openapi.json")

# Method and path as the description has them, what stands in the place of {id}, or follows the path, the body, and what is
# remembered of the answer, by name: <name> stands for it. One without method and path is made for what comes after it.
ADA = {"email": "ada@example.com", "password": "correct horse battery staple", "first_name": "Ada", "last_name": "Lovelace"}
GRACE = {"email": "grace@example.com", "password": "nine-inch bug in a relay", "first_name": "Grace"}
ASKS = {"ip": "192.0.2.1", "client": "Mozilla/5.0"}
MINT = {"email": "mary@example.com", "password": "correct horse battery staple", "org_name": "Engines"}
ITSELF = "GET /v1/openapi.json"  # whose answer is the description: no example of it stands in it
CALLS = (
    (ITSELF, "", None, {}),
    ("POST /v1/realms", "", {"realm": {"name": "Shop", "username_validation_human": "email"}}, {"realm": "id"}),
    ("GET /v1/realms", "?max_results=10", None, {}),
    ("GET /v1/realms/{id}", "<realm>", None, {}),
    ("PUT /v1/realms/{id}", "<realm>", {"realm": {"session_minutes": 720, "event_retention": None, "jwt_fields": ["memberships"]}}, {}),
    ("GET /v1/auth_providers", "", None, {"provider": "collection.0.id"}),
    ("GET /v1/auth_providers/{id}", "<provider>", None, {}),
    ("PUT /v1/auth_providers/{id}", "<provider>", {"auth_provider": {"min_length": 10}}, {}),
    ("POST /v1/auth_providers", "", {"auth_provider": {"provider_type": "login_rocket", "email_verification": "request"}}, {}),
    ("POST /v1/jwt_keys", "", {"jwt_key": {"algo": "hs256"}}, {"jwt_key": "id"}),
    ("GET /v1/jwt_keys", "", None, {}),
    ("GET /v1/jwt_keys/{id}", "<jwt_key>", None, {}),
    ("DELETE /v1/jwt_keys/{id}", "<jwt_key>", None, {}),
    ("POST /v1/login_policies", "", {"login_policy": {
        "name": "Shop", "subdomain": "shop", "login_handler": "https://shop.example.com/login", "signup_mode": "signup_token"}}, {"app": "id"}),
    ("GET /v1/login_policies", "", None, {}),
    ("GET /v1/login_policies/{id}", "<app>", None, {}),
    ("PUT /v1/login_policies/{id}", "<app>", {"login_policy": {"custom_domains": ["auth.shop.example.com"]}}, {}),
    ("POST /v1/app_hooks", "", {"app_hook": {"hook_type": "webhook", "event_type": ["user.*"], "destination": "https://crm.example.com/users"}}, {"hook": "id"}),
    ("GET /v1/app_hooks", "", None, {}),
    ("GET /v1/app_hooks/{id}", "<hook>", None, {}),
    ("PUT /v1/app_hooks/{id}", "<hook>", {"app_hook": {"state": "inactive"}}, {}),
    ("DELETE /v1/app_hooks/{id}", "<hook>", None, {}),

    ("POST /v1/users", "", {"user": {**ADA, "reference": "customer-1"}}, {"ada": "id", "password": "credentials.0.id"}),
    ("GET /v1/users", "?reference=customer-1", None, {}),
    ("GET /v1/users/{id}", "<ada>?expand=memberships", None, {}),
    ("PUT /v1/users/{id}", "<ada>", {"user": {"first_name": "Augusta Ada", "custom": {"plan": "gold"}}}, {}),
    ("POST /v1/users/{id}/authenticate", "ada@example.com", {"password": ADA["password"], "request": ASKS}, {}),
    ("PUT /v1/users/{id}/update_password", "<ada>", {"user": {"current_password": ADA["password"], "password": GRACE["password"]}}, {}),
    ("POST /v1/users/{id}/generate_password_token", "<ada>", None, {"reset": "token"}),
    ("POST /v1/users/{id}/reset_password_with_token", "<ada>", {"user": {"token": "<reset>", "password": ADA["password"]}}, {}),
    ("POST /v1/users/{id}/request_email_verification", "<ada>", None, {"verification": "token"}),
    ("POST /v1/users/{id}/verify_email", "<ada>", {"user": {"token": "<verification>"}}, {}),
    ("GET /v1/credentials/{id}", "<password>", None, {}),
    ("PUT /v1/credentials/{id}", "<password>", {"credential": {"password": "a horse that is correct"}}, {}),
    ("DELETE /v1/credentials/{id}", "<password>", None, {}),
    ("POST /v1/credentials", "", {"credential": {"user_id": "<ada>", "credential_type": "password", "password": ADA["password"]}}, {}),
    (None, "POST /v1/users", {"user": {"user_type": "api", "username": "backup"}}, {"api_key": "api_key"}),
    ("POST /v1/users/authenticate_key", "", {"api_key": "<api_key>"}, {}),

    ("POST /v1/user_tokens", "", {"user_token": MINT}, {"token": "id", "signup": "signup_id"}),
    ("GET /v1/user_tokens/{id}", "<token>", None, {}),
    ("POST /v1/user_tokens/{id}/hold", "<token>", {"user_token": {"hold_for": 1800}}, {}),
    ("DELETE /v1/user_tokens/{id}", "<token>", None, {}),
    ("POST /v1/signup_tokens", "", {"signup_token": {**MINT, "email": "emmy@example.com"}}, {"token": "id"}),
    ("GET /v1/signup_tokens/{id}", "<token>", None, {}),
    ("POST /v1/signup_tokens/{id}/hold", "<token>", {"signup_token": {"hold_for": 1800}}, {}),
    ("DELETE /v1/signup_tokens/{id}", "<token>", None, {}),

    ("POST /v1/sessions", "", {"session": {"user_id": "<ada>", **ASKS}}, {"session": "id"}),
    ("GET /v1/sessions", "?user_id=<ada>", None, {}),
    ("GET /v1/sessions/{id}", "<session>", None, {}),
    ("DELETE /v1/sessions/{id}", "<session>", None, {}),
    ("POST /v1/orgs", "", {"org": {"name": "Analytical Engines", "reference": "account-1"}}, {"org": "id"}),
    ("GET /v1/orgs", "?reference=account-1", None, {}),
    ("GET /v1/orgs/{id}", "<org>", None, {}),
    ("PUT /v1/orgs/{id}", "<org>", {"org": {"custom": {"seats": 5}}}, {}),
    ("POST /v1/memberships", "", {"membership": {"org_id": "<org>", "user_id": "<ada>", "permissions": ["owner"], "expires_at": "2038-01-01T00:00:00Z"}}, {"membership": "id"}),
    ("GET /v1/memberships", "?org_id=<org>", None, {}),
    ("GET /v1/memberships/{id}", "<membership>?expand=org", None, {}),
    ("PUT /v1/memberships/{id}", "<membership>", {"membership": {"permissions": ["owner", "billing"], "expires_at": None}}, {}),
    ("GET /v1/events", "?event_type=membership&max_results=2", None, {"event": "collection.0.id"}),
    ("GET /v1/events/{id}", "<event>?expand=user", None, {}),
    ("DELETE /v1/memberships/{id}", "<membership>", None, {}),
    ("DELETE /v1/orgs/{id}", "<org>", None, {}),
    ("DELETE /v1/users/{id}", "<ada>", None, {}),
    ("DELETE /v1/login_policies/{id}", "<app>", None, {}),
    ("POST /v1/realms/{id}/reset", "<realm>", None, {}),
    ("DELETE /v1/realms/{id}", "<realm>", None, {}),
)

# ---- what is the same each time ----

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NAMES = re.compile(r"\b(?:[a-z]{2,4})_[0-9A-Za-z_-]{16,}|eyJ[\w-]+\.[\w-]+\.[\w-]+")
SECRETS = ("jwt_key", "jwt_secret", "x")  # of fields, which have no prefix
TIME = 1767225600.123
LOGIN_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOiJ1c3JfLi4uIn0.c2lnbmF0dXJl"


class Stable:
    """Replaces ids, tokens, times and keys by others of their shape; the same one by the same."""

    def __init__(self):
        self.replaced = {}

    def letters(self, text, kind, start=0):
        """Return a text of this kind, as long, of letters that its number gives; from a start on, where what stays is between."""
        number = self.replaced.setdefault(text, len(self.replaced))
        digest = b"".join(hashlib.sha256(f"{kind} {number} {part}".encode()).digest() for part in range(len(text) // 32 + 1))
        return text[:start] + "".join(LETTERS[byte % 62] for byte in digest[:len(text) - start])

    def name(self, match):
        """Replace an id or a token."""
        text = match[0]
        if text.startswith("eyJ"):
            return LOGIN_TOKEN
        prefix = text.index("_") + 1
        if prefix + 22 == len(text):  # an id begins with the digits of its time
            prefix += 1
        return self.letters(text, text[:prefix], prefix)

    def value(self, value, name=""):
        """Replace what differs in a value of JSON."""
        if isinstance(value, dict):
            return {key: self.value(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [self.value(element) for element in value]
        if isinstance(value, str):
            return self.letters(value, name) if name in SECRETS else NAMES.sub(self.name, value)
        if name.endswith(("_at", "_until")) and isinstance(value, (int, float)):
            return TIME if isinstance(value, float) else int(TIME) + 86400
        return value


# ---- recording ----


def found(answer, path):
    """Return what a path of names and numbers leads to in an answer."""
    for step in path.split("."):
        answer = answer[int(step) if step.isdigit() else step]
    return answer


class Recorder:
    """Makes the calls."""

    def __init__(self):
        self.known, self.stable, self.examples = {}, Stable(), {}

    def filled(self, value):
        """Put in what was remembered."""
        text = json.dumps(value)
        return json.loads(re.sub("<([a-z_]+)>", lambda m: self.known[m[1]], text))

    def call(self, operation, more, body, remembered):
        """Make a call, and keep it if it has a name."""
        method, path = (operation or more).split(" ")
        if operation:
            path = path.replace("{id}", more) if "{id}" in path else path + more
        path, body = self.filled(path), self.filled(body)
        headers = ["Content-Type: application/json", f"X-Authrocket-Api-Key: {KEY}"]
        if "realm" in self.known:
            headers.append(f"X-Authrocket-Realm: {self.known['realm']}")
        client = Client(headers, empty=b"")
        answer = client.ask(method, path.removeprefix("/v1/"), body)
        if client.connection:
            client.connection.close()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer}")
        for name, where in remembered.items():
            self.known[name] = found(answer.json, where)
        if operation:
            example = {"request": self.stable.value(f"{method} {path}"), "body": self.stable.value(body), "status": answer.status}
            if answer.json and operation != ITSELF:
                example["answer"] = self.stable.value(answer.json)
            self.examples[operation] = {key: value for key, value in example.items() if value is not None}
        return answer


def record():
    """Return the examples, and the description."""
    recorder = Recorder()
    described = None
    for call in CALLS:
        answer = recorder.call(*call)
        described = described or answer.json
    return recorder.examples, described


def written(examples):
    """Return the examples as they are kept: a line each."""
    lines = (f"{json.dumps(operation)}: {json.dumps(example, ensure_ascii=False)}" for operation, example in examples.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


# ---- comparing ----


def offered(described):
    """Return the operations that are ever done, by name."""
    return {f"{method.upper()} {path}": operation for path, methods in described["paths"].items() for method, operation in methods.items()
            if any(status < "3" for status in operation["responses"])}


def strict(described):
    """Return the description with resources that have no member but those described, none of which is only written."""
    described = json.loads(json.dumps(described))
    for resource in described["components"]["schemas"].values():
        if "additionalProperties" not in resource and "object" in resource.get("properties", {}):
            resource["additionalProperties"] = False
            resource["properties"] = {name: schema for name, schema in resource["properties"].items() if not schema.get("writeOnly")}
    return described


def faults(described, schema, value):
    """Return what a schema of the description finds wrong with a value."""
    resolver = jsonschema.RefResolver("", described)
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in
            jsonschema.Draft202012Validator(schema, resolver=resolver).iter_errors(value)]


def schema_of(content):
    """Return the schema of a body."""
    return content["content"]["application/json"]["schema"]


def check(operation, described_operation, example, described):
    """Report tests of one example: it is what the description says, and stands in the document."""
    wrong = []
    if "body" in example:
        wrong += faults(described, schema_of(described_operation["requestBody"]), example["body"])
    response = described_operation["responses"].get(str(example["status"]), {})
    if "answer" in example:
        wrong += faults(strict(described), schema_of(response), example["answer"])
    equal("answer" in example, "content" in response and operation != ITSELF, f"{operation}: answered as described")
    equal(wrong, [], f"{operation}: valid by its schema")


def check_document(operation, document, example):
    """Report a test that an example stands in the document."""
    there = document.get(operation, {})
    content = there.get("responses", {}).get(str(example["status"]), {}).get("content", {}).get("application/json", {})
    body = there.get("requestBody", {}).get("content", {}).get("application/json", {})
    equal((there.get("x-example"), body.get("example"), content.get("example")),
          (example["request"], example.get("body"), example.get("answer")), f"{operation}: in docs/openapi.json")


def compare(examples, described):
    """Report whether the examples are those that are kept, valid, and all."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    document = offered(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    calls = offered(described)
    equal(sorted(examples), sorted(calls), "every call that is offered has an example, and no other")
    for operation, example in examples.items():
        equal(kept.get(operation), example, f"{operation}: answered as recorded")
        check(operation, calls[operation], example, described)
        check_document(operation, document, example)
    equal(KEPT.read_text(encoding="utf-8"), written(examples), "kept as they are written")
    ok(KEY not in KEPT.read_text(encoding="utf-8"), "the key is not among them")


if sys.argv[1:] == ["--write"]:
    KEPT.write_text(written(record()[0]), encoding="utf-8")
else:
    compare(*record())
    finish()
