"""The Core API, called by the bytes that clients of AuthRocket 1 send. Prints TAP."""
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import jwt

from wire import BASE, KEY, PASSWORD, REALM, Client, Connection, equal, finish, leaks, ok, php, ruby, sql, superagent

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


def credentials(client, name, user, robot, described):
    """What clients expect of credentials: of a person and of a program."""
    password = f"credentials/{user['credentials'][0]['id']}"
    found = is_resource(client.ask("GET", password), 200, "credential", f"{name}: find a password", described)
    ok(found["credential_type"] == "password" and found["user_id"] == user["id"], f"{name}: whose it is", found)
    is_resource(client.ask("PUT", password, {"credential": {"password": "canary-horse five", "password_confirmation": "canary-horse five"}}), 200, "credential", f"{name}: set a password", described)
    equal(client.ask("POST", f"users/{user['id']}/authenticate", {"password": "canary-horse five"}).status, 200, f"{name}: which logs in")
    equal(client.ask("DELETE", password).status, 204, f"{name}: delete a password")
    equal(client.ask("GET", password).status, 404, f"{name}: it is gone")
    equal(client.ask("POST", f"users/{user['id']}/authenticate", {"password": "canary-horse five"}).status, 401, f"{name}: nobody logs in by it")
    given = {"credential": {"credential_type": "password", "user_id": user["id"], "password": PASSWORD, "password_confirmation": PASSWORD}}
    equal(is_resource(client.ask("POST", "credentials", given), 201, "credential", f"{name}: make another", described).get("id"), user["credentials"][0]["id"], f"{name}: by the same id")
    key = is_resource(client.ask("POST", "credentials", {"credential": {"credential_type": "api_key", "user_id": robot["id"], "api_key": "generate"}}), 201, "credential", f"{name}: make a key", described)
    equal(client.ask("POST", "users/authenticate_key", {"api_key": key.get("api_key")}).json.get("id"), robot["id"], f"{name}: by which a program is known")
    equal(client.ask("DELETE", f"credentials/{key.get('id')}").status, 204, f"{name}: delete it")
    totp = client.ask("POST", "credentials", {"credential": {"credential_type": "totp", "user_id": user["id"]}})
    ok(totp.status == 422 and "second factor" in totp.json["errors"]["credential_type"][0], f"{name}: no second factor", totp)
    refused = client.ask("POST", f"{password}/verify", {"credential": {"code": "123456"}})
    ok(refused.status == 404 and "second factor" in refused.json["error"], f"{name}: and no code to verify", refused)


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
    equal(client.ask("GET", f"users/{escaped}?expand[]=memberships&expand[]=credentials").json["memberships"], [], f"{name}: arrays in queries")
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

    credentials(client, name, user, robot, described)
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


def long_session(client, name, user):
    """A login token of nine kilobytes in a path."""
    database = os.environ["PGDATABASE"]
    sql(f"ALTER DATABASE {database} SET arsignup.max_login_token_size = '16kB'")
    sql(f"UPDATE arsignup.realms SET jwt_fields = '{{custom}}' WHERE id = '{os.environ['REALM']}'")
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'authenticator'")
    for _ in range(200):
        answer = client.ask("PUT", f"users/{user['id']}", {"user": {"custom": {"long": "x" * 6500}}})
        if answer.status == 200:
            break
        time.sleep(0.05)
    session = client.ask("POST", "sessions", {"session": {"user_id": user["id"]}}).json
    ok(len(session["token"]) > 9000, f"{name}: a login token of {len(session['token'])} bytes")
    equal(client.ask("GET", f"sessions/{session['token']}").json["id"], session["id"], f"{name}: by which its session is found")
    equal(client.ask("DELETE", f"sessions/{session['token']}").status, 204, f"{name}: and ended")
    equal(client.ask("PUT", f"users/{user['id']}", {"user": {"custom": {}}}).status, 200, f"{name}: and the user is as before")
    sql(f"ALTER DATABASE {database} RESET arsignup.max_login_token_size")
    sql(f"UPDATE arsignup.realms SET jwt_fields = '{{}}' WHERE id = '{os.environ['REALM']}'")


