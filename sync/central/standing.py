"""Whether a terminal's chain is the one that the platform knows: an old disk, a copied disk, an operator's stop.

A terminal that is not `ok` makes no new receipts; what it recorded is taken in all the same.  Evidence is judged
so that a heartbeat which was long on its way condemns nobody: it may honestly tell of an older journal than the
entries that overtook it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.domain.enrolment import Standing
from kiosk.domain.entry import iso_utc
from sync.central.alarms import AlarmKind, raise_alarm
from sync.central.engine import Cursor
from sync.central.store import Store, note_chain, noted
from sync.heartbeat_wire import HeartbeatRequest

_LONGEST_WAY = timedelta(seconds=120)
"""Ten times what a terminal waits for the answer to a heartbeat: one that comes later still was overtaken by nothing
that is stored for longer."""


@dataclass(frozen=True, slots=True)
class Before:
    """What the heartbeat before this one left behind."""

    boot_id: str = ""
    earlier_boot_id: str = ""
    suspect_sequence: int = 0
    """The high water when a heartbeat last told of an older journal and might have been overtaken; else 0."""
    uptime_s: float | None = None
    """When it was written, by the clock of its process: one that is sent again after a lost answer says the same."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What this heartbeat shows."""

    standing: Standing
    suspect_sequence: int = 0


def judge_chain(
    run: Cursor,
    terminal_id: str,
    message: HeartbeatRequest,
    high_water: int,
    before: Before,
    now: datetime,
) -> Verdict:
    """What the journal's tail says of the terminal. Only evidence: what stands already is not looked at."""
    if _copied(run, terminal_id, message, before):
        return Verdict(Standing.CLONED)
    if message.tail_sequence >= high_water:
        return Verdict(Standing.OK)
    told_again = before.suspect_sequence > message.tail_sequence and message.uptime_s != before.uptime_s
    if not _may_be_overtaken(run, terminal_id, message, high_water):
        return Verdict(Standing.ROLLED_BACK)
    # Two different ones may both have been overtaken, but not by what has been here for minutes.
    if told_again and _stored_until(run, terminal_id, message.tail_sequence) < iso_utc(now - _LONGEST_WAY):
        return Verdict(Standing.ROLLED_BACK)
    return Verdict(Standing.OK, suspect_sequence=high_water)


def _copied(run: Cursor, terminal_id: str, message: HeartbeatRequest, before: Before) -> bool:
    fork = "select 1 from chain_note where terminal_id = ? and kind = 'fork' and closed_at is null limit 1"
    if run.execute(fork, (terminal_id,)).fetchone() is not None:
        return True
    # No machine returns to a boot that it has left.
    if message.boot_id and message.boot_id == before.earlier_boot_id != before.boot_id:
        return True
    if not message.tail_sequence or not message.tail_digest:
        return False
    rows = run.execute(
        "select digest from entry where terminal_id = ? and sequence = ? and reason not in ('fork', 'digest')",
        (terminal_id, message.tail_sequence),
    ).fetchall()
    return bool(rows) and all(bytes(digest) != message.tail_digest for (digest,) in rows)


def _may_be_overtaken(run: Cursor, terminal_id: str, message: HeartbeatRequest, high_water: int) -> bool:
    """Whether this may be an old heartbeat: the newest entry is of the boot that it tells of.

    Entries of an earlier boot were all recorded before this heartbeat was written.
    """
    if not message.boot_id:
        return False
    row = run.execute(
        "select 1 from entry where terminal_id = ? and sequence = ? and boot_id = ? limit 1",
        (terminal_id, high_water, message.boot_id),
    ).fetchone()
    return row is not None


def _stored_until(run: Cursor, terminal_id: str, tail: int) -> str:
    """When the newest of the entries beyond the tail was stored; they are all that the heartbeat does not know of."""
    row = run.execute(
        "select max(stored_at) from entry where terminal_id = ? and sequence > ?", (terminal_id, tail)
    ).fetchone()
    return str(row[0] or "") if row else ""


def note_verdict(
    run: Cursor, terminal_id: str, verdict: Verdict, tail: int, high_water: int, now: str
) -> Standing:
    """Keep what was found; returns the standing. What an operator set, and what was found before, stays."""
    row = run.execute("select standing from terminal where terminal_id = ?", (terminal_id,)).fetchone()
    standing = Standing(row[0]) if row else Standing.OK
    if verdict.standing is Standing.OK:
        return standing
    if verdict.standing is Standing.ROLLED_BACK:
        if not noted(run, terminal_id, "rollback", tail + 1, high_water):
            note_chain(run, terminal_id, "rollback", tail + 1, high_water, now)
        raise_alarm(run, terminal_id, AlarmKind.ROLLED_BACK, f"{tail + 1}-{high_water}", now)
    else:
        raise_alarm(run, terminal_id, AlarmKind.CLONED, "", now)
    if standing is not Standing.OK:
        return standing
    _set(run, terminal_id, verdict.standing, now)
    return verdict.standing


class Standings:
    """What operators decide."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def suspend(self, terminal_id: str) -> bool:
        """It makes no new receipts from its next heartbeat on. False: no such terminal."""
        with self._store.transaction(terminal_id) as run:
            return _set(run, terminal_id, Standing.SUSPENDED, self._store.now())

    def restore(self, terminal_id: str) -> bool:
        """An operator has looked into it: it may go on, and what was noted until now counts no more."""
        now = self._store.now()
        with self._store.transaction(terminal_id) as run:
            run.execute(
                "update chain_note set closed_at = ? where terminal_id = ? and kind in ('fork', 'rollback')"
                " and closed_at is null",
                (now, terminal_id),
            )
            run.execute(
                "update alarm set closed_at = ? where terminal_id = ? and kind in ('rolled_back', 'cloned')"
                " and closed_at is null",
                (now, terminal_id),
            )
            run.execute(
                "update heartbeat set earlier_boot_id = '', suspect_sequence = 0 where terminal_id = ?",
                (terminal_id,),
            )
            return _set(run, terminal_id, Standing.OK, now)


def _set(run: Cursor, terminal_id: str, standing: Standing, now: str) -> bool:
    changed = run.execute(
        "update terminal set standing = ?, standing_since = ? where terminal_id = ?",
        (standing.value, now, terminal_id),
    )
    return changed.rowcount == 1
