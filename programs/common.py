# What all programs share. The Makefile joins it with what is theirs into one file each.
import argparse
import os
import signal
import sys

import psycopg
from psycopg.rows import namedtuple_row


class ConfigurationError(Exception):
    """What the administrator has written cannot be used."""


def line_of(text, limit=500):
    """Return what somebody else says as one line that a log can hold."""
    printable = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(printable.split())[:limit]


def tell(text):
    """Write a line to the log."""
    print(line_of(text, 2000), file=sys.stderr, flush=True)


def connect(database, program):
    """Open a connection in which every statement is a transaction, unless one is begun."""
    connection = psycopg.connect(
        database, autocommit=True, row_factory=namedtuple_row, connect_timeout=20, application_name=f"arsignup-{program}",
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection
