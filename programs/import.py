
# ---- imports ----

import collections
import contextlib
import datetime
import decimal
import hashlib
import json
import re
import stat
import string
import time
import unicodedata

from psycopg import conninfo

DESCRIPTION = """\
Imports users, orgs and memberships into a realm of arsignup from JSON lines, with their ids, times and password hashes.

Each line is one object and is imported as a whole or not at all. What is wrong with a line goes to the faults file; the
others are imported. Killed and started again with the same file, it goes on behind the last line that was committed.
The database is found as libpq finds it (PGHOST, PGDATABASE, PGPASSFILE, ...), or by --database.
"""

EPILOG = """\
Exit status: 0 every line was imported, 1 some were refused, 2 wrong usage, configuration or rights, 3 not finished (it
was told to end, or the server is away): start it again, and it goes on.
"""

BATCH_LINES = 500  # in one transaction, and one round trip
BATCH_BYTES = 4 << 20
LINE_BYTES = 1 << 20
LINE_DEPTH = 64  # of arrays and objects
NUMBER_DIGITS = 1000
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
REPORT_EVERY = 5  # seconds
ATTEMPTS = 5  # at a batch that met another transaction
WRONG = ("42501", "42883", "42P01", "3F000", "55006", "SU006", "SU010")  # starting again would not help
AT_COMMIT = ("22", "23", "P0", "SU001", "SU002")  # what import_lines does not raise


class Interrupted(Exception):
    """Somebody wants the program to end."""


# ---- from a line to an object ----


class Faults(dict):
    """What is wrong with an object: sentences by attribute."""

    def add(self, attribute, sentence):
        self.setdefault(attribute, []).append(sentence)


def label_of(attribute):
    """Return an attribute as a sentence begins with it."""
    return attribute.replace("_", " ").capitalize()


def check_text(value):
    return value if isinstance(value, str) else None, "must be text"


def check_reference(value):
    """Take numbers, too, which are what most systems count by; write both as arsignup stores them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), None
    return unicodedata.normalize("NFC", value.strip()) if isinstance(value, str) else None, "must be text or a whole number"


def check_boolean(value):
    return value if isinstance(value, bool) else None, "must be true or false"


def check_object(value):
    return value if isinstance(value, dict) else None, "must be an object"


def check_permissions(value):
    """Take one, too, as AuthRocket does."""
    value = [value] if isinstance(value, str) else value
    is_list = isinstance(value, list) and all(isinstance(permission, str) for permission in value)
    return value if is_list else None, "must be text, or a list of texts"


def check_time(value):
    """Take seconds since 1970, or ISO 8601, of which what names no zone is UTC."""
    try:
        if isinstance(value, str):
            moment = datetime.datetime.fromisoformat(value.strip())
        elif isinstance(value, Number):
            moment = datetime.datetime.fromtimestamp(float(value.text), datetime.timezone.utc)
        elif isinstance(value, int) and not isinstance(value, bool):
            moment = datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
        else:
            raise ValueError
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.timezone.utc)
        return moment.isoformat(), None
    except (ValueError, OverflowError, OSError):
        return None, "must be seconds since 1970, or a time such as 2030-01-31T12:00:00Z"


def check_id(prefix):
    """Return a check for ids of ours, which are UUIDs written in another way; those of other systems are references."""
    form = re.compile(f"{prefix}_([0-9A-Za-z]{{22}})", re.ASCII)
    uuid = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

    def check(value):
        if isinstance(value, str) and (match := form.fullmatch(value)):
            number = 0
            for digit in match[1]:
                number = 62 * number + DIGITS.index(digit)
            value = f"{number:032x}" if number < 1 << 128 else None
        elif not isinstance(value, str) or not uuid.fullmatch(value):
            value = None
        return value, f"must be a UUID, or {prefix}_ and 22 digits and letters; an id of another system goes to reference"

    return check


MEMBERSHIP = {
    "id": check_id("mb"), "org_id": check_id("org"), "org_reference": check_reference, "permissions": check_permissions,
    "expires_at": check_time, "custom": check_object, "created_at": check_time,
}


def check_memberships(value):
    """Check the memberships that a user has along."""
    is_list = isinstance(value, list) and all(isinstance(membership, dict) for membership in value)
    return value if is_list else None, "must be a list of objects"


ATTRIBUTES = {
    "user": {
        "id": check_id("usr"), "username": check_text, "email": check_text, "email_verified": check_boolean,
        "first_name": check_text, "last_name": check_text, "reference": check_reference, "custom": check_object,
        "state": check_text, "user_type": check_text, "password_hash": check_text, "created_at": check_time,
        "memberships": check_memberships,
    },
    "org": {
        "id": check_id("org"), "name": check_text, "reference": check_reference, "custom": check_object, "state": check_text,
        "created_at": check_time,
    },
    "membership": {"user_id": check_id("usr"), "user_reference": check_reference, **MEMBERSHIP},
}

NO_TEXT = "This is not UTF-8, or a character in it is none."
NO_VALUE = "This is not JSON that can be stored: a number is none or is too long."
TOO_DEEP = f"Arrays and objects can't be nested more than {LINE_DEPTH} deep."
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}", re.ASCII)


class Number:
    """A number with a point or an exponent, which stays as it is written."""

    def __init__(self, text):
        self.text = text
        if len(text) > NUMBER_DIGITS or abs(decimal.Decimal(text).adjusted()) > NUMBER_DIGITS:
            raise ValueError


def refuse_constant(_):
    raise ValueError("NaN and Infinity are no numbers")


DECODER = json.JSONDecoder(parse_float=Number, parse_constant=refuse_constant)


def encode(value):
    """Write JSON, with numbers as they were read: what no text here can have marks them, U+0000."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda number: f"\0{number.text}")
    return re.sub(r'"\\u0000([^"]*)"', r"\1", text) if "\\u0000" in text else text


