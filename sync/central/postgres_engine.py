"""The platform's memory in PostgreSQL: any number of processes, on any number of machines, write at once.

What SQLite gives by having one writer is asked for here by name: a transaction that belongs to one terminal locks
that terminal's row first (`Store.transaction`), every other one takes the advisory lock of `Cursor.serialise`.
The server must keep what it acknowledged, so its settings are read back when it is opened.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import adapt
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from kiosk.domain.entry import iso_utc
from sync.central.engine import DatabaseAway, UnusableDatabase
from sync.central.schema_parts import TABLE_OF_PARTS, for_postgres, missing

_OLDEST = 130000
_CONNECTIONS = 8
"""A worker's; two workers and the openers stay far below the hundred that a server allows as shipped."""
_CONNECT_S = 5
_WAIT_FOR_CONNECTION_S = 5.0
_GIVE_UP_CONNECTING_S = 5.0
"""The pool pauses longer and longer between tries; giving up early, it begins anew with the next request."""
_STALE_TRIES = 3
_SCHEMA_LOCK = 0x6C696E62616E01
_SERIAL_LOCK = 0x6C696E62616E02
_SESSION = (
    "set synchronous_commit = on",
    "set statement_timeout = '60s'",
    "set lock_timeout = '20s'",
    "set idle_in_transaction_session_timeout = '60s'",
    "set time zone 'UTC'",
)
_MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
_OUTSIDE_QUOTES = re.compile(r"'[^']*'|\?|%")

logging.getLogger("psycopg.pool").setLevel(
    logging.ERROR
)  # a server away is told once, by us, not every second


