"""What the platform remembers of terminals and enrolment. Entries and cases: `sync.central.entry_store`.

One transaction a request: a request's effects are all there after a crash, or none of them are, and the answer
leaves only after the commit.  What one terminal sends is taken in one after the other, whichever worker it reaches.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from kiosk.clock import Clock
from kiosk.domain.entry import iso_utc
from sync.central.database import open_database
from sync.central.engine import Cursor

_NONCES_KEPT = 2048
_NONCES_SWEPT_EVERY = 64
_FAILURES_ALLOWED = 20
_FAILURE_WINDOW_S = 600
_TOO_MANY = "too-many-tries"
FIRST_TERMINAL = 100001
NUMBERS_LEFT_OUT = 1000
"""How many terminals a platform that was put back may have forgotten; new ones get numbers beyond.

So few that a slip of the hand, or many restores, do not use up the numbers.
"""


class EnrolmentRefused(Exception):
    """A code that enrols nobody; `word` says why: unknown-code, used-code, expired-code, too-many-tries."""

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(word)


class Replayed(Exception):
    """A request that was here before."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as the platform knows it."""

    terminal_id: str
    terminal_number: str
    region_code: str
    public_key: bytes
    high_water: int


class Joining(Protocol):
    """What else belongs to an enrolment, in its transaction (`sync.central.successors`)."""

    def check(self, run: Cursor, code_hash: bytes) -> None:
        """Raise `EnrolmentRefused` before anything is written."""
        ...

    def bind(self, run: Cursor, code_hash: bytes, terminal: Terminal) -> None:
        """Note it for the terminal that was just added."""
        ...


class Store:
    """The platform's memory. `address` is a SQLite file, or an address that `open_database` knows."""

    def __init__(self, address: Path | str, clock: Clock) -> None:
        # A bare path was always a file here, also as text.
        self._engine = open_database(
            address if isinstance(address, str) and "://" in address else Path(address)
        )
        self.clock = clock
        with self.transaction() as run:
            fresh = ("insert into platform values ('epoch', ?) on conflict do nothing", (uuid4().hex,))
            run.execute(*fresh)
            self.epoch: str = _epoch(run)

    @property
    def address(self) -> str:
        """Where it stands, for people."""
        return self._engine.address

    @property
    def many_writers(self) -> bool:
        """Whether several workers may share it."""
        return self._engine.many_writers

    def close(self) -> None:
        """Close it; later calls fail."""
        self._engine.close()

    @contextlib.contextmanager
    def transaction(self, terminal_id: str | None = None) -> Iterator[Cursor]:
        """A cursor inside one write transaction; committed on leaving, rolled back on any exception.

        With a terminal it is serial with all others of that terminal, in whichever worker, and with nothing else;
        without one it is serial with all others without one.  Write a terminal's numbered rows (inbox, notes) only
        in the former.
        """
        with self._engine.transaction() as run:
            if terminal_id is None:
                run.serialise()
            else:
                held = run.execute(_HOLD_TERMINAL + run.for_update, (terminal_id,)).fetchone()
                if held is not None:
                    self.epoch = held[0]  # another process may have begun a new one
            yield run

    @contextlib.contextmanager
    def unordered(self) -> Iterator[Cursor]:
        """A write transaction that takes its locks itself, row by row (`Cursor.skip_locked`)."""
        with self._engine.transaction() as run:
            yield run

    @contextlib.contextmanager
    def reading(self) -> Iterator[Cursor]:
        """A cursor for reading only."""
        with self._engine.reading() as run:
            yield run

    def begin_epoch(self, reason: str, instead_of: str | None = None) -> str:
        """From now on this is another memory than before: restored from a backup. Returns its name.

        With `instead_of`, only while that one lasts: of several who notice, one begins the next.
        """
        name = uuid4().hex
        with self.transaction() as run:
            current = _epoch(run)
            if instead_of not in (None, current):
                self.epoch = current
                return current
            run.execute("update platform set value = ? where name = 'epoch'", (name,))
            run.execute(
                "insert into epoch values ((select coalesce(max(number), 0) + 1 from epoch), ?, ?, ?)",
                (name, self.now(), reason),
            )
            self.epoch = name
            # Terminals that this memory never knew may be out there with the next numbers, and slips with them.
            jumped = f"{_next_number(run) + NUMBERS_LEFT_OUT:06d}"
            run.execute(
                "insert into platform values ('next_number', ?) on conflict (name) do update set value = excluded.value",
                (jumped,),
            )
        return name

    def check(self) -> None:
        """Ask the database something; raises `DatabaseAway` while it cannot answer."""
        with self.reading() as run:
            self.epoch = _epoch(run)

    def now(self) -> str:
        """The platform's clock as it is stored and sent."""
        return iso_utc(self.clock.now())

    def terminal(self, terminal_id: str) -> Terminal | None:
        """The terminal with this id."""
        with self.reading() as run:
            row = run.execute(f"{_SELECT_TERMINAL} where terminal_id = ?", (terminal_id,)).fetchone()
        return Terminal(*row) if row else None

    def use_nonce(self, run: Cursor, terminal_id: str, nonce: str) -> None:
        """Remember a request's nonce; raises `Replayed` when it was used. The newest 2,048 are kept.

        An older request shown again finds its entries stored already and changes nothing.
        """
        used = run.execute(_USE_NONCE, (terminal_id, nonce, terminal_id)).fetchone()
        if used is None:
            raise Replayed
        if used[0] % _NONCES_SWEPT_EVERY == 0:
            forgotten = "delete from seen_nonce where terminal_id = ? and number <= ?"
            run.execute(forgotten, (terminal_id, used[0] - _NONCES_KEPT))

    def add_enrolment_code(self, code: str, valid_for: timedelta) -> datetime:
        """Make `code` usable once until the returned moment. A code that was used stays used."""
        now = self.clock.now()
        expires_at = now + valid_for
        with self.transaction() as run:
            run.execute(
                "insert into enrolment_code (code_hash, created_at, expires_at) values (?, ?, ?)"
                " on conflict (code_hash) do update set expires_at = excluded.expires_at where enrolment_code.used_by is null",
                (code_hash(code), iso_utc(now), iso_utc(expires_at)),
            )
        return expires_at

    def enrol(
        self, code: str, public_key: bytes, region_code: str, version: str, joining: Joining | None = None
    ) -> Terminal:
        """Use up `code` for the terminal with `public_key`; raises `EnrolmentRefused`.

        Asking again with the same code and the same key gives the same answer: the first may have been lost.
        """
        with self.transaction() as run:
            try:
                return self._enrol(run, code, public_key, region_code, version, joining)
            except EnrolmentRefused as refusal:
                word = refusal.word
                # Counted in the same transaction, which must commit: the exception leaves after it.  A try that was
                # not even judged is not counted: whoever goes on trying would fill the disk, and keep the door shut.
                if word != _TOO_MANY:
                    run.execute("insert into enrolment_failure values (?)", (self.now(),))
        raise EnrolmentRefused(word)

    def _enrol(
        self,
        run: Cursor,
        code: str,
        public_key: bytes,
        region_code: str,
        version: str,
        joining: Joining | None,
    ) -> Terminal:
        since = iso_utc(self.clock.now() - timedelta(seconds=_FAILURE_WINDOW_S))
        run.execute("delete from enrolment_failure where at <= ?", (since,))
        failures = run.execute("select count(*) from enrolment_failure where at > ?", (since,)).fetchone()
        if failures is not None and failures[0] >= _FAILURES_ALLOWED:
            raise EnrolmentRefused(_TOO_MANY)
        query = "select expires_at, used_by from enrolment_code where code_hash = ?"
        found = run.execute(query, (code_hash(code),)).fetchone()
        if found is None:
            raise EnrolmentRefused("unknown-code")
        expires_at, used_by = found
        if used_by is not None and not secrets.compare_digest(used_by, public_key):
            raise EnrolmentRefused("used-code")
        row = run.execute(f"{_SELECT_TERMINAL} where public_key = ?", (public_key,)).fetchone()
        if used_by is not None and row is not None:
            return Terminal(*row)
        if expires_at <= self.now():
            raise EnrolmentRefused("expired-code")
        if row is not None:  # this key has its terminal: the code stays for whom it was made
            return Terminal(*row)
        if joining is not None:
            joining.check(run, code_hash(code))  # before anything is written: a refusal is committed
        used = "update enrolment_code set used_by = ?, used_at = ? where code_hash = ?"
        run.execute(used, (public_key, self.now(), code_hash(code)))
        terminal = self._add_terminal(run, public_key, region_code, version)
        if joining is not None:
            joining.bind(run, code_hash(code), terminal)
        return terminal

    def _add_terminal(self, run: Cursor, public_key: bytes, region_code: str, version: str) -> Terminal:
        jumped = run.execute("select value from platform where name = 'next_number'").fetchone()
        number = f"{max(_next_number(run), int(jumped[0]) if jumped else 0):06d}"
        terminal_id = f"t{number}-{secrets.token_hex(4)}"
        run.execute(
            "insert into terminal (terminal_id, terminal_number, region_code, public_key, enrolled_at, version)"
            " values (?, ?, ?, ?, ?, ?)",
            (terminal_id, number, region_code, public_key, self.now(), version),
        )
        return Terminal(terminal_id, number, region_code, public_key, 0)