def sessions(client, name, user, described):
    """What clients expect of sessions, and of the tokens."""
    session = is_resource(client.ask("POST", "sessions", {"session": {"ip": "1.2.3.4", "client": "UA", "user_id": user["id"]}}), 201, "session", f"{name}: create a session", described)
    equal(session["request"], {"ip": "1.2.3.4", "client": "UA"}, f"{name}: from where")
    ok(session["id"] in [s["id"] for s in client.ask("GET", f"sessions?user_id={user['id']}").json["collection"]], f"{name}: listed")
    equal(client.ask("GET", f"sessions/{session['id']}").json["user"]["id"], user["id"], f"{name}: found")
    equal(client.ask("GET", f"sessions/{session['token']}").json["id"], session["id"], f"{name}: found by its token")
    long_session(client, name, user)
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
    if name == "php":  # it has been carried out, but nobody has heard of that; with the other it may have been
        made = f"SELECT count(*) FROM arsignup.users WHERE email_key = '{email}'"
        for _ in range(200):
            if sql(made) == "1":
                break
            time.sleep(0.05)
        equal(sql(made), "1", f"{name}: redeemed, and the connection breaks")
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


def fresh(described):
    """What is asserted of a realm that has just been made: lists have exactly what was made."""
    made = sql("WITH r AS (INSERT INTO arsignup.realms (name) VALUES ('Fresh') RETURNING id) SELECT arsignup.format_id('rl', id) FROM r")
    client = superagent(os.environ["EVERY_KEY"], made)

    def listed(path):
        answer = client.ask("GET", path)
        ok("content-encoding" not in answer.headers and answer.headers["content-type"].startswith("application/json") and answer.json["more_results"] is False, f"fresh: {path.partition('=')[0]}: JSON, not compressed", answer)
        return [thing["id"] for thing in answer.json["collection"]]

    equal([listed(kind) for kind in ("users", "orgs", "memberships", "sessions")], [[]] * 4, "fresh: nothing is listed")
    user = is_resource(client.ask("POST", "users", {"user": {"user_type": "human", "username": "sally@example.com", "email": "sally@example.com", "password": PASSWORD, "first_name": "Sally", "last_name": "Ride"}}), 201, "user", "fresh: a person", described)
    equal((user["realm_id"], user["name"], user["state"], user["email_verification"], user["membership_count"]), (made, "Sally Ride", "active", "none", 0), "fresh: as it was asked for")
    robot = client.ask("POST", "users", {"user": {"user_type": "api"}}).json
    equal(listed("users"), [user["id"], robot["id"]], "fresh: both are listed, and nobody else")
    equal(listed("users?username=sally%40example.com"), [user["id"]], "fresh: by username")
    answer = client.ask("POST", f"users/{user['id']}/authenticate?expand[]=memberships", {"password": PASSWORD})
    ok(answer.status == 200 and isinstance(answer.json["token"], str) and answer.json["memberships"] == [], "fresh: authenticate by id, with an array in the query", answer)
    session = client.ask("POST", "sessions", {"session": {"user_id": user["id"]}}).json
    equal(len(listed(f"sessions?user_id={user['id']}")), 2, "fresh: the session of the login, and one more")
    equal(client.ask("DELETE", f"sessions/{session['id']}?request[ip]=192.0.2.1&request[client]=UA&realm_id={made}").status, 204, "fresh: delete, with parameters in the query")
    ok(session["id"] not in listed(f"sessions?user_id={user['id']}"), "fresh: and it is not listed any more")
    orgs_made = [client.ask("POST", "orgs", {"org": {"name": f"Org {n}"}}).json["id"] for n in range(3)]
    equal(listed("orgs"), orgs_made, "fresh: orgs, by name")
    first = client.ask("GET", "orgs?max_results=2").json
    rest = client.ask("GET", f"orgs?max_results=2&after={first['collection'][-1]['id']}").json
    equal((first["more_results"], [o["id"] for o in first["collection"] + rest["collection"]], rest["more_results"]), (True, orgs_made, False), "fresh: page by page")
    member = client.ask("POST", "memberships", {"membership": {"org_id": orgs_made[0], "user_id": user["id"]}}).json
    equal((member["permissions"], member["expires_at"]), ([], None), "fresh: a new membership has no permissions")
    equal((listed(f"memberships?org_id={orgs_made[0]}"), listed(f"memberships?org_id={orgs_made[1]}"), listed("memberships")), ([member["id"]], [], [member["id"]]), "fresh: memberships by org")
    equal(client.ask("GET", f"users/{user['id']}").json["membership_count"], 1, "fresh: which are counted")
    equal(client.ask("DELETE", f"users/{user['id']}?request[ip]=192.0.2.1").status, 204, "fresh: delete the person")
    equal((listed("users"), listed("memberships"), listed("sessions")), ([robot["id"]], [], []), "fresh: and what was theirs")
    answer = client.ask("POST", f"users/{robot['id']}/request_email_verification", b"")
    ok(answer.status == 422 and isinstance(answer.json["errors"], dict), "fresh: what cannot be done, is said, to an empty body too", answer)
    equal(client.connections, 1, "fresh: all on one connection")


