"""What the workers of docs/operations.md deliver to: a mail server and a web server that write down what they get.

usage: workers.py smtp|http FILE PORTFILE. Of mails to refuse@… the mail server wants none; the web server's first answer is a 503.
"""
import http.server
import json
import socketserver
import sys

kind, path, port_path = sys.argv[1:]


def note(what):
    with open(path, "a") as file:
        file.write(json.dumps(what) + "\n")


class Mail(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 sink")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self.say("354 go on")
                lines = []
                while (data := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    lines.append(data)
                note("\n".join(lines))
            if verb == "RCPT" and "refuse@" in line:
                self.say("550 nobody of that name")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Hook(http.server.BaseHTTPRequestHandler):
    seen = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Hook.seen += 1
        note({"body": json.loads(body), "text": body, "signature": self.headers["X-Signature"], "refused": Hook.seen == 1})
        self.send_response(503 if Hook.seen == 1 else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = socketserver.TCPServer(("127.0.0.1", 0), Mail) if kind == "smtp" else http.server.HTTPServer(("127.0.0.1", 0), Hook)
with open(port_path, "w") as file:
    file.write(str(server.server_address[1]))
server.serve_forever()
