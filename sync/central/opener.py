"""Opens sealed cases after their terminal was answered: at its own pace, by any number of workers, each case once.

What is still to be opened stands in the table `opening`, written in the transaction that stored the entry.  A row
leaves it in the transaction that keeps the case, so a crash at any moment leaves it there or done.  A case that
cannot be opened is quarantined, and its terminal is told by its inbox: the acknowledgement only ever said that the
entry is stored.
"""

# ruff: noqa: S608 — statements are put together from our own words only; what comes from outside is a parameter

from __future__ import annotations

import logging
import threading
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.domain.case import PlatformState
from kiosk.domain.entry import EntryHeader, EntryKind
from sync.central.engine import Cursor
from sync.central.inbox import put_message
from sync.central.intake import open_case
from sync.central.store import Store
from sync.wire import Reason, Result

log = logging.getLogger(__name__)

BATCH = 200
"""Opening one costs a fifth of a millisecond, a commit on a busy disk ten: enough that the commit is shared."""
_WAITING = (
    "select o.terminal_id, o.entry_id, t.terminal_number, e.kind, e.service_code, e.pack_version, e.receipt_number,"
    " e.sealed, e.stored_at from (select terminal_id, entry_id from opening limit ?{skip_locked}) o"
    " join entry e on e.terminal_id = o.terminal_id and e.entry_id = o.entry_id"
    " join terminal t on t.terminal_id = o.terminal_id"
)

_Found = tuple[Any, ...]


class Opener:
    """Opens what waits. `wake` it when something new was stored."""

    def __init__(self, store: Store, sealing_key: X25519PrivateKey) -> None:
        self._store = store
        self._sealing_key = sealing_key.private_bytes_raw()
        self._new = threading.Event()

    def wake(self) -> None:
        """Something was stored."""
        self._new.set()

    @property
    def woken(self) -> threading.Event:
        """Set when something was stored since the last look."""
        return self._new

    def open_all(self) -> int:
        """Open everything that waits; how many were looked at."""
        done = 0
        while found := self.open_some():
            done += found
        return done

    def open_some(self, most: int = BATCH) -> int:
        """Open at most `most`; how many were looked at."""
        self._new.clear()
        if self._store.many_writers:
            # The rows are held while they are opened: another worker takes others, and a crash lets them go.
            with self._store.unordered() as run:
                found = run.execute(_WAITING.format(skip_locked=run.skip_locked), (most,)).fetchall()
                self._settle(run, [(row, self._opened(row)) for row in found])
                return len(found)
        with self._store.reading() as run:
            found = run.execute(_WAITING.format(skip_locked=""), (most,)).fetchall()
        opened = [(row, self._opened(row)) for row in found]
        if opened:
            with self._store.unordered() as run:
                self._settle(run, opened)
        return len(found)

    def waiting(self) -> int:
        """How many wait."""
        with self._store.reading() as run:
            found = run.execute("select count(*) from opening").fetchone()
        return int(found[0]) if found else 0

    def _opened(self, row: _Found) -> str | None:
        _, entry_id, number, kind, service_code, pack_version, receipt_number, sealed, _ = row
        try:
            header = EntryHeader(
                terminal_number=number,
                entry_id=UUID(bytes=bytes(entry_id)),
                kind=EntryKind(kind),
                service_code=service_code,
                pack_version=pack_version,
                receipt_number=receipt_number,
            )
            return open_case(header, bytes(sealed), self._sealing_key)
        except Exception:  # noqa: BLE001 — a bug over one case must not keep a county's other cases closed
            # Without the trace: its last line might say what the case says.
            log.error("opening an entry failed unexpectedly; it is quarantined")
            return None

    def _settle(self, run: Cursor, opened: list[tuple[_Found, str | None]]) -> None:
        """Keep what was opened. Quarantining comes first, because it holds terminals: nobody may wait in a ring."""
        mine = self._taken_off(run, opened)
        for row, content in sorted(mine, key=lambda pair: str(pair[0][0])):
            if content is None:
                _quarantine(run, row, Reason.CANNOT_OPEN, self._store.now())
        kept = [(row, content) for row, content in mine if content is not None]
        for row in _keep_cases(run, kept):
            _quarantine(run, row, Reason.CONFLICT, self._store.now())

    def _taken_off(
        self, run: Cursor, opened: list[tuple[_Found, str | None]]
    ) -> list[tuple[_Found, str | None]]:
        """Take them off the list; those that are gone were settled by somebody else who looked at the same time."""
        gone = "delete from opening where terminal_id = ? and entry_id = ?"
        if self._store.many_writers:  # they are held since they were read
            run.executemany(gone, [(row[0], row[1]) for row, _ in opened])
            return opened
        return [pair for pair in opened if run.execute(gone, (pair[0][0], pair[0][1])).rowcount == 1]


def _keep_cases(run: Cursor, kept: list[tuple[_Found, str]]) -> list[_Found]:
    """Store the opened cases; returns those whose receipt number another entry's case has.

    An operator may have moved a case before it was opened: then only its content is new.
    """
    if not kept:
        return []
    received = PlatformState.RECEIVED.value
    run.executemany(
        "insert into case_record values (?, ?, ?, ?, ?, ?) on conflict (terminal_id, receipt_number)"
        " do update set content = excluded.content where case_record.entry_id = excluded.entry_id",
        [(row[0], row[6], row[1], row[4], received, content) for row, content in kept],
    )
    taken = [] if run.rowcount == len(kept) else [row for row, _ in kept if _is_anothers(run, row)]
    run.executemany(
        "insert into case_history values (?, ?, 1, ?, ?) on conflict do nothing",
        [(row[0], row[6], received, row[8]) for row, _ in kept if row not in taken],
    )
    return taken


def _is_anothers(run: Cursor, row: _Found) -> bool:
    query = "select entry_id from case_record where terminal_id = ? and receipt_number = ?"
    found = run.execute(query, (row[0], row[6])).fetchone()
    return found is not None and bytes(found[0]) != bytes(row[1])


def _quarantine(run: Cursor, row: _Found, reason: Reason, now: str) -> None:
    terminal_id, entry_id, receipt_number = row[0], row[1], row[6]
    # Its inbox is numbered under its lock, as everything of a terminal.
    run.execute(f"select 1 from terminal where terminal_id = ?{run.for_update}", (terminal_id,))
    run.execute(
        "update entry set result = ?, reason = ? where terminal_id = ? and entry_id = ?",
        (Result.QUARANTINED.value, reason.value, terminal_id, entry_id),
    )
    put_message(run, terminal_id, "entry_quarantined", entry_id, receipt_number, PlatformState.UNKNOWN, now)
