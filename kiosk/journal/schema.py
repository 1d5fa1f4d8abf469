"""The tables of the journal and how an older file becomes a current one.

Migrations are carried by sqlite-utils, whose import costs 0.2 s: it is imported only when
`PRAGMA user_version` says that there is something to do.  All of them together run in one transaction,
with the version number inside it, so a file has the old schema or the new one and never one between;
and the second of two processes that open a new file at once waits and finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kiosk.errors import JournalError, JournalFault
from kiosk.journal.database import Database, LibraryError

VERSION = 2
"""What this program writes. Raise it with each migration in `kiosk.journal.migrations`."""


def bring_up_to_date(database: Database) -> None:
    """Migrate to `VERSION`. Raises `JournalError(NEWER_SCHEMA)` without touching a newer file."""
    if _is_current(database):
        return
    with _as_journal_error(), database.transaction():
        if _is_current(database):
            return
        from kiosk.journal.migrations import apply

        apply(database.connection, VERSION)


def _is_current(database: Database) -> bool:
    row = database.row("PRAGMA user_version")
    found = int(row[0]) if row else 0
    if found > VERSION:
        raise JournalError(JournalFault.NEWER_SCHEMA, f"schema {found}, this program knows {VERSION}")
    return found == VERSION


@contextmanager
def _as_journal_error() -> Iterator[None]:
    try:
        yield
    except LibraryError as error:
        raise JournalError(JournalFault.DAMAGED, f"migration failed: {error}") from error
