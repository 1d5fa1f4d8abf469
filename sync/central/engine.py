"""What the platform asks of a database, and how a database can fail it: the port of both engines.

Statements are the subset that SQLite and PostgreSQL share: `?` for values, `insert … on conflict … do
nothing` or `do update`, `returning`, no rowid, truths as 0 and 1, times as RFC 3339 text (compared as text, byte
by byte, in both), bytes as `blob`.  A value that is compared with nothing (`? is null`) has no type in PostgreSQL: do
not ask that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from kiosk.errors import LinbanError


class UnusableDatabase(LinbanError):
    """It cannot serve as the platform's memory; the message is a sentence that says why."""


class DatabaseAway(LinbanError):
    """It cannot be asked now, or did not finish: nothing is known to be stored, and asking again is right."""


class Cursor(Protocol):
    """One conversation with the database."""

    for_update: str
    """Ends a select that must keep its rows from other writers; empty where there is one writer only."""
    skip_locked: str
    """Ends a select that takes rows that no other writer holds; empty where there is one writer only."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        ...

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Cursor:
        """Run one statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for every row."""
        ...

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows, none of which may be there yet, the quickest way that the engine has."""
        ...

    def serialise(self) -> None:
        """Until the transaction's end no other transaction passes this line."""
        ...

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        ...

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows that are left."""
        ...


class Engine(Protocol):
    """A database that holds the platform's tables."""

    address: str
    """As it may be shown: without a password."""
    many_writers: bool
    """Whether several processes may write at once."""

    def transaction(self) -> AbstractContextManager[Cursor]:
        """A cursor inside one durable write transaction: committed on leaving, rolled back on any exception."""
        ...

    def reading(self) -> AbstractContextManager[Cursor]:
        """A cursor for reading only; every statement sees what was committed before it."""
        ...

    def close(self) -> None:
        """Let go of it; later calls fail."""
        ...
