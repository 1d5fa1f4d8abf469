"""What the platform remembers of terminals and enrolment. Entries and cases: `sync.central.entry_store`.

One connection, one lock, one transaction a request: a request's effects are all there after a crash, or
none of them are, and the answer leaves only after the commit.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from kiosk.clock import Clock
from kiosk.domain.entry import iso_utc
from sync.central.database import open_database

_NONCES_KEPT = 2048
_FAILURES_ALLOWED = 20
_FAILURE_WINDOW_S = 600
_FIRST_TERMINAL = 100001


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


class Store:
    """The platform's memory."""

    def __init__(self, file: Path | str, clock: Clock) -> None:
        self._connection = open_database(file)
        self._lock = threading.Lock()
        self.clock = clock
        with self.transaction() as run:
            run.execute("insert or ignore into platform values ('epoch', ?)", (uuid4().hex,))
            self.epoch: str = run.execute("select value from platform where name = 'epoch'").fetchone()[0]

    def close(self) -> None:
        """Close the file; later calls fail."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor inside one write transaction; committed on leaving, rolled back on any exception."""
        with self._lock:
            cursor = self._connection.cursor()
            cursor.execute("begin immediate")
            try:
                yield cursor
            except BaseException:
                cursor.execute("rollback")
                raise
            cursor.execute("commit")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Any]:
        """A cursor for reading only."""
        with self._lock:
            yield self._connection.cursor()

    def now(self) -> str:
        """The platform's clock as it is stored and sent."""
        return iso_utc(self.clock.now())

    def terminal(self, terminal_id: str) -> Terminal | None:
        """The terminal with this id."""
        with self.reading() as run:
            row = run.execute(f"{_SELECT_TERMINAL} where terminal_id = ?", (terminal_id,)).fetchone()
        return Terminal(*row) if row else None

    def use_nonce(self, run: Any, terminal_id: str, nonce: str) -> None:
        """Remember a request's nonce; raises `Replayed` when it was used. The newest 2,048 are kept.

        An older request shown again finds its entries stored already and changes nothing.
        """
        known = "select 1 from seen_nonce where terminal_id = ? and nonce = ?"
        if run.execute(known, (terminal_id, nonce)).fetchone():
            raise Replayed
        last = run.execute(
            "select max(number) from seen_nonce where terminal_id = ?", (terminal_id,)
        ).fetchone()[0]
        number = (last or 0) + 1
        run.execute("insert into seen_nonce values (?, ?, ?)", (terminal_id, number, nonce))
        forgotten = "delete from seen_nonce where terminal_id = ? and number <= ?"
        run.execute(forgotten, (terminal_id, number - _NONCES_KEPT))

    def note_heartbeat(
        self,
        terminal_id: str,
        nonce: str,
        version: str,
        body: str,
        clock_offset_s: float | None,
        sequence: int,
    ) -> tuple[int, int]:
        """Keep the latest heartbeat; returns the terminal's high water and its newest inbox number.

        A terminal whose newest entry lies before what is stored of it was restored from an old disk: noted.
        """
        with self.transaction() as run:
            self.use_nonce(run, terminal_id, nonce)
            run.execute(
                "update terminal set last_heard_at = ?, version = ?, heartbeat = ?, clock_offset_s = ?"
                " where terminal_id = ?",
                (self.now(), version, body, clock_offset_s, terminal_id),
            )
            query = "select high_water from terminal where terminal_id = ?"
            high_water = run.execute(query, (terminal_id,)).fetchone()[0]
            if sequence < high_water and not _noted(run, terminal_id, "rollback", sequence + 1, high_water):
                note_chain(run, terminal_id, "rollback", sequence + 1, high_water, self.now())
            head = run.execute(
                "select max(number) from inbox where terminal_id = ?", (terminal_id,)
            ).fetchone()[0]
        return high_water, head or 0

    def add_enrolment_code(self, code: str, valid_for: timedelta) -> datetime:
        """Make `code` usable once until the returned moment. A code that was used stays used."""
        now = self.clock.now()
        expires_at = now + valid_for
        with self.transaction() as run:
            run.execute(
                "insert into enrolment_code (code_hash, created_at, expires_at) values (?, ?, ?)"
                " on conflict (code_hash) do update set expires_at = excluded.expires_at where used_by is null",
                (_code_hash(code), iso_utc(now), iso_utc(expires_at)),
            )
        return expires_at

    def enrol(self, code: str, public_key: bytes, region_code: str, version: str) -> Terminal:
        """Use up `code` for the terminal with `public_key`; raises `EnrolmentRefused`.

        Asking again with the same code and the same key gives the same answer: the first may have been lost.
        """
        with self.transaction() as run:
            try:
                return self._enrol(run, code, public_key, region_code, version)
            except EnrolmentRefused as refusal:
                # Counted in the same transaction, which must commit: the exception leaves after it.
                run.execute("insert into enrolment_failure values (?)", (self.now(),))
                word = refusal.word
        raise EnrolmentRefused(word)

    def _enrol(self, run: Any, code: str, public_key: bytes, region_code: str, version: str) -> Terminal:
        since = iso_utc(self.clock.now() - timedelta(seconds=_FAILURE_WINDOW_S))
        failures = run.execute("select count(*) from enrolment_failure where at > ?", (since,)).fetchone()[0]
        if failures >= _FAILURES_ALLOWED:
            raise EnrolmentRefused("too-many-tries")
        query = "select expires_at, used_by from enrolment_code where code_hash = ?"
        found = run.execute(query, (_code_hash(code),)).fetchone()
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
        used = "update enrolment_code set used_by = ?, used_at = ? where code_hash = ?"
        run.execute(used, (public_key, self.now(), _code_hash(code)))
        if row is not None:
            return Terminal(*row)
        return self._add_terminal(run, public_key, region_code, version)

    def _add_terminal(self, run: Any, public_key: bytes, region_code: str, version: str) -> Terminal:
        last = run.execute("select max(terminal_number) from terminal").fetchone()[0]
        number = f"{int(last) + 1 if last else _FIRST_TERMINAL:06d}"
        terminal_id = f"t{number}-{secrets.token_hex(4)}"
        run.execute(
            "insert into terminal (terminal_id, terminal_number, region_code, public_key, enrolled_at, version)"
            " values (?, ?, ?, ?, ?, ?)",
            (terminal_id, number, region_code, public_key, self.now(), version),
        )
        return Terminal(terminal_id, number, region_code, public_key, 0)


_SELECT_TERMINAL = "select terminal_id, terminal_number, region_code, public_key, high_water from terminal"


def note_chain(run: Any, terminal_id: str, kind: str, first: int, last: int, now: str) -> None:
    """Note that a terminal's chain is not as it should be: gap, fork or rollback, and at which places."""
    run.execute(
        "insert into chain_note values (?, (select coalesce(max(number), 0) + 1 from chain_note"
        " where terminal_id = ?), ?, ?, ?, ?, null)",
        (terminal_id, terminal_id, kind, first, last, now),
    )


def _noted(run: Any, terminal_id: str, kind: str, first: int, last: int) -> bool:
    query = "select 1 from chain_note where terminal_id = ? and kind = ? and first_sequence = ? and last_sequence = ?"
    return run.execute(query, (terminal_id, kind, first, last)).fetchone() is not None


def _code_hash(code: str) -> bytes:
    """Codes are random and live for minutes, so a plain hash keeps a read of the file from giving them away."""
    return hashlib.sha256(b"linban enrolment code 1\0" + code.strip().encode("utf-8")).digest()