def is_shallow(value, depth):
    """Tell whether arrays and objects are nested so deep at most."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return members is None or (depth > 0 and all(is_shallow(member, depth - 1) for member in members))


def read_json(line):
    """Return the object that a line has; or raise what it is not."""
    if len(line) > LINE_BYTES:
        raise ValueError(f"A line can't be longer than {LINE_BYTES:,} bytes.")
    if b"\\u0000" in line and NUL.search(line):
        raise ValueError("No text can have the character U+0000.")
    try:
        value = DECODER.decode(line.decode().strip())
    except json.JSONDecodeError as error:
        raise ValueError(f"This is not JSON: {error.msg.removesuffix(' at')} at character {error.pos + 1}.") from None
    except UnicodeError:
        raise ValueError(NO_TEXT) from None
    except ValueError:
        raise ValueError(NO_VALUE) from None
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if not isinstance(value, dict):
        raise ValueError("A line must be an object: {…}.")
    if not is_shallow(value, LINE_DEPTH):
        raise ValueError(TOO_DEEP)
    return value


def check_attributes(given, known, faults, prefix=""):
    """Return what is given by its attributes, each in the form that SQL takes; note what is wrong."""
    checked = {}
    for attribute, value in given.items():
        if attribute not in known:
            name = attribute if WORD.fullmatch(attribute) else "…"
            faults.add(f"{prefix}{name}", f"There is no such attribute here; there are {', '.join(known)}.")
        elif value is not None:
            checked[attribute], sentence = known[attribute](value)
            if checked[attribute] is None:
                faults.add(f"{prefix}{attribute}", f"{label_of(attribute)} {sentence}.")
    return {attribute: value for attribute, value in checked.items() if value is not None and value != ""}


def check_pair(item, one, faults, prefix="", needed=False):
    """Note if a user or an org is not named by either id or reference."""
    by_id, by_reference = f"{one}_id", f"{one}_reference"
    if by_id in item and by_reference in item:
        faults.add(f"{prefix}{by_id}", f"Name the {one} either by {by_id} or by {by_reference}.")
    elif needed and by_id not in item and by_reference not in item and not {by_id, by_reference} & faults.keys():
        faults.add(by_id, f"Name the {one} by {by_id} or by {by_reference}.")


def item_of(given):
    """Return what an object asks for, as SQL takes it, and its password hash apart; what is wrong is among it."""
    faults = Faults()
    kind = given.pop("object", None)
    if not isinstance(kind, str) or kind not in ATTRIBUTES:
        faults.add("object", "Object must be user, org or membership.")
        return {"errors": faults}, None
    item = check_attributes(given, ATTRIBUTES[kind], faults)
    for position, membership in enumerate(item.get("memberships", ())):
        prefix = f"memberships[{position}]."
        item["memberships"][position] = check_attributes(membership, MEMBERSHIP, faults, prefix)
        check_pair(item["memberships"][position], "org", faults, prefix)
    if kind == "membership":
        check_pair(item, "user", faults, needed=True)
        check_pair(item, "org", faults)
    if kind == "org" and not {"id", "reference"} & (item.keys() | faults.keys()):
        faults.add("reference", "An org needs an id or a reference: its name is nobody's own.")
    password_hash = item.pop("password_hash", None)
    item["object"] = kind
    if faults:
        item["errors"] = faults
    return item, password_hash


def refused(reason):
    """Return what becomes of a line that is refused as a whole."""
    return encode({"errors": {"line": [reason]}}), None


def read_item(line):
    """Return what a line asks for as JSON, and its password hash apart, None if it has none."""
    try:
        item, password_hash = item_of(read_json(line))
        text = encode(item)
        (text + (password_hash or "")).encode()  # half a surrogate pair is no character
        return text, password_hash
    except UnicodeError:
        reason = NO_TEXT
    except ValueError as error:
        reason = str(error)
    return refused(reason)


# ---- the lines of a file ----


Line = collections.namedtuple("Line", "number text bytes digest")  # the last two: of the file up to its end


class Source:
    """The lines of a file, with where they end and a digest of all that was read."""

    def __init__(self, file, stop):
        self.file, self.stop = file, stop
        self.lines = self.bytes = 0
        self.digest = hashlib.sha256()
        self.size = None
        with contextlib.suppress(OSError, ValueError):
            if file.seekable():
                self.size = os.fstat(file.fileno()).st_size

    def read(self, size):
        """Read to the end of a line, of so many bytes at most."""
        part = self.stop.wait_for(lambda: self.file.readline(size))
        self.digest.update(part)
        self.bytes += len(part)
        return part

    def next(self):
        """Return the next line, cut if it is too long to be taken; empty at the end."""
        line = part = self.read(LINE_BYTES + 1)
        while part and not part.endswith(b"\n"):
            part = self.read(LINE_BYTES + 1)
            line = line if len(line) > LINE_BYTES else line + part
        self.lines += bool(line)
        return line.removeprefix(b"\xef\xbb\xbf") if self.lines == 1 else line

    def is_at(self, status):
        """Tell whether this is the file that os.fstat told of."""
        with contextlib.suppress(OSError, ValueError):
            return os.path.samestat(os.fstat(self.file.fileno()), status) and stat.S_ISREG(status.st_mode)
        return False

    def again(self):
        """Return the file from its beginning."""
        if not self.file.seekable():
            raise ConfigurationError("the standard input has been read to see where it goes on: give it another --name")
        self.file.seek(0)
        return Source(self.file, self.stop)

    def skip(self, lines, size, digest):
        """Read what was imported before; tell whether it is what it was."""
        while self.bytes < size and self.read(min(LINE_BYTES, size - self.bytes)):
            pass
        self.lines = lines
        return self.bytes == size and self.digest.hexdigest() == digest

    def batch(self):
        """Return the next lines that are not blank, as many as go into one transaction."""
        lines, size = [], 0
        while len(lines) < BATCH_LINES and size < BATCH_BYTES:
            line = self.next()
            if not line:
                break
            size += len(line)
            if line.strip():
                lines.append(Line(self.lines, line, self.bytes, self.digest.copy()))
        return lines


class Stop:
    """What SIGINT and SIGTERM set: what is in hand is finished, unless one comes again; nobody waits for more to read."""

    def __init__(self):
        self.is_set = self.is_waiting = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.set)

    def set(self, *_):
        was_set, self.is_set = self.is_set, True
        if self.is_waiting or was_set:
            raise Interrupted

    def wait_for(self, read):
        """Return what is read, unless the program is to end."""
        self.is_waiting = True
        try:
            if self.is_set:
                raise Interrupted
            return read()
        finally:
            self.is_waiting = False


# ---- the database ----

# What is kept of each file, so that an import goes on where it was: with the rows that it stands for, or not at all.
TABLES = """
    CREATE TABLE IF NOT EXISTS arsignup_import.files (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        realm_id uuid NOT NULL,
        name text NOT NULL,
        lines bigint NOT NULL DEFAULT 0,
        bytes bigint NOT NULL DEFAULT 0,
        digest text NOT NULL DEFAULT encode(sha256(''), 'hex'),
        users bigint NOT NULL DEFAULT 0,
        orgs bigint NOT NULL DEFAULT 0,
        memberships bigint NOT NULL DEFAULT 0,
        faults bigint NOT NULL DEFAULT 0,
        started_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        UNIQUE (realm_id, name)
    );
    CREATE TABLE IF NOT EXISTS arsignup_import.faults (
        file_id bigint REFERENCES arsignup_import.files ON DELETE CASCADE,
        line bigint,
        fault jsonb NOT NULL,
        PRIMARY KEY (file_id, line)
    );
