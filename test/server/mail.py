"""A mail server that asks for TLS and a login, and writes down what it gets: usage: mail.py DIRECTORY PORT [tls]

DIRECTORY has server.crt and server.key, and gets mail.port and mail.got, a mail a line. While the file `kind` is not there, refuse@... is
refused as a recipient, later@... for now, spam@... after its mail, of which the refusal quotes a part; hang@... gets no answer.
"""
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

directory, port, *implicit = sys.argv[1:]
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(f"{directory}/server.crt", f"{directory}/server.key")


def is_kind():
    return os.path.exists(f"{directory}/kind")


def knows(_server, _session, _envelope, _mechanism, login):
    good = login.login == b"shop" and login.password == b"canary of the mail server"
    return AuthResult(success=good, handled=good)  # what is not handled gets 535


class Post(SMTP):
    async def smtp_RCPT(self, arg):
        self.envelope.said = arg
        await super().smtp_RCPT(arg)


class Handler:
    async def handle_RCPT(self, _server, _session, envelope, _address, _options):
        envelope.rcpt_tos.append(envelope.said)
        if "<refuse@" in envelope.said and not is_kind():
            return "550 nobody of that name"
        if "<later@" in envelope.said and not is_kind():
            return "450 come again"
        return "250 ok"

    async def handle_DATA(self, _server, session, envelope):
        content = envelope.content.decode()
        if "<hang@" in envelope.said and not is_kind():
            open(f"{directory}/hanging", "w").close()
            await asyncio.sleep(600)
        if "<spam@" in envelope.said and not is_kind():
            return "554 not this: " + "".join(content.replace("=\r\n", "").partition("reset?")[1:])[:150].replace("\r\n", " ")
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "content": content, "tls": bool(session.ssl),
                "login": session.authenticated}
        with open(f"{directory}/mail.got", "a") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 ok"


async def serve():
    loop = asyncio.get_running_loop()
    asked = {} if implicit else {"tls_context": tls, "require_starttls": True}

    def make():
        return Post(Handler(), hostname="localhost", auth_required=True, auth_require_tls=not implicit, authenticator=knows, loop=loop, **asked)

    server = await loop.create_server(make, "127.0.0.1", int(port), ssl=tls if implicit else None)
    with open(f"{directory}/mail.port", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


asyncio.run(serve())
