
# ---- what arsignup-mail and arsignup-webhook share ----

import configparser
import datetime
import ssl
import threading
import traceback

# ---- what goes wrong ----


class Failed(Exception):
    """One event could not be delivered: it is put aside, others go on."""

    def __init__(self, reason, final=False, pause=0):
        super().__init__(reason)
        self.final = final  # trying again would not help
        self.pause = pause  # seconds for which the other side wants to be left alone


class Away(Exception):
    """Nothing can be delivered now: everything waits, and no event is to blame."""


# ---- settings ----


class Settings:
    """
    What the file says, `option = value` a line, and the environment in its place: ARSIGNUP_MAIL_FROM is the option
    `from` of arsignup-mail. A section [rl_...] has what is different in one realm. The default None means that an
    option must be given.
    """

    SHARED = {"database": "", "workers": "1", "poll": "1", "attempts": "12", "first_pause": "10", "max_pause": "21600"}
    SECTION = "arsignup"

    def __init__(self, program, path, options, realm_options=()):
        self.program = program
        self.options = {**self.SHARED, **options}
        self.path = path or f"/etc/arsignup/{program}.conf"
        self.file = configparser.ConfigParser(default_section=None, interpolation=None, strict=True)
        self.file.add_section(self.SECTION)
        if path or os.path.exists(self.path):
            self.read()
        for section in self.file.sections():
            known = self.options if section == self.SECTION else realm_options
            if section != self.SECTION and not section.startswith("rl_"):
                raise ConfigurationError(f"{self.path}: [{section}] is not the id of a realm, rl_...")
            for option in self.file.options(section):
                if option not in known:
                    raise ConfigurationError(f"{self.path}: there is no option {option} in {section}")

    def read(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                text = file.read()
            self.file = configparser.ConfigParser(default_section=None, interpolation=None, strict=True)
            self.file.read_string(f"[{self.SECTION}]\n" + text, self.path)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self.path}: {error}") from error
        except configparser.Error as error:
            raise ConfigurationError(error.message) from error

    def text(self, option, realm=None):
        """Return an option, of a realm where it has one of its own."""
        if realm and self.file.has_option(realm, option):
            return self.file.get(realm, option)
        value = os.environ.get(f"ARSIGNUP_{self.program}_{option}".upper())
        if value is None and self.file.has_option(self.SECTION, option):
            value = self.file.get(self.SECTION, option)
        if value is None:
            value = self.options[option]
        if value is None:
            raise ConfigurationError(f"{option} is missing in {self.path}")
        return value

    def number(self, option, least=1):
        """Return an option that is a whole number."""
        text = self.text(option)
        if not text.isdecimal() or int(text) < least:
            raise ConfigurationError(f"{option}: {text!r} is not a number from {least} on")
        return int(text)

    def choice(self, option, choices):
        """Return an option that is one of several words."""
        text = self.text(option)
        if text not in choices:
            raise ConfigurationError(f"{option}: {text!r} is none of {', '.join(choices)}")
        return text

    def realms(self):
        """Return None, for what holds without a realm, and the ids of realms that have a section."""
        return [None, *(section for section in self.file.sections() if section != self.SECTION)]

    def secret(self, option):
        """
        Return what no command line and no configuration file has: from the environment, from the file that
        <option>_file names, or from systemd's credential of this name.
        """
        value = os.environ.get(f"ARSIGNUP_{self.program}_{option}".upper())
        path = self.text(f"{option}_file")
        if not path and "CREDENTIALS_DIRECTORY" in os.environ:
            path = os.path.join(os.environ["CREDENTIALS_DIRECTORY"], option)
        if value is None and path:
            try:
                with open(path, encoding="utf-8") as file:
                    value = file.read()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"{option}: {path}: {error}") from error
        return (value or "").strip()

    def tls(self):
        """Return how to speak TLS: the other side's certificate is verified, always."""
        try:
            return ssl.create_default_context(cafile=self.text("ca_file") or None)
        except OSError as error:
            raise ConfigurationError(f"ca_file: {self.text('ca_file')}: {error}") from error

    def connect(self):
        """Open a connection to the database."""
        return connect(self.text("database"), self.program)


# ---- the database ----

CLAIM = """
    SELECT arsignup.format_id('ev', id) AS name, id AS event_id, realm_id, event_type, event_at, data, user_id,
        arsignup.format_id('rl', realm_id) AS realm_name, arsignup.format_id('usr', user_id) AS user_name,
        arsignup.format_id('org', org_id) AS org_name, arsignup.format_id('mb', membership_id) AS membership_name
    FROM arsignup.claim_events(%s, 1)
"""

