"""What the logs of nginx, PostgREST and PostgreSQL have of secrets, whatever goes wrong. Prints TAP; ends PostgREST."""
import os
import re
import signal
import socket
import time
import urllib.parse

from wire import BASE, KEY, PASSWORD, Client, Connection, equal, finish, leaks, logs, ok, ruby

EMAIL = "leaks@example.com"
MADE_UP = ["utk_" + "Madeup5" * 9 + "_", "kpw_" + "Fake-7" * 10 + "____", "ko_" + "7Kx2" * 5 + "ab-" + "Key9" * 10 + "abc", "eyJhbGciOiJIUzI1NiJ9." + "canaryX" * 20 + "." + "Sig3" * 11]


def say(*text, stay=True):
    """Send text on a connection of its own, and return what comes back until it is closed; or do not stay for that."""
    host, port = BASE.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        answer = b""
        try:
            connection.sendall("".join(text).encode())
            while stay and (part := connection.recv(65536)):
                answer += part
        except ConnectionError:
            pass
        return answer


def status(answer):
    """Return the status of what came back."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None


def disguises(token):
    """Return a token as it may stand in a path."""
    return token, "".join(f"%{ord(c):02X}" for c in token), f"%{ord(token[0]):02x}" + token[1:], token.replace("_", "%5F").replace("-", "%2d").replace(".", "%2E")


def tokens():
    """Make a token of each kind."""
    client = ruby()
    user = client.ask("POST", "users", {"user": {"email": EMAIL, "password": PASSWORD}}).json
    made = [client.ask("POST", "user_tokens", {"user_token": {"email": "leaks2@example.com", "password": PASSWORD}}).json["id"], client.ask("POST", "sessions", {"session": {"user_id": user["id"]}}).json["token"],
            client.ask("POST", f"users/{user['id']}/generate_password_token").json["token"], client.ask("POST", f"users/{user['id']}/request_email_verification").json["token"],
            client.ask("POST", f"users/{user['id']}/authenticate", {"password": PASSWORD}).json["token"]]
    equal([re.match("utk|eyJ|kpw|kev|eyJ", t)[0] for t in made], ["utk", "eyJ", "kpw", "kev", "eyJ"], "a token of each kind")
    return made


def in_paths(secrets):
    """Send each token where it belongs, and where it does not."""
    seen = set()
    client = ruby()
    for token in secrets:
        for path in (f"{p}/{t}" for p in ("user_tokens", "signup_tokens", "sessions", "users", "orgs", "nothing", "user%5Ftokens", "/user_tokens", "Sessions") for t in disguises(token)):
            seen.add(client.ask("GET", path).status)
        seen |= {client.ask(m, f"{p}/{token}{more}").status for m in ("DELETE", "PUT") for p in ("sessions", "user_tokens") for more in ("", "/authenticate", "?x=y", "%zz", "#x")}
        seen |= {client.ask("GET", f"users?after={token}").status, client.ask("POST", "users", {"user": {"token": token}}).status}
        for line in (f"GET http://{BASE}/v1/user_tokens/{token} HTTP/1.1", f"GET /users/v1/user_tokens/{token} HTTP/1.1", f"GET /{token}/signup HTTP/1.1", f"GET /users/reset?token={token} HTTP/1.1", f"FOO /v1/user_tokens/{token} HTTP/1.1",
                     f"GET /v1/user_tokens/{token} x HTTP/1.1", f"get /v1/user_tokens/{token} HTTP/1.1", f"GET {token} HTTP/1.1", f"{token} / HTTP/1.1", f"GET /v1/user_tokens/{token}", f"GET /v1/sessions/{token}\xff HTTP/1.1",
                     f"GET /v1/sessions/{token} HTTP/9.9", f"GET\t/v1/sessions/{token} HTTP/1.1"):
            seen.add(status(say(f"{line}\r\nHost: a\r\nReferer: https://a/?token={token}\r\nCookie: a={token}\r\nX-Authrocket-Api-Key: {token}\r\nConnection: close\r\n\r\n")))
        say(f"GET /v1/user_tokens/{token[:30]}", stay=False)
        say(f"GET /v1/users HTTP/1.1\r\nHost: a\r\nX-Authrocket-Api-Key: {token}" * 200 + "\r\n\r\n")  # longer than nginx reads
    ok({200, 204, 400, 403, 404, 405, 422} <= seen, "tokens in paths, queries and headers, good ones and others", seen)


def in_bodies(secrets):
    """Send passwords and tokens in bodies of which something is wrong."""
    head = f"POST /v1/users/{secrets[0]}/authenticate HTTP/1.1\r\nHost: a\r\nX-Authrocket-Api-Key: {KEY}\r\nContent-Type: application/json\r\n"
    body = f'{{"user":{{"password":"{PASSWORD}", "token": "{secrets[0]}"}}}}'
    equal(status(say(head, f"Content-Length: {70000}\r\n\r\n", body, " " * 70000)), 413, "a body that is too large")
    equal(status(say(head, "Transfer-Encoding: chunked\r\n\r\n", "\r\n".join(f"11170\r\n{body:<70000}\r\n0\r\n\r\n".split("\r\n")))), 413, "the same in a chunk")
    equal(status(say(head, "Content-Length: 100000\r\n\r\n", body)), 413, "one that is said to be")
    say(head, f"Content-Length: {len(body) + 9}\r\n\r\n", body, stay=False)
    short = say(head, "Content-Length: 4\r\n\r\n", body, "\r\n\r\n")
    equal([int(s) for s in re.findall(rb"HTTP/1.1 (\d+)", short)], [400, 400], "one that is longer than said: the rest is no request")
    short = say(head.replace("application/json", "application/x-www-form-urlencoded"), f"Content-Length: 4\r\n\r\nx=1&password={PASSWORD.replace(' ', '+')}&token={secrets[0]} HTTP/1.1\r\n\r\n")
    equal([int(s) for s in re.findall(rb"HTTP/1.1 (\d+)", short)], [401, 400], "nor is that of a form")
    tmp = os.path.join(os.environ["WEB"], "tmp")
    os.chmod(tmp, 0)
    slow = f"{body[:-1]:<60000}}}"
    slow = "".join(f"1\r\n{c}\r\n" for c in slow) + "0\r\n\r\n"
    equal(status(say(head, "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n", slow)), 401, "one that comes byte by byte is written nowhere")
    os.chmod(tmp, 0o700)


def away(secrets):
    """Ask while PostgREST ends, and when it is gone."""
    with open(os.path.join(os.environ["WEB"], "postgrest.pid"), encoding="utf-8") as file:
        pid = int(file.read())
    client = ruby()
    waiting = [Connection() for _ in range(8)]
    for connection in waiting:
        connection.send(client.bytes("POST", f"users/{urllib.parse.quote(EMAIL)}/authenticate?x={secrets[0]}", {"password": PASSWORD, "token": secrets[0]}))
    os.kill(pid, signal.SIGKILL)
    seen = {connection.receive().status for connection in waiting}
    ok(seen <= {200, 401, 503} and 503 in seen, "who waits while PostgREST is killed", seen)
    answer = client.ask("GET", f"sessions/{secrets[1]}?token={secrets[1]}")
    ok(answer.status == 503 and "retry-after" in answer.headers and "x-request-id" in answer.headers, "who comes afterwards", answer)
    equal(client.ask("POST", "users", {"user": {"token": secrets[0], "password": PASSWORD}}).status, 503, "and with a body")


made = tokens()
in_paths(made + MADE_UP)
in_bodies(made)
away(made)
time.sleep(0.2)  # nginx logs a request when it has answered
found = logs()
ok(len(found["access.log"].splitlines()) > 300 and "/v1/user_tokens/-" in found["access.log"] and '/v1/users/-"' in found["access.log"] and re.search("/v1/users/usr_[^/ ]+/generate_password_token\"", found["access.log"]), "nginx has logged it all", found["access.log"][-2000:])
ok("LOG:  statement" in found["log"] or "LOG:  execute" in found["log"], "and PostgreSQL its statements", found["log"][-2000:])
equal(leaks(made + MADE_UP + [KEY])[:5], [], "but no secret, whatever went wrong")
ok(EMAIL not in urllib.parse.unquote(found["access.log"]), "nor who was named, which may be what somebody typed", found["access.log"][-2000:])
equal(found["error.log"], "", "nor has nginx any error to tell that has a request in it")
finish()