def realms(described):
    """What clients expect of realms, which their tests make and delete, and of what is set in them."""
    made = [is_resource(php(os.environ["EVERY_KEY"]).ask("POST", "realms", {"realm": {"name": f"Made {n}"}}), 201, "realm", f"realms: create {n}", described) for n in range(2)]
    client = superagent(os.environ["EVERY_KEY"], made[0]["id"])
    ok({r["id"] for r in made} <= {r["id"] for r in client.ask("GET", "realms?max_results=1000").json["collection"]}, "realms: both are listed")
    equal(is_resource(client.ask("GET", f"realms/{made[1]['id']}"), 200, "realm", "realms: find one", described), made[1], "realms: as it was made")
    equal(client.ask("PUT", f"realms/{made[1]['id']}", {"realm": {"name": "Renamed"}}).json["name"], "Renamed", "realms: update")
    answer = client.ask("POST", "realms", {"realm": {"session_minutes": 0}})
    equal((answer.status, answer.json), (422, {"errors": {"name": ["Name can't be blank."], "session_minutes": ["Session minutes must be 1 to 527040, not \"0\"."]}}), "realms: what is wrong, all at once")

    user = client.ask("POST", "users", {"user": {"user_type": "human", "username": "sally", "email": "sally@example.com", "password": PASSWORD}}).json
    for algorithm in ("hs256", "rs256"):
        realm = client.ask("PUT", f"realms/{made[0]['id']}", {"realm": {"jwt_algo": algorithm}}).json
        token = client.ask("POST", "sessions", {"session": {"user_id": user["id"]}}).json["token"]
        equal(("PUBLIC KEY" in realm["jwt_key"], realm["jwt_key"] == made[0]["jwt_key"]), (algorithm == "rs256", algorithm == "hs256"), f"realms: {algorithm}: its key")
        equal(jwt.decode(token, realm["jwt_key"], algorithms=[algorithm.upper()], audience=made[0]["id"])["uid"], user["id"], f"realms: {algorithm}: by which tokens are verified")
        equal(verified(token, algorithm.upper(), realm["jwt_key"]).get("uid"), user["id"], f"realms: {algorithm}: by ruby-jwt, too")

    providers = client.ask("GET", "auth_providers").json["collection"]
    equal([(p["provider_type"], p["min_length"]) for p in providers], [("password", 8)], "realms: a new one has one provider")
    equal(is_resource(client.ask("PUT", f"auth_providers/{providers[0]['id']}", {"auth_provider": {"min_length": 12}}), 200, "auth_provider", "realms: change it", described).get("min_length"), 12, "realms: changed")
    answer = client.ask("POST", "users", {"user": {"username": "short", "email": "short@example.com", "password": "canary-9!xQ"}})
    ok(answer.status == 422 and "12" in answer.json["errors"]["password"][0], "realms: which holds at once", answer)
    equal(list(client.ask("POST", "auth_providers", {"auth_provider": {"provider_type": "google", "client_id": "x"}}).json["errors"]), ["provider_type"], "realms: no other service")
    key = is_resource(client.ask("POST", "jwt_keys"), 201, "jwt_key", "realms: another key, for an empty body", described)
    equal([(k["id"] == key["id"], k["state"]) for k in client.ask("GET", "jwt_keys").json["collection"]], [(False, "retired"), (False, "retired"), (True, "active")], "realms: the ones before are retired")

    equal(client.ask("POST", f"realms/{made[0]['id']}/reset").status, 200, "realms: reset, by an empty body")
    equal(client.ask("GET", "users").json["collection"], [], "realms: nobody is left")
    ok(not leaks({made[0]["jwt_key"], made[1]["jwt_key"]}), "realms: no secret is in any log")
    equal([client.ask("DELETE", f"realms/{r['id']}").status for r in made], [204, 204], "realms: delete")
    equal([client.ask(method, f"realms/{r['id']}").status for r in made for method in ("GET", "PUT", "DELETE")], [404, 404, 204] * 2, "realms: deleted, also if that is said twice")
    equal(client.ask("GET", "users").status, 404, "realms: and all that was in them")
    equal(ruby(os.environ["ADMIN_KEY"]).ask("GET", f"realms/{REALM}").json["id"], REALM, "realms: an administrator of one sees it")
    equal([ruby(os.environ["ADMIN_KEY"]).ask(method, path).status for method, path in (("GET", "realms"), ("POST", "realms"), ("DELETE", f"realms/{REALM}"), ("POST", f"realms/{REALM}/reset"))], [403] * 4, "realms: and no more")