_SELECT_TERMINAL = "select terminal_id, terminal_number, region_code, public_key, high_water from terminal"
_HOLD_TERMINAL = (
    "select (select value from platform where name = 'epoch') from terminal where terminal_id = ?"
)
_USE_NONCE = (
    "insert into seen_nonce select ?, coalesce(max(number), 0) + 1, ? from seen_nonce where terminal_id = ?"
    " on conflict (terminal_id, nonce) do nothing returning number"
)


def _next_number(run: Cursor) -> int:
    """The number after the highest that this memory knows."""
    last = run.execute("select max(terminal_number) from terminal").fetchone()
    return int(last[0]) + 1 if last and last[0] else FIRST_TERMINAL


def _epoch(run: Cursor) -> str:
    found = run.execute("select value from platform where name = 'epoch'").fetchone()
    assert found is not None, "written above"
    return str(found[0])


def note_chain(run: Cursor, terminal_id: str, kind: str, first: int, last: int, now: str) -> None:
    """Note that a terminal's chain is not as it should be: gap, fork or rollback, and at which places."""
    run.execute(
        "insert into chain_note (terminal_id, number, kind, first_sequence, last_sequence, noticed_at)"
        " select ?, coalesce(max(number), 0) + 1, ?, ?, ?, ? from chain_note where terminal_id = ?",
        (terminal_id, kind, first, last, now, terminal_id),
    )


def noted(run: Cursor, terminal_id: str, kind: str, first: int, last: int) -> bool:
    """Whether that is noted already."""
    query = "select 1 from chain_note where terminal_id = ? and kind = ? and first_sequence = ? and last_sequence = ?"
    return run.execute(query, (terminal_id, kind, first, last)).fetchone() is not None


def code_hash(code: str) -> bytes:
    """Codes are random and live for minutes, so a plain hash keeps a read of the file from giving them away."""
    return hashlib.sha256(b"linban enrolment code 1\0" + code.strip().encode("utf-8")).digest()
