
# ---- mails ----

import email.charset
import email.policy
import html
import re
import smtplib
import string
import zoneinfo
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, make_msgid, parseaddr

DESCRIPTION = """\
Mails what arsignup asks for: links to set a new password and to verify an email; and of changes, if that is wanted.

Reads /etc/arsignup/mail.conf, `option = value` a line; the environment comes before it, ARSIGNUP_MAIL_FROM before
`from`. The password of the mail server is in ARSIGNUP_MAIL_PASSWORD, in the file that password_file names, or in
systemd's credential `password`. The database is found as libpq finds it (PGHOST, PGDATABASE, ...), or by `database`.
"""

UTF8 = email.charset.Charset("utf-8")
UTF8.body_encoding = email.charset.QP


class Templates:
    """Text and, where there is such a file, HTML of the mails: name.txt, which begins with its subject, and name.html."""

    def __init__(self, directory):
        self.directory = directory

    def read(self, name):
        """Return a template as it is now, or None."""
        try:
            with open(os.path.join(self.directory, name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise Failed(f"{name}: {error}") from error

    def fill(self, name, values, escape):
        """Return a template with the values in it, or None."""
        template = self.read(name)
        if template is None:
            return None
        try:
            return string.Template(template).substitute({key: escape(value) for key, value in values.items()})
        except KeyError as error:
            raise Failed(f"{name}: there is no ${error.args[0]}; there are ${', $'.join(values)}") from error
        except ValueError as error:
            raise Failed(f"{name}: {error}") from error

    def render(self, name, values):
        """Return subject, text and HTML, which may be None."""
        text = self.fill(f"{name}.txt", values, str)
        if text is None:
            raise Failed(f"there is no {name}.txt in {self.directory}")
        first, _, body = text.partition("\n")
        if not first.startswith("Subject:"):
            raise Failed(f"{name}.txt: its first line is not a subject")
        return line_of(first.removeprefix("Subject:")), body.lstrip("\n"), self.fill(f"{name}.html", values, html.escape)


def part(text, kind):
    """Return a part of a mail that every mail server on the way leaves as it is."""
    return MIMEText(text, kind, UTF8)


def compose(sender, receiver, subject, text, html_text):
    """
    Return a mail as bytes. The receiver goes into it as it stands: what looks like an encoded word in an address is
    not one, so no library may read it on its way.
    """
    message = MIMEMultipart("alternative") if html_text else part(text, "plain")
    if html_text:
        message.attach(part(text, "plain"))
        message.attach(part(html_text, "html"))
    name, address = sender
    message["From"] = formataddr((name, address))
    message["To"] = receiver
    message["Subject"] = Header(subject, None if subject.isascii() else UTF8, header_name="Subject")
    message["Date"] = format_datetime(datetime.datetime.now(datetime.timezone.utc))
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    return message.as_bytes(policy=email.policy.compat32.clone(linesep="\r\n"))


class MailServer:
    """The connection to the mail server, kept as long as there is something to mail."""

    def __init__(self, settings):
        self.host = settings.text("smtp_host")
        self.security = settings.choice("smtp_security", ["starttls", "tls", "none"])
        ports = {"starttls": 587, "tls": 465, "none": 25}
        self.port = settings.number("smtp_port") if settings.text("smtp_port") else ports[self.security]
        self.timeout = settings.number("timeout")
        self.hello = settings.text("smtp_hello") or None
        self.user = settings.text("smtp_user")
        self.password = settings.secret("password") if self.user else ""
        self.tls = settings.tls()
        self.smtp = None
        if self.user and self.security == "none":
            raise ConfigurationError("smtp_user: no password goes over a connection without TLS")

    def open(self):
        """Return a connection that takes mails."""
        if self.smtp:
            try:
                if self.smtp.noop()[0] == 250:
                    return self.smtp
            except (OSError, smtplib.SMTPException):
                pass
            self.close()
        if self.security == "tls":
            self.smtp = smtplib.SMTP_SSL(self.host, self.port, self.hello, timeout=self.timeout, context=self.tls)
        else:
            self.smtp = smtplib.SMTP(self.host, self.port, self.hello, timeout=self.timeout)
        if self.security == "starttls":
            self.smtp.starttls(context=self.tls)
        self.smtp.ehlo_or_helo_if_needed()
        if self.user:
            self.smtp.login(self.user, self.password)
        return self.smtp

    def leave(self):
        """Take leave of the mail server."""
        if self.smtp:
            try:
                self.smtp.quit()
            except (OSError, smtplib.SMTPException):
                pass
            self.close()

    def close(self):
        """Break off, without another word to a server that may not answer."""
        if self.smtp:
            self.smtp.close()
            self.smtp = None

    def begin(self, sender):
        """Begin a mail: what goes wrong here would go wrong with every other mail, too."""
        try:
            smtp = self.open()
            code, answer = smtp.docmd("MAIL", f"FROM:<{sender}>")
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Away(f"{self.host}:{self.port}: {line_of(error)}") from error
        if code != 250:
            self.close()
            raise Away(f"{self.host}:{self.port}: {code} {line_of(answer.decode(errors='replace'))}")
        return smtp

    def send(self, sender, receiver, message):
        """Send a mail to the address as it stands."""
        smtp = self.begin(sender)
        try:
            self.expect(smtp.docmd("RCPT", f"TO:<{receiver}>"), 250, 251)
            self.expect(smtp.data(message), 250)
        except (OSError, smtplib.SMTPException) as error:
            if isinstance(error, smtplib.SMTPDataError):
                self.expect((error.smtp_code, error.smtp_error))
            self.close()
            raise Failed(f"{self.host}:{self.port}: {line_of(error)}") from error

    def expect(self, reply, *codes):
        """Take an answer of the mail server for what it is."""
        code, answer = reply
        if code in codes:
            return
        reason = f"{code} {line_of(answer.decode(errors='replace'))}"
        if code == 421:  # it closes the connection, whatever the mail
            self.close()
            raise Away(f"{self.host}:{self.port}: {reason}")
        try:
            self.smtp.rset()
        except (OSError, smtplib.SMTPException):
            self.close()
        raise Failed(reason, final=code >= 500)


class Mail(Courier):
    """Makes mails of events."""

    OPTIONS = {
        "from": None, "reset_link": "", "verify_link": "", "notices": "no", "timezone": "UTC", "templates": "",
        "smtp_host": "localhost", "smtp_port": "", "smtp_security": "starttls", "smtp_user": "", "smtp_hello": "",
        "password_file": "", "ca_file": "", "timeout": "20",
    }
    REALM_OPTIONS = ("from", "reset_link", "verify_link", "timezone", "templates")
    LINKS = {
        "user.password_token.created": ("password_reset", "reset_link"),
        "user.email.verification_requested": ("email_verification", "verify_link"),
    }
    NOTICES = {"password": "password_changed", "email": "email_changed"}  # by what user.updated says has changed
    ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # what can stand between < and > in SMTP

    @staticmethod
    def settings(program, path):
        return Settings(program, path, Mail.OPTIONS, Mail.REALM_OPTIONS)

    @staticmethod
    def kinds_of(settings):
        """Return the kinds of events that are mailed: those for which there is a link, and changes if they are wanted."""
        kinds = [kind for kind, (_, link) in Mail.LINKS.items() if settings.text(link)]
        if settings.choice("notices", ["no", "yes"]) == "yes":
            kinds.append("user.updated")
        if not kinds:
            raise ConfigurationError("reset_link and verify_link are both missing")
        return kinds

    def __init__(self, settings):
        self.options = settings
        self.server = MailServer(settings)
        self.kinds = self.kinds_of(settings)
        self.longest = 15 * self.server.timeout  # of all that is said for one mail
        self.rest = self.server.leave
        for realm in settings.realms():
            self.sender(realm)
            self.zone(realm)

    def sender(self, realm):
        """Return name and address from which a realm's mails come."""
        name, address = parseaddr(self.options.text("from", realm))
        if not self.ADDRESS.fullmatch(address):
            raise ConfigurationError(f"from: {self.options.text('from', realm)!r} is no sender, Shop <shop@example.com>")
        return name, address

    def zone(self, realm):
        """Return the time zone in which a realm's mails tell the time."""
        try:
            return zoneinfo.ZoneInfo(self.options.text("timezone", realm))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ConfigurationError(f"timezone: {error}") from error

    def templates(self, realm):
        """Return the templates of a realm, by default those that came with this program."""
        beside = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
        return Templates(self.options.text("templates", realm) or os.path.join(beside, "share/arsignup/templates"))

    def time(self, realm, moment):
        """Return a time as people read it, with its zone."""
        local = moment.astimezone(self.zone(realm))
        return f"{local.day} {local:%B %Y, %H:%M %Z}"

    def link_mail(self, realm, event_type, data):
        """Return receiver, template and values of the mail that an event asks for."""
        name, link = self.LINKS[event_type]
        values = {key: data[key] or "" for key in ("email", "username", "first_name", "last_name", "token")}
        values["link"] = self.options.text(link, realm) + data["token"]
        values["expires_at"] = self.time(realm, datetime.datetime.fromisoformat(data["expires_at"]))
        return data["email"], name, values

    def notices(self, realm, data, email, changed_at):
        """Return the same of the mails that tell of a change, to the address there is and the one there was."""
        values = {"email": email or "", "old_email": data.get("old_email") or email or "",
                  "changed_at": self.time(realm, changed_at)}
        receivers = dict.fromkeys(filter(None, [email, data.get("old_email")]))
        names = [name for attribute, name in self.NOTICES.items() if attribute in data.get("changed", [])]
        return [(receiver, name, values) for name in names for receiver in receivers]

    def mails(self, connection, event):
        """Return what is to be mailed; the data of an event is null if there is nothing to mail any more."""
        if event.data is None:
            return []
        if event.event_type in self.LINKS:
            return [self.link_mail(event.realm_name, event.event_type, event.data)]
        user = connection.execute(
            "SELECT email FROM arsignup.users WHERE realm_id = %s AND id = %s", [event.realm_id, event.user_id]
        ).fetchone()
        return self.notices(event.realm_name, event.data, user and user.email, event.event_at)

    def deliver(self, connection, event):
        """Mail what an event asks for. If one of several receivers is refused, the others must not get it again."""
        failures = []
        mails = self.mails(connection, event)
        for receiver, name, values in mails:
            try:
                self.send(event.realm_name, receiver, name, values)
            except Failed as failure:  # a server may repeat what it refuses; a token is written down nowhere
                reason = str(failure).replace(values.get("token") or "\0", "...")
                failures.append(Failed(reason, failure.final, failure.pause))
        if failures:
            failures[0].final = failures[0].final or len(failures) < len(mails)
            raise failures[0]

    def send(self, realm, receiver, name, values):
        """Send one mail."""
        if not self.ADDRESS.fullmatch(receiver):
            raise Failed("the address is none that a mail server could be told", final=True)
        sender = self.sender(realm)
        mail = self.templates(realm).render(name, values)
        self.server.send(sender[1], receiver, compose(sender, receiver, *mail))

    def check(self, _):
        """Try the templates, and whether the mail server takes us."""
        now = datetime.datetime.now(datetime.timezone.utc)
        data = {"email": "ada@example.com", "username": "ada", "first_name": "Ada", "last_name": "Lovelace",
                "token": "token", "expires_at": now.isoformat(), "changed": list(self.NOTICES)}
        for realm in self.options.realms():
            mails = [self.link_mail(realm, kind, data) for kind in self.kinds if kind in self.LINKS]
            if "user.updated" in self.kinds:
                mails += self.notices(realm, data, data["email"], now)
            for receiver, name, values in mails:
                compose(self.sender(realm), receiver, *self.templates(realm).render(name, values))
            self.server.begin(self.sender(realm)[1])
            self.server.leave()


sys.exit(main("mail", DESCRIPTION, Mail))