def page(path, host):
    """Return a page's status and text, as a browser at this host sees it."""
    request = urllib.request.Request(f"http://{BASE}{path}", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def apps(described):
    """Connected apps: made and changed over HTTP, they are seen at once by who opens their pages."""
    client = superagent(os.environ["EVERY_KEY"], REALM)
    given = {"name": "Wire", "login_handler": "https://wire.example.com/in", "custom_domains": ["wire.example.com"], "header": "<p id=\"wired\">Hi</p>"}
    app = is_resource(client.ask("POST", "login_policies", {"login_policy": given}), 201, "login_policy", "apps: connect one", described)
    slug = app["subdomain"]
    for what, path, host in (("by its subdomain", f"/{slug}/login", BASE), ("by its host", "/login", "wire.example.com")):
        status, text = page(path, host)
        ok(status == 200 and '<p id="wired">Hi</p>' in text, f"apps: its pages are there {what}", status, text)
    is_resource(client.ask("PUT", f"login_policies/{app['id']}", {"login_policy": {"header": "<p id=\"rewired\">Ho</p>", "subdomain": f"{slug}-2"}}), 200, "login_policy", "apps: change it", described)
    ok('<p id="rewired">Ho</p>' in page(f"/{slug}-2/login", BASE)[1] and page(f"/{slug}/login", BASE)[0] == 404, "apps: which is seen at once, at its new address")
    ok(app["id"] in [a["id"] for a in client.ask("GET", "login_policies?max_results=1000").json["collection"]], "apps: listed")
    equal([ruby(os.environ[key]).ask("PUT", f"login_policies/{app['id']}", {"login_policy": {"header": "x"}}).status for key in ("READ_KEY", "API_KEY", "OTHER_KEY")], [403] * 3, "apps: only keys that administer write HTML into pages")
    equal(client.ask("DELETE", f"login_policies/{app['id']}").status, 204, "apps: delete it")
    equal((page(f"/{slug}-2/login", BASE)[0], page("/login", "wire.example.com")[0]), (404, 404), "apps: and its pages are gone")

    hook = is_resource(client.ask("POST", "app_hooks", {"app_hook": {"hook_type": "webhook", "event_type": ["user.*"], "destination": "https://wire.example.com/hook"}}), 201, "app_hook", "hooks: make one", described)
    is_resource(client.ask("PUT", f"app_hooks/{hook['id']}", {"app_hook": {"delay": 5}}), 200, "app_hook", "hooks: change it", described)
    equal(client.ask("POST", "app_hooks", {"app_hook": {"hook_type": "email", "event_type": "user.created"}}).json["errors"]["hook_type"][0][:30], "Hook type must be webhook: mai", "hooks: none that mails")
    equal(client.ask("DELETE", f"app_hooks/{hook['id']}").status, 204, "hooks: delete it")


def events(described):
    """What happened: the last first, by what it is about."""
    client = superagent()
    user = client.ask("POST", "users", {"user": {"email": "event@example.com", "password": PASSWORD}}).json
    client.ask("POST", f"users/{user['id']}/authenticate", {"password": PASSWORD, "request": {"ip": "192.0.2.9", "client": "UA"}})
    listed = client.ask("GET", f"events?user_id={user['id']}&expand[]=user&expand[]=notifications").json["collection"]
    equal([e["event_type"] for e in listed], ["user.login.succeeded", "user.created"], "events: of a user, the last first")
    equal((listed[0]["request"], listed[0]["user"]["id"], listed[0]["notifications"]), ({"ip": "192.0.2.9", "client": "UA"}, user["id"], []), "events: from where, with the user")
    is_resource(client.ask("GET", f"events/{listed[1]['id']}"), 200, "event", "events: one by its id", described)
    equal(client.ask("GET", f"events?event_type=user.login&user_id={user['id']}").json["collection"][0]["id"], listed[0]["id"], "events: of types that begin with something")
    for method, path in (("GET", "events/login/eyJ0"), ("GET", "notifications"), ("GET", "auth_providers/authorize?provider_type=google"), ("POST", "users/x/authenticate_code")):
        answer = client.ask(method, path, None if method == "GET" else {})
        ok(answer.status == (404 if method == "GET" else 422) and b"Not offered here: " in answer.body, f"{method} {path}: says that it is not offered", answer)


def but_for_when(answer):
    """Return all of an answer but what differs from request to request."""
    return answer.status, answer.body, str(sorted((n, v) for n, v in answer.headers.items() if n not in ("date", "x-request-id")))


def doors():
    """No key, or one that does not open this: the same bytes."""
    answers = set()
    for key in ("", "ko_x", "key_0123", "ko_" + "0" * 22 + "-" + "A" * 43, KEY[:-1] + "~", os.environ["REVOKED_KEY"], os.environ["OTHER_KEY"]):
        for method, path in (("GET", "users"), ("POST", "orgs")):
            answer = ruby(key).ask(method, path)
            answers.add(but_for_when(answer))
    read = ruby(os.environ["READ_KEY"])
    answer = read.ask("POST", "orgs", {"org": {"name": "x"}})
    answers.add(but_for_when(answer))
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
    for method, path, headers, status in (
            ("GET", "sessions/" + "a" * 9000, [], 404), ("DELETE", "sessions/" + "a." * 15000, [], 404), ("GET", "users/" + "a" * 30000, [], 404), ("GET", "sessions/" + "a" * 33000, [], 414),
            ("DELETE", "sessions/" + "a" * 200000, [], 414), ("GET", "users?email=" + "a" * 33000, [], 414), ("GET", "users", ["Cookie: " + "a" * 33000], 431),
            ("GET", "users", ["Cookie: " + "a" * 30000, "Referer: " + "a" * 30000], 431), ("GET", "users", ["No header"], 400), ("TRACE", "users", [], 405)):
        client = Client([f"X-Authrocket-Api-Key: {KEY}", *headers])
        answer = client.ask(method, path)
        ok(answer.status == status and answer.headers["content-type"].startswith("application/json") and "error" in answer.json, f"{method} {path[:30]} of {len(path)} bytes, {len(''.join(headers))} of headers: {status}", answer)
    equal(Client([f"X-Authrocket-Api-Key: {KEY}", "Accept: text/html"]).ask("GET", "users").status, 406, "who takes only HTML: 406")
    equal(Client([f"X-Authrocket-Api-Key: {KEY}", "Content-Type: text/plain"]).ask("POST", "orgs", b"x").status, 415, "neither JSON nor a form: 415")
    equal(Client([f"Authorization: Bearer {KEY}"]).ask("GET", "users").status, 200, "a key as a bearer")
    answer = Client([f"X-Authrocket-Api-Key: {KEY}", "Content-Type: application/x-www-form-urlencoded"]).ask("POST", "orgs", b"org[name]=A%20B&org[custom][k]=v")
    equal((answer.status, answer.json["name"], answer.json["custom"]), (201, "A B", {"k": "v"}), "a form")


described = ruby().ask("GET", "openapi.json").json
for name, client in (("ruby", ruby()), ("php", php())):
    user = users(client, name, described)
    orgs(client, name, user, described)
    sessions(client, name, user, described)
    tokens(client, name, described)
    equal(client.connections, 1, f"{name}: all on one connection")
fresh(described)
realms(described)
apps(described)
events(described)
doors()
strictness()
finish()