LIST = """
    SELECT arsignup.format_id('ev', event_id) AS name, realm_id, event_id, event_type,
        arsignup.format_id('usr', user_id) AS user_name, attempts, failed_at, retry_at, error
    FROM arsignup.failed_deliveries WHERE event_type = ANY (%s) ORDER BY event_id
"""


class Worker:
    """Delivers one event after another, each in a transaction of its own, which commits once it is delivered."""

    LONGEST_AWAY = 60  # seconds between attempts while nothing can be delivered
    LONGEST_SLOWDOWN = 5  # seconds between events while none after the other can be

    def __init__(self, settings, courier, once, stop):
        self.settings, self.courier, self.once, self.stop = settings, courier, once, stop
        self.succeeded = True  # with everything
        self.crashed = False
        self.failures = 0  # in a row
        self.away = 0  # seconds

    def pause_after(self, attempts):
        """Return the seconds until an event is tried again, None to give it up."""
        if attempts >= self.settings.number("attempts"):
            return None
        longest = self.settings.number("max_pause")
        return min(self.settings.number("first_pause") * 3 ** min(attempts - 1, 20), longest)

    def postpone(self, connection, event, failure):
        """Put an event aside, and tell of it."""
        row = connection.execute(
            "SELECT attempts FROM arsignup.failed_deliveries WHERE realm_id = %s AND event_id = %s",
            [event.realm_id, event.event_id],
        ).fetchone()
        attempts = (row.attempts if row else 0) + 1
        pause = None if failure.final else self.pause_after(attempts)
        if pause is not None:
            pause = max(pause, failure.pause)
        connection.execute(
            "SELECT arsignup.postpone_event(%s, %s, %s, make_interval(secs => %s))",
            [event.realm_id, event.event_id, str(failure), pause],
        )
        again = "given up" if pause is None else f"again in {pause} s"
        tell(f"{event.name} {event.event_type}: {failure} (attempt {attempts}, {again})")

    @classmethod
    def start(cls, settings, courier_class, once, stop):
        """Return the workers, as many as the options say."""
        return [cls(settings, courier_class(settings), once, stop) for _ in range(settings.number("workers"))]

    def attempt(self, connection, event):
        """Deliver an event, whatever that may raise."""
        try:
            self.courier.deliver(connection, event)
        except (Failed, Away):
            raise
        except Exception as error:
            raise Failed(f"{type(error).__name__}: {line_of(error)}") from error

    def deliver_next(self, connection):
        """Deliver one event; tell whether there was one. What is raised rolls back, and it is handed out again."""
        failure = event = None
        with connection.transaction():
            try:
                with connection.transaction():  # a savepoint: what is put aside must not be claimed, nor its token made
                    event = connection.execute(CLAIM, [self.courier.kinds]).fetchone()
                    if event:
                        self.attempt(connection, event)
            except Failed as error:
                failure = error
                self.postpone(connection, event, failure)
        if failure:
            self.note_failure(failure)
        elif event:
            self.failures = self.away = 0
        return event is not None

    def note_failure(self, failure):
        """Slow down if events fail one after the other, or if the other side asks for it."""
        self.succeeded = False
        self.failures += 1
        self.away = 0
        if not self.once:
            slowdown = 0 if self.failures < 4 else min(2 ** (self.failures - 4), self.LONGEST_SLOWDOWN)
            self.stop.wait(max(slowdown, min(failure.pause, self.LONGEST_AWAY)))

    def work_on(self, connection):
        """Deliver until there is nothing left, or for ever."""
        connection.execute(f"SET idle_in_transaction_session_timeout = '{self.courier.longest + 60}s'")
        while not self.stop.is_set():
            if self.deliver_next(connection):
                continue
            self.courier.rest()
            if self.once:
                return
            self.stop.wait(self.settings.number("poll"))

    def run(self):
        """Work, over as many connections as that takes."""
        while not self.stop.is_set():
            try:
                with self.settings.connect() as connection:
                    self.work_on(connection)
                return
            except (Away, psycopg.Error) as error:
                tell(error)
                self.courier.rest()
            if self.once:
                self.succeeded = False
                return
            self.away = min(max(1, self.away * 2), self.LONGEST_AWAY)
            self.stop.wait(self.away)

    def run_or_die(self):
        """Work; what we have not thought of ends the program, so that it is seen."""
        try:
            self.run()
        except BaseException:
            traceback.print_exc()
            self.crashed = True
            self.stop.set()


