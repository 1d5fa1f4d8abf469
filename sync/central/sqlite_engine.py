"""The platform's memory in one SQLite file: opened durably, written by one process.

sqlcipher3 without a key is plain SQLite, but a recent one (3.51.3 or later): the interpreter's own is, on
the distributions we run on, of the versions that can lose an acknowledged commit when two connections
write and checkpoint in WAL at once.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from kiosk.domain.entry import iso_utc
from sync.central.engine import DatabaseAway, UnusableDatabase
from sync.central.schema_parts import TABLE_OF_PARTS, missing, parts

_SAFE_SQLITE = (3, 51, 3)
_BEFORE_PARTS = 2
"""Files with this `user_version` or a lower one were written before parts were numbered in a table."""
_BUSY_S = 10
_PLANNERS_TABLE = "select 1 from sqlite_schema where name = 'sqlite_stat1'"
_LONG_HISTORY = "1000000 10000 1"
"""Rows of the table, of a terminal, and of a terminal with a given place or number."""
_ROWS_A_STATEMENT = 50
_WRONG_STATEMENT = 1
"""SQLITE_ERROR: a mistake of ours, and no state that passes."""


class SqliteCursor:
    """See `sync.central.engine.Cursor`."""

    for_update = ""
    skip_locked = ""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        """See `Cursor`."""
        return int(self._cursor.rowcount)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> SqliteCursor:
        """See `Cursor`."""
        self._cursor.execute(sql, params)
        return self

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """See `Cursor`."""
        self._cursor.executemany(sql, rows)

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """See `Cursor`."""
        into = f"insert into {table} ({', '.join(columns)}) values "  # noqa: S608 — our own names
        place = f"({', '.join('?' * len(columns))})"
        waiting = list(rows)
        whole = len(waiting) - len(waiting) % _ROWS_A_STATEMENT
        # Not a statement a row: after each the interpreter may give another thread its turn, and all wait for the lock.
        for start in range(0, whole, _ROWS_A_STATEMENT):
            some = waiting[start : start + _ROWS_A_STATEMENT]
            self._cursor.execute(into + ", ".join([place] * len(some)), tuple(chain.from_iterable(some)))
        self._cursor.executemany(into + place, waiting[whole:])

    def serialise(self) -> None:
        """Every write transaction is serial already."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """See `Cursor`."""
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def fetchall(self) -> list[tuple[Any, ...]]:
        """See `Cursor`."""
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows


class SqliteEngine:
    """See `sync.central.engine.Engine`. One connection and one lock: who reads waits for who writes."""

    many_writers = False

    def __init__(self, file: Path) -> None:
        self.address = str(file)
        self._lock = threading.Lock()
        self._connection = _connect(file)
        try:
            _bring_up_to_date(self._connection)
            _tell_planner(self._connection)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, dbapi2.DatabaseError) and error.sqlite_errorcode != _WRONG_STATEMENT:
                raise UnusableDatabase(f"{file} cannot be used as a database: {error}") from error
            raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[SqliteCursor]:
        """See `Engine`."""
        with self._lock, _faults():
            cursor = self._connection.cursor()
            cursor.execute("begin immediate")
            try:
                yield SqliteCursor(cursor)
                cursor.execute("commit")
            except BaseException:
                # After a full disk SQLite may have rolled back by itself.
                with contextlib.suppress(dbapi2.Error):
                    cursor.execute("rollback")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[SqliteCursor]:
        """See `Engine`."""
        with self._lock, _faults():
            yield SqliteCursor(self._connection.cursor())

    def close(self) -> None:
        """See `Engine`."""
        with self._lock:
            self._connection.close()


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    """A full disk, a disk that fails, a file that is locked or was closed: ask again later."""
    try:
        yield
    except dbapi2.OperationalError as error:
        if error.sqlite_errorcode == _WRONG_STATEMENT:
            raise
        raise DatabaseAway(str(error)) from error
    except dbapi2.ProgrammingError as error:
        if "closed" in str(error):
            raise DatabaseAway(str(error)) from error
        raise


def _connect(file: Path) -> Any:
    """A connection in WAL with synchronous=FULL, in autocommit mode."""
    if dbapi2.sqlite_version_info < _SAFE_SQLITE:
        raise UnusableDatabase(
            f"SQLite {dbapi2.sqlite_version} can lose acknowledged commits; 3.51.3 is needed"
        )
    # Made here, because opened cases lie in it: in a folder that others may read nobody else may read it, nor its log.
    with contextlib.suppress(OSError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        connection = dbapi2.connect(str(file), isolation_level=None, check_same_thread=False, timeout=_BUSY_S)
        connection.execute("pragma foreign_keys = on")
        # Fetched and compared: an ignored answer would leave the file silently in another mode.
        mode = connection.execute("pragma journal_mode = wal").fetchone()[0]
        connection.execute("pragma synchronous = full")
        synchronous = connection.execute("pragma synchronous").fetchone()[0]
    except dbapi2.DatabaseError as error:
        raise UnusableDatabase(f"{file} cannot be opened as a database: {error}") from error
    if (mode, synchronous) != ("wal", 2):
        raise UnusableDatabase(f"the file system grants {mode}/{synchronous} instead of WAL with FULL")
    return connection


def _bring_up_to_date(connection: Any) -> None:
    """Apply what is missing, in one transaction that excludes every other writer."""
    connection.execute("begin immediate")
    try:
        version = connection.execute("pragma user_version").fetchone()[0]
        connection.execute(TABLE_OF_PARTS)
        applied = {row[0] for row in connection.execute("select number from schema_part")}
        now = iso_utc(datetime.now(UTC))
        note = "insert into schema_part values (?, ?, ?)"
        if not applied and version:
            if version > _BEFORE_PARTS:
                raise UnusableDatabase(f"the database was written by a later version (schema {version})")
            old = [part for part in parts() if part.number <= version]
            connection.executemany(note, [(part.number, part.title, now) for part in old])
            applied = {part.number for part in old}
        for part in missing(applied):
            for statement in statements(part.sql):
                connection.execute(statement)
            connection.execute(note, (part.number, part.title, now))
        # So that a version from before the parts refuses this file.
        connection.execute(f"pragma user_version = {max(part.number for part in parts())}")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _tell_planner(connection: Any) -> None:
    """Say how long a terminal's history gets, unless somebody has counted.

    Without figures SQLite takes it to be ten entries, and reads all of them to find the one at a place.
    """
    connection.execute("begin immediate")
    if connection.execute(_PLANNERS_TABLE).fetchone() is None:
        connection.execute("analyze sqlite_schema")
        connection.executemany(
            "insert into sqlite_stat1 values ('entry', ?, ?)",
            [(index, _LONG_HISTORY) for index in ("entry", "entry_by_sequence", "entry_by_receipt")],
        )
    connection.execute("commit")
    connection.execute("analyze sqlite_schema")  # reads the figures; counts nothing


def statements(sql: str) -> list[str]:
    """The statements of a part: each ends with a semicolon at a line's end."""
    return [statement for statement in (piece.strip() for piece in sql.split(";\n")) if statement]