"""

# What a role needs to import; docs/importing.md has the GRANT.
FUNCTIONS_NEEDED = ["create_user", "create_org", "create_membership", "update_user", "update_org", "find_user"]
COLUMNS_NEEDED = ["realm_id", "id", "reference", "state"]

MISSING = """
    SELECT format('EXECUTE on the function %%s', oid::regprocedure) AS what
    FROM pg_proc WHERE pronamespace = 'arsignup'::regnamespace AND proname = ANY (%(functions)s)
    AND NOT has_function_privilege(oid, 'EXECUTE')
    UNION ALL
    SELECT format('SELECT on the column %%s of %%s', name, relation)
    FROM unnest(%(columns)s::text[]) AS name, unnest('{arsignup.users,arsignup.orgs}'::regclass[]) AS relation
    WHERE NOT has_column_privilege(relation, name, 'SELECT')
    UNION ALL
    SELECT format('TEMPORARY on the database %%s', current_database())
    WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
"""

IMPORT = """
    SELECT fault FROM pg_temp.import_lines(
        %s, %s, %s::jsonb, %s::arsignup.secret[], %s::bigint[], %s, %s, %s, %s) AS fault
"""


class Database:
    """The connection, and what of the file is known there."""

    def __init__(self, connection, realm):
        self.connection, self.execute = connection, connection.execute
        missing = [row.what for row in self.execute(MISSING, {"functions": FUNCTIONS_NEEDED, "columns": COLUMNS_NEEDED})]
        if missing:
            raise ConfigurationError(f"the role {self.connection.info.user} lacks {', '.join(missing)}")
        self.realm = check_id("rl")(realm)[0]
        self.one("SELECT arsignup.find_user(%s, '')", [self.realm])  # raises that there is no such realm

    def one(self, query, values=()):
        """Return the one row of a query, or None."""
        return self.execute(query, values).fetchone()

    def has_schema(self):
        """Tell whether the schema of imports is there, and ours."""
        schema = self.one(
            "SELECT pg_has_role(nspowner, 'USAGE') AS is_ours FROM pg_namespace WHERE nspname = 'arsignup_import'"
        )
        if schema and not schema.is_ours:
            raise ConfigurationError(f"the schema arsignup_import does not belong to {self.connection.info.user}")
        return schema is not None

    def prepare(self):
        """Make the tables, if they are missing, and the functions of this session."""
        with self.connection.transaction():
            if not self.has_schema():
                try:
                    self.execute("CREATE SCHEMA arsignup_import")
                except psycopg.errors.InsufficientPrivilege as error:
                    user = self.connection.info.user
                    raise ConfigurationError(
                        f'there is no schema for it: CREATE SCHEMA arsignup_import AUTHORIZATION "{user}"'
                    ) from error
            self.execute("SET LOCAL client_min_messages = warning")
            self.execute(TABLES)
            self.execute(FUNCTIONS)  # import.sql
        self.execute("SET search_path = pg_catalog, pg_temp")

    def file(self, name):
        """Return what is known of a file, or None. One that was killed may have left a batch to the server, which ends first."""
        if not self.has_schema() or not self.one("SELECT to_regclass('arsignup_import.files') AS name").name:
            return None
        return self.one("SELECT * FROM arsignup_import.files WHERE realm_id = %s AND name = %s FOR UPDATE", [self.realm, name])

    def begin(self, name):
        """Begin a file, and forget another one of this name."""
        with self.connection.transaction():
            self.execute("DELETE FROM arsignup_import.files WHERE realm_id = %s AND name = %s", [self.realm, name])
            return self.one(
                "INSERT INTO arsignup_import.files (realm_id, name) VALUES (%s, %s) RETURNING *", [self.realm, name]
            )

    def faults(self, file):
        """Return what is wrong with lines of a file, in their order, without having all of it in memory."""
        with self.connection.transaction(), self.connection.cursor("faults") as cursor:
            yield from (
                {"line": row.line, **row.fault}
                for row in cursor.execute(
                    "SELECT line, fault FROM arsignup_import.faults WHERE file_id = %s ORDER BY line", [file.id]
                )
            )

    def import_items(self, file, before, lines, items):
        """Import what lines ask for; return what is wrong with which of them."""
        last = lines[-1]
        texts, hashes = zip(*items)
        values = [
            file.id, self.realm, f"[{','.join(texts)}]", array_of(hashes), [line.number for line in lines], before, last.number,
            last.bytes, last.digest.hexdigest(),
        ]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return [row.fault for row in self.execute(IMPORT, values, prepare=True)]
            except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected):
                if attempt == ATTEMPTS or self.connection.info.transaction_status:
                    raise

    def import_lines(self, file, before, lines):
        """
        Import lines, and return what is wrong with which of them. What the application has checked at COMMIT only
        does not say which it was: that is found by halves.
        """
        try:
            return self.import_items(file, before, lines, [read_item(line.text) for line in lines])
        except psycopg.Error as error:
            if not error.sqlstate or error.sqlstate[:2] not in AT_COMMIT and error.sqlstate not in AT_COMMIT:
                raise
            if len(lines) == 1:
                return self.import_items(file, before, lines, [refused(error.diag.message_primary)])
        half = len(lines) // 2
        return self.import_lines(file, before, lines[:half]) + self.import_lines(file, lines[half - 1].number, lines[half:])


def array_of(texts):
    """Write an array of texts that SQL reads as secrets: as a list it would be one of texts, which logs show."""
    return "{" + ",".join(
        "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts
    ) + "}"


# ---- the import ----


class FaultsFile:
    """What is wrong with which line: JSON lines, readable by who runs the program only."""

    def __init__(self, path, source):
        try:
            self.file = open(path, "w", encoding="utf-8", opener=lambda name, flags: self.open(name, flags, source))
        except OSError as error:
            raise ConfigurationError(f"{path}: {error.strerror}") from error
        self.path = path

    @staticmethod
    def open(name, flags, source):
        """Open the file, and empty it unless it is the one that is read; one that was there is closed to others, too."""
        file = os.open(name, flags & ~os.O_TRUNC, 0o600)
        status = os.fstat(file)
        if source.is_at(status):
            os.close(file)
            raise ConfigurationError(f"{name}: that is what is imported, so its faults can't be written there")
        if stat.S_ISREG(status.st_mode):
            os.fchmod(file, 0o600)
            os.truncate(file, 0)
        return file

    def write(self, faults):
        for fault in faults:
            known = {key: fault[key] for key in ("line", "object", "reference", "errors", "taken_by") if key in fault}
            print(json.dumps(known, ensure_ascii=False), file=self.file)
        self.file.flush()


class Progress:
    """Tells how far it is, every few seconds."""

    def __init__(self, source, faults):
        self.source, self.faults = source, faults
        self.began = self.told = time.monotonic()
        self.lines, self.bytes = source.lines, source.bytes

    def rate(self):
        """Return how many lines a second there were."""
        return (self.source.lines - self.lines) / max(time.monotonic() - self.began, 0.001)

    def note(self, faults):
        """Count faults, and tell if it is time."""
        self.faults += faults
        now = time.monotonic()
        if now - self.told < REPORT_EVERY:
            return
        self.told = now
        done = left = ""
        if self.source.size:
            done = f", {100 * self.source.bytes // self.source.size} %"
            rate = (self.source.bytes - self.bytes) / (now - self.began)
            left = f"; {datetime.timedelta(seconds=round((self.source.size - self.source.bytes) / max(rate, 1)))} left"
        tell(f"{self.source.lines:,} lines{done}; {self.rate():,.0f} a second; {self.faults:,} faults{left}")


def find_place(database, name, source):
    """Return the file as the database knows it, and the source behind what was imported of it."""
    file = database.file(name)
    if file is None:
        return database.begin(name), source
    if source.skip(file.lines, file.bytes, file.digest):
        if file.lines:
            tell(f"goes on behind line {file.lines:,}")
        return file, source
    if file.ended_at is None:
        raise ConfigurationError(
            f"the first {file.lines:,} lines are not those that were imported as {name}; another file has another --name"
        )
    source = source.again()
    tell(f"what was imported as {name} was another file: this one is begun")
    return database.begin(name), source


def import_file(database, name, source, faults_path):
    """Import a file from where it is; return what is known of it then, and how many lines a second there were."""
    file, source = find_place(database, name, source)
    faults = FaultsFile(faults_path, source)
    faults.write(database.faults(file))
    progress = Progress(source, file.faults)
    before = file.lines
    while lines := source.batch():
        found = database.import_lines(file, before, lines)
        before = lines[-1].number
        faults.write(found)
        progress.note(len(found))
    database.execute("UPDATE arsignup_import.files SET ended_at = now() WHERE id = %s AND ended_at IS NULL", [file.id])
    return database.file(name), progress.rate()


def print_faulty(database, name, source):
    """Print the lines that were refused, as they stand in the file; return the exit status."""
    file = database.file(name)
    if file is None or not source.skip(file.lines, file.bytes, file.digest):
        raise ConfigurationError(f"this is not what was imported as {name}")
    source = source.again()
    for fault in database.faults(file):
        while source.lines < fault["line"]:
            line = source.next()
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    return 0


def run(arguments, source):
    """Do what the command line says, and return the exit status."""
    name = arguments.name or os.path.realpath(arguments.file)
    with connect(arguments.database, "import") as connection:
        database = Database(connection, arguments.realm)
        if arguments.faulty:
            return print_faulty(database, name, source)
        with connection.transaction(force_rollback=True) if arguments.dry_run else contextlib.nullcontext():
            database.prepare()
            file, rate = import_file(database, name, source, arguments.faults or f"{arguments.file}.faults")
    what = " checked, nothing written" if arguments.dry_run else ""
    tell(f"{file.lines:,} lines{what}: users {file.users:,}, orgs {file.orgs:,}, memberships {file.memberships:,}, faults {file.faults:,};"
         f" {rate:,.0f} lines a second")
    return 1 if file.faults else 0


def read_arguments():
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="arsignup-import", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="JSON lines; - is the standard input, which needs --name and --faults")
    parser.add_argument("--realm", required=True, help="the id of the realm, rl_... or a UUID")
    parser.add_argument("--database", default="", help="libpq's connection string, without a password")
    parser.add_argument("--name", help="by which the file is known when it goes on, instead of its path")
    parser.add_argument("--faults", metavar="FILE", help="where to write what is wrong, instead of FILE.faults")
    command = parser.add_mutually_exclusive_group()
    command.add_argument("--dry-run", action="store_true", help="check everything, in a transaction that is rolled back")
    command.add_argument("--faulty", action="store_true", help="print the lines that were refused, to be mended")
    arguments = parser.parse_args()
    if not check_id("rl")(arguments.realm)[0]:
        parser.error("--realm: not the id of a realm, rl_... or a UUID")
    if arguments.file == "-" and not (arguments.name and arguments.faults):
        parser.error("the standard input needs --name and --faults")
    try:
        if "password" in conninfo.conninfo_to_dict(arguments.database):
            parser.error("--database: a password belongs in ~/.pgpass or PGPASSFILE, where nobody else sees it")
    except psycopg.Error as error:
        parser.error(f"--database: {line_of(error)}")
    return arguments


def open_source(path, stop):
    """Open the file, or the standard input."""
    try:
        return Source(sys.stdin.buffer if path == "-" else open(path, "rb"), stop)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


def main():
    """Import, and return the exit status."""
    arguments = read_arguments()
    try:
        return run(arguments, open_source(arguments.file, Stop()))
    except ConfigurationError as error:
        tell(f"arsignup-import: {error}")
        return 2
    except Interrupted:
        tell("arsignup-import: told to end; started again, it goes on")
    except BrokenPipeError:
        sys.stderr.close()
    except OSError as error:
        tell(f"arsignup-import: {error}")
    except psycopg.Error as error:
        tell(f"arsignup-import: {error.diag.message_primary or error}")
        return 2 if error.sqlstate in WRONG else 3
    return 3


sys.exit(main())
