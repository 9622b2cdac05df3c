"""What the workers of docs/operations.md deliver to: a mail server and a web server that write down what they get.

usage: workers.py smtp|closed|http FILE PORTFILE. The mail server refuses refuse@… as a recipient and mails to spam@… for good,
those to later@… once for now; one that is closed refuses everything. The web server's first answer is a 503; at /moved all are redirects, at /broken no HTTP.
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
    delayed = False

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        if kind == "closed":
            self.say("554 no mails here")
            return
        self.say("220 sink")
        recipient = ""
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self.say("354 go on")
                lines = []
                while (data := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    lines.append(data)
                if "spam@" not in recipient:
                    note("\n".join(lines))
            if verb == "RCPT":
                recipient = line
            if verb == "RCPT" and "refuse@" in line:
                self.say("550 nobody of that name")
            elif verb == "RCPT" and "later@" in line and not Mail.delayed:
                Mail.delayed = True
                self.say("450 come again")
            elif verb == "DATA" and "spam@" in recipient:
                self.say("554 not this")
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
        status = 302 if self.path == "/moved" else 503 if Hook.seen == 1 else 204
        note({"body": json.loads(body), "text": body, "signature": self.headers["X-Signature"], "refused": self.path != "/hook" or status != 204})
        if self.path == "/broken":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = socketserver.TCPServer(("127.0.0.1", 0), Mail) if kind != "http" else http.server.HTTPServer(("127.0.0.1", 0), Hook)
with open(port_path, "w") as file:
    file.write(str(server.server_address[1]))
server.serve_forever()