class _NumberLoader(adapt.Loader):
    """`sum` of integers is numeric in PostgreSQL: an int again, as in SQLite."""

    def load(self, data: adapt.Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class PostgresCursor:
    """See `sync.central.engine.Cursor`."""

    for_update = " for update"
    skip_locked = " for update skip locked"

    def __init__(self, cursor: psycopg.Cursor[tuple[Any, ...]]) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        """See `Cursor`."""
        return self._cursor.rowcount

    def execute(self, sql: str, params: Sequence[Any] = ()) -> PostgresCursor:
        """See `Cursor`."""
        self._cursor.execute(_translated(sql), _clean(params))
        return self

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """See `Cursor`."""
        self._cursor.executemany(_translated(sql), [_clean(row) for row in rows])

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """See `Cursor`."""
        with self._cursor.copy(f"copy {table} ({', '.join(columns)}) from stdin".encode()) as copy:
            for row in rows:
                copy.write_row(_clean(row))

    def serialise(self) -> None:
        """See `Cursor`."""
        self._cursor.execute("select pg_advisory_xact_lock(%s)", (_SERIAL_LOCK,))

    def fetchone(self) -> tuple[Any, ...] | None:
        """See `Cursor`."""
        return self._cursor.fetchone()

    def fetchall(self) -> list[tuple[Any, ...]]:
        """See `Cursor`."""
        return self._cursor.fetchall()


class PostgresEngine:
    """See `sync.central.engine.Engine`."""

    many_writers = True

    def __init__(self, url: str) -> None:
        self.address = _without_password(url)
        _prepare(url)
        self._pool: ConnectionPool[psycopg.Connection[tuple[Any, ...]]] = ConnectionPool(
            url,
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_WAIT_FOR_CONNECTION_S,
            reconnect_timeout=_GIVE_UP_CONNECTING_S,
            kwargs={"autocommit": True, "connect_timeout": _CONNECT_S, "application_name": "linban-central"},
            configure=_configure,
            open=True,
        )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[PostgresCursor]:
        """See `Engine`."""
        with _faults(), self._connection("begin") as connection:
            cursor = connection.cursor()
            try:
                yield PostgresCursor(cursor)
            except BaseException:
                with contextlib.suppress(psycopg.Error):
                    connection.rollback()
                raise
            connection.execute("commit")

    @contextlib.contextmanager
    def reading(self) -> Iterator[PostgresCursor]:
        """See `Engine`."""
        with _faults(), self._connection("") as connection:
            yield PostgresCursor(connection.cursor())

    def close(self) -> None:
        """See `Engine`."""
        self._pool.close()

    @contextlib.contextmanager
    def _connection(self, first: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A connection that answers: those that died while they were idle are passed over.

        Only the first statement is tried again, which has done nothing yet.
        """
        for attempt in range(_CONNECTIONS + _STALE_TRIES):
            connection = self._pool.getconn()
            try:
                # An empty statement costs a round trip and finds a dead connection before a select does.
                connection.execute(first.encode())
            except psycopg.OperationalError:
                self._pool.putconn(connection)
                if attempt + 1 == _CONNECTIONS + _STALE_TRIES:
                    raise
                continue
            try:
                yield connection
            finally:
                self._pool.putconn(connection)
            return


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    """Whatever the server, the way to it or its disk does is one thing to the caller: ask again later."""
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout, TooManyRequests) as error:
        raise DatabaseAway(_sentence(error)) from error


def _prepare(url: str) -> None:
    """Look at the server once, and bring the tables up to date under a lock; raises `UnusableDatabase`."""
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_S, autocommit=True) as connection:
            if connection.info.server_version < _OLDEST:
                raise UnusableDatabase(
                    f"PostgreSQL {connection.info.parameter_status('server_version')} is too old; 13 is needed"
                )
            for statement in _SESSION:
                connection.execute(statement.encode())
            _check_settings(connection)
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
                _bring_up_to_date(connection)
    except psycopg.ProgrammingError as error:
        raise UnusableDatabase(f"PostgreSQL refuses the platform's tables: {_sentence(error)}") from error
    except psycopg.OperationalError as error:
        raise UnusableDatabase(f"PostgreSQL does not answer: {_sentence(error)}") from error


def _check_settings(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    for name in _MUST_BE_ON:
        row = connection.execute(f"show {name}".encode()).fetchone()
        if row is None or row[0] != "on":
            raise UnusableDatabase(
                f"PostgreSQL runs with {name} = {row[0] if row else '?'}: it would lose acknowledged cases"
            )
    row = connection.execute("show server_encoding").fetchone()
    if row is None or row[0] != "UTF8":
        raise UnusableDatabase(f"the database is encoded in {row[0] if row else '?'}; UTF8 is needed")


def _bring_up_to_date(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    connection.execute(for_postgres(TABLE_OF_PARTS).encode())
    applied = {row[0] for row in connection.execute("select number from schema_part").fetchall()}
    now = iso_utc(datetime.now(UTC))
    for part in missing(applied):
        connection.execute(for_postgres(part.sql).encode())
        connection.execute("insert into schema_part values (%s, %s, %s)", (part.number, part.title, now))


def _configure(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    connection.adapters.register_loader("numeric", _NumberLoader)
    for statement in _SESSION:
        connection.execute(statement.encode())


@lru_cache(maxsize=1024)
def _translated(sql: str) -> bytes:
    """`?` becomes `%s`, outside of quoted text; a percent sign stays one."""

    def word(found: re.Match[str]) -> str:
        text = found[0]
        return "%s" if text == "?" else text.replace("%", "%%")

    return _OUTSIDE_QUOTES.sub(word, sql).encode()


def _clean(params: Sequence[Any]) -> list[Any]:
    """PostgreSQL's text holds no NUL. Where a terminal sends one, what is kept differs and is seen to differ."""
    return [
        value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        if isinstance(value, str) and "\0" in value
        else value
        for value in params
    ]


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _without_password(url: str) -> str:
    try:
        named = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise UnusableDatabase(f"not the address of a PostgreSQL database: {_sentence(error)}") from error
    host = named.get("host", "")
    return f"postgresql://{host}:{named.get('port', 5432)}/{named.get('dbname', '')}"