class Courier:
    """What delivers, as far as both programs do it alike."""

    worker = Worker
    COMMANDS = ()  # of its own: option, what its argument is, what it does, and how, given settings and argument

    @staticmethod
    def failed_beside(_):
        """Return what else could not be delivered, in rows as those of failed_deliveries."""
        return []

    @staticmethod
    def send_again_beside(_, names):
        """Have of that what is named tried at once, 'all' for all; return which events these were."""
        return set()

    def rest(self):
        """Close what is open while there is nothing to deliver."""

    def check(self, connection):
        """Try what it takes to deliver."""


# ---- commands ----


def deliver(settings, courier_class, once):
    """Run the workers until they are told to end, by which each finishes what it has in hand; return the exit status."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    workers = courier_class.worker.start(settings, courier_class, once, stop)
    threads = [threading.Thread(target=worker.run_or_die) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1 if any(worker.crashed or once and not worker.succeeded for worker in workers) else 0


def list_failed(settings, courier_class):
    """Print what could not be delivered, a line each."""
    kinds = courier_class.kinds_of(settings)
    with settings.connect() as connection:
        print("id", "type", "user", "attempts", "failed at", "again at", "error", sep="\t")
        for row in (*connection.execute(LIST, [kinds]), *courier_class.failed_beside(connection)):
            again = row.retry_at.isoformat(" ", "seconds") if row.retry_at else "given up"
            print(row.name, row.event_type, row.user_name or "", row.attempts,
                  row.failed_at.isoformat(" ", "seconds"), again, line_of(row.error, 1000), sep="\t")
    return 0


def send_again(settings, courier_class, names):
    """Have what could not be delivered tried at once; return 1 if something of it was not to be found."""
    kinds = courier_class.kinds_of(settings)
    missing = set() if names == ["all"] else set(names)
    with settings.connect() as connection:
        missing -= courier_class.send_again_beside(connection, names)
        for row in connection.execute(LIST, [kinds]).fetchall():
            if names == ["all"] or row.name in names:
                found = connection.execute("SELECT arsignup.retry_event(%s, %s) AS done", [row.realm_id, row.event_id])
                if found.fetchone().done:
                    missing.discard(row.name)
    for name in sorted(missing):
        tell(f"{name}: not among what could not be delivered, or just being delivered")
    return 1 if missing else 0


def check(settings, courier):
    """Try everything but a delivery."""
    with settings.connect() as connection:
        for _ in connection.execute(LIST + " LIMIT 1", [courier.kinds]):
            pass
        with connection.transaction(force_rollback=True):
            connection.execute(CLAIM, [courier.kinds])
        courier.check(connection)
    return 0


def main(program, description, courier_class):
    """Do what the command line says, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog=f"arsignup-{program}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit status: 0 done, 1 something could not be delivered or found, 2 wrong usage or configuration.",
    )
    parser.add_argument("--config", metavar="FILE", help=f"instead of /etc/arsignup/{program}.conf")
    command = parser.add_mutually_exclusive_group()
    command.add_argument("--once", action="store_true", help="end when there is nothing left to deliver")
    command.add_argument("--failed", action="store_true", help="list what could not be delivered")
    command.add_argument("--again", nargs="+", metavar="ID", help="deliver these of it at once; 'all' for all")
    command.add_argument("--check", action="store_true", help="try the configuration, without a delivery")
    for option, argument, what, _ in courier_class.COMMANDS:
        command.add_argument(f"--{option}", metavar=argument, help=what)
    arguments = parser.parse_args()
    try:
        settings = courier_class.settings(program, arguments.config)
        if arguments.failed:
            return list_failed(settings, courier_class)
        if arguments.again:
            return send_again(settings, courier_class, arguments.again)
        for option, _, _, run in courier_class.COMMANDS:
            if getattr(arguments, option):
                return run(settings, getattr(arguments, option))
        if arguments.check:
            return check(settings, courier_class(settings))
        return deliver(settings, courier_class, arguments.once)
    except ConfigurationError as error:
        tell(f"arsignup-{program}: {error}")
        return 2
    except (psycopg.Error, Failed, Away) as error:
        tell(f"arsignup-{program}: {error}")
        return 1
