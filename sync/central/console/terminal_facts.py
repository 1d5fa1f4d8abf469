"""What the platform knows of one terminal, for its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sync.central.console.figures import spaced
from sync.central.store import Store

_HISTORY = 2000
_LINES = 40
_DEVICES = "select device, state, paper, detail, since from device_report where terminal_id = ? order by device limit ?"
_NOTES = (
    "select kind, first_sequence, last_sequence, noticed_at, closed_at from chain_note where terminal_id = ?"
    " order by number desc limit ?"
)
_ALARMS = (
    "select number, kind, detail, noticed_at, closed_at from alarm where terminal_id = ?"
    " order by number desc limit ?"
)
_ROOTS = (
    "select day, position, digest, stored_at from audit_root where terminal_id = ? order by day desc limit ?"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What its last heartbeat told."""

    at: str
    version: str
    pending: int
    parked: int
    oldest_unsent_s: float | None
    disk_free_bytes: int | None
    days_left: float | None
    uptime_s: float
    tail_sequence: int
    acknowledged_sequence: int
    clock_offset_s: float | None
    clock_trusted: int
    faults: str
    catalogue: str


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat of the past."""

    at: str
    pending: int
    oldest_unsent_s: float | None
    disk_free_bytes: int | None


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """Everything on the page."""

    terminal_id: str
    terminal_number: str
    region_code: str
    key_print: str
    enrolled_at: str
    high_water: int
    standing: str
    standing_since: str | None
    told: Told | None
    history: list[Beat]
    devices: list[tuple[str, str, str, str, str]]
    """Device, state, paper, detail, since."""
    notes: list[tuple[str, int, int, str, str | None]]
    """Kind, first and last sequence, noticed, closed."""
    alarms: list[tuple[int, str, str, str, str | None]]
    """Number, kind, detail, noticed, closed."""
    audit_roots: list[tuple[str, int, str, str]]
    """Day, position, digest as hexadecimal digits, stored."""
    entry_count: int
    quarantined_count: int


class TerminalLook:
    """Asks for one terminal, and keeps where it stands."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def facts(self, terminal_id: str) -> TerminalFacts | None:
        """Everything known of it; None: there is no such terminal."""
        with self._store.reading() as run:
            terminal = run.execute(
                "select terminal_number, region_code, public_key, enrolled_at, high_water, standing, standing_since"
                " from terminal where terminal_id = ?",
                (terminal_id,),
            ).fetchone()
            if terminal is None:
                return None
            number, region, key, enrolled_at, high_water, standing, since = terminal
            return TerminalFacts(
                terminal_id,
                number,
                region,
                spaced(bytes(key)[:8]),
                enrolled_at,
                high_water,
                standing,
                since,
                _told(run, terminal_id),
                _history(run, terminal_id),
                _rows(run, _DEVICES, terminal_id),
                _rows(run, _NOTES, terminal_id),
                _rows(run, _ALARMS, terminal_id),
                [
                    (day, position, spaced(bytes(digest)[:8]), stored_at)
                    for day, position, digest, stored_at in _rows(run, _ROOTS, terminal_id)
                ],
                _count(run, "terminal_id = ?", terminal_id),
                _count(run, "terminal_id = ? and result = 'quarantined'", terminal_id),
            )

    def set_place(self, terminal_id: str, place: str, operator: str) -> bool:
        """Say where it stands. False: no such terminal."""
        if self._store.terminal(terminal_id) is None:
            return False
        with self._store.transaction() as run:
            run.execute(
                "insert into terminal_place values (?, ?, ?, ?) on conflict (terminal_id) do update set"
                " place = excluded.place, operator = excluded.operator, at = excluded.at",
                (terminal_id, place, operator, self._store.now()),
            )
        return True


def _told(run: Any, terminal_id: str) -> Told | None:
    row = run.execute(
        "select at, version, pending, parked, oldest_unsent_s, disk_free_bytes, days_left, uptime_s, tail_sequence,"
        " acknowledged_sequence, clock_offset_s, clock_trusted, faults, catalogue from heartbeat"
        " where terminal_id = ?",
        (terminal_id,),
    ).fetchone()
    return Told(*row) if row else None


def _history(run: Any, terminal_id: str) -> list[Beat]:
    rows = run.execute(
        "select at, pending, oldest_unsent_s, disk_free_bytes from heartbeat_history where terminal_id = ?"
        " order by at desc limit ?",
        (terminal_id, _HISTORY),
    ).fetchall()
    return [Beat(*row) for row in reversed(rows)]


def _rows(run: Any, query: str, terminal_id: str) -> list[Any]:
    return [tuple(row) for row in run.execute(query, (terminal_id, _LINES)).fetchall()]


def _count(run: Any, where: str, terminal_id: str) -> int:
    row = run.execute(f"select count(*) from entry where {where}", (terminal_id,)).fetchone()  # noqa: S608 — our own words
    return int(row[0])
