"""A receiver of webhooks that writes down what it gets: usage: webhook.py DIRECTORY PORT

DIRECTORY gets webhook.port and webhook.got, a post a line. What it answers is said by the user's id, or the path, in the file of that name: refuse, busy (wants to
be left alone), hang, drip (a byte now and then, for ever), slow, held (as long as that is said), garbage, moved; 204 to all others.
"""
import http.server
import json
import os
import sys
import time

directory, port = sys.argv[1:]


def manner(*words):
    for name in ("refuse", "busy", "hang", "drip", "slow", "held", "garbage", "moved"):
        path = f"{directory}/{name}"
        if os.path.exists(path) and set(words) & set(open(path).read().split()):
            return name
    return "take"


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = json.loads(text)
        how = manner(self.path, body["user_id"] if "object" in body else body["data"]["user_id"])
        post = {"text": text, "how": how, "path": self.path, "at": time.time(), "headers": {k.lower(): v for k, v in self.headers.items()}}
        with open(f"{directory}/webhook.got", "a") as file:
            file.write(json.dumps(post) + "\n")
        if how == "hang":
            time.sleep(60)
        elif how == "drip":
            while True:
                self.wfile.write(b"x")
                time.sleep(0.2)
        elif how == "garbage":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
        elif how == "slow":
            time.sleep(1.5)
        elif how == "held":
            while manner(self.path) == "held":
                time.sleep(0.1)
        status = {"refuse": 500, "busy": 503, "moved": 302}.get(how, 204)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        if status == 503:
            self.send_header("Retry-After", "2")
        self.end_headers()
        if status == 500:
            self.wfile.write(b"I cannot take\nthis one")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver)
with open(f"{directory}/webhook.port", "w") as file:
    file.write(str(server.server_address[1]))
server.serve_forever()
