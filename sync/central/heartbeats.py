"""What heartbeats tell: kept for the operators, and answered with what the platform misses and thinks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kiosk.domain.enrolment import Standing
from kiosk.domain.entry import iso_utc
from sync.central.alarms import AlarmKind, raise_alarm
from sync.central.audit_roots import newest_day, store_roots
from sync.central.catalogue_store import CatalogueStore
from sync.central.engine import Cursor
from sync.central.gaps import missing_ranges
from sync.central.standing import Before, judge_chain, note_verdict
from sync.central.store import Store, Terminal
from sync.heartbeat_wire import DeviceReport, HeartbeatAnswer, HeartbeatRequest
from sync.wire import encode

_MOST_GAPS = 100
_HISTORY_EVERY_S = 15 * 60
_HISTORY_KEPT = 7 * 24 * 4
"""A week, one row a quarter of an hour: seven million small rows for ten thousand terminals."""
_EPOCH_PAUSE_S = 3600
"""A terminal's word alone begins a new epoch; a lying one shall not begin one after the other."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The terminal as the heartbeat finds it."""

    high_water: int
    epoch_seen: str
    """The last epoch in which this terminal knew no more than the platform."""
    before: Before

    def forgot(self, message: HeartbeatRequest) -> bool:
        """Whether the terminal holds acknowledgements for what is not here."""
        return message.acknowledged_sequence > self.high_water


class Heartbeats:
    """Takes heartbeats in."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(
        self,
        terminal: Terminal,
        nonce: str,
        message: HeartbeatRequest,
        clock_offset_s: float | None,
        sequence: int,
    ) -> HeartbeatAnswer:
        """Keep it and answer it; `sequence` is what the request's signature covers, for terminals of before the tail.

        Raises `Replayed`.
        """
        if not message.tail_digest:
            message = msgspec.structs.replace(message, tail_sequence=sequence)
        with self._store.transaction(terminal.terminal_id) as run:
            self._store.use_nonce(run, terminal.terminal_id, nonce)
            row = _read(run, terminal.terminal_id)
            self._keep(run, terminal, message, clock_offset_s, row)
            answer = self._answer(run, terminal.terminal_id, message, row)
        if row.forgot(message) and row.epoch_seen == self._store.epoch:
            self._begin_epoch(row.epoch_seen)
        catalogue = CatalogueStore(self._store).newest_digest()
        return msgspec.structs.replace(answer, epoch=self._store.epoch, catalogue=catalogue)

    def _keep(
        self,
        run: Cursor,
        terminal: Terminal,
        message: HeartbeatRequest,
        clock_offset_s: float | None,
        row: _Row,
    ) -> None:
        terminal_id, now = terminal.terminal_id, self._store.now()
        verdict = judge_chain(run, terminal_id, message, row.high_water, row.before, self._store.clock.now())
        note_verdict(run, terminal_id, verdict, message.tail_sequence, row.high_water, now)
        epoch_seen = row.epoch_seen if row.forgot(message) else self._store.epoch
        run.execute(
            "update terminal set last_heard_at = ?, version = ?, heartbeat = ?, clock_offset_s = ?, epoch_seen = ?"
            " where terminal_id = ?",
            (now, message.version, encode(message).decode("utf-8"), clock_offset_s, epoch_seen, terminal_id),
        )
        _keep_latest(run, terminal_id, message, clock_offset_s, now, row.before, verdict.suspect_sequence)
        _keep_history(run, terminal_id, message, clock_offset_s, self._store.clock.now())
        _keep_devices(run, terminal_id, message.devices, now)
        store_roots(run, terminal_id, terminal.public_key, message.audit_roots, now)

    def _answer(self, run: Cursor, terminal_id: str, message: HeartbeatRequest, row: _Row) -> HeartbeatAnswer:
        gaps = missing_ranges(run, terminal_id, _MOST_GAPS)
        if row.forgot(message):
            first, last = row.high_water + 1, message.acknowledged_sequence
            gaps = [*gaps[: _MOST_GAPS - 1], (first, last)]
            raise_alarm(run, terminal_id, AlarmKind.PLATFORM_FORGOT, f"{first}-{last}", self._store.now())
        found = run.execute(
            "select standing, (select max(number) from inbox where inbox.terminal_id = terminal.terminal_id)"
            " from terminal where terminal_id = ?",
            (terminal_id,),
        ).fetchone()
        assert found is not None, "only known terminals get here"
        return HeartbeatAnswer(
            epoch=self._store.epoch,
            high_water=row.high_water,
            inbox_head=found[1] or 0,
            gaps=gaps,
            standing=Standing(found[0]),
            audit_roots_until=newest_day(run, terminal_id),
        )

    def _begin_epoch(self, instead_of: str) -> None:
        """A terminal that this memory knew to be in step is ahead of it: the memory was put back."""
        since = iso_utc(self._store.clock.now() - timedelta(seconds=_EPOCH_PAUSE_S))
        with self._store.reading() as run:
            query = "select 1 from epoch where reason = 'terminals know more' and begun_at > ?"
            if run.execute(query, (since,)).fetchone() is not None:
                return
        self._store.begin_epoch("terminals know more", instead_of)


def _read(run: Cursor, terminal_id: str) -> _Row:
    row = run.execute(
        "select t.high_water, t.epoch_seen, coalesce(h.boot_id, ''), coalesce(h.earlier_boot_id, ''),"
        " coalesce(h.suspect_sequence, 0), h.uptime_s from terminal t left join heartbeat h on h.terminal_id = t.terminal_id"
        " where t.terminal_id = ?",
        (terminal_id,),
    ).fetchone()
    assert row is not None, "only known terminals get here"
    return _Row(int(row[0]), row[1], Before(row[2], row[3], int(row[4]), row[5]))


_HEARTBEAT = (
    "terminal_id at version pending parked oldest_unsent_s disk_free_bytes days_left uptime_s boot_id"
    " earlier_boot_id tail_sequence tail_digest acknowledged_sequence clock_offset_s clock_trusted faults catalogue"
    " suspect_sequence"
).split()
_KEEP = (
    f"insert into heartbeat ({', '.join(_HEARTBEAT)}) values ({', '.join('?' * len(_HEARTBEAT))})"  # noqa: S608 — our own names
    " on conflict (terminal_id) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in _HEARTBEAT[1:])
)


def _keep_latest(
    run: Cursor,
    terminal_id: str,
    message: HeartbeatRequest,
    clock_offset_s: float | None,
    now: str,
    before: Before,
    suspect_sequence: int,
) -> None:
    rebooted = before.boot_id and message.boot_id != before.boot_id
    run.execute(
        _KEEP,
        (
            terminal_id,
            now,
            message.version,
            message.pending,
            message.parked,
            message.oldest_unsent_s,
            message.disk_free_bytes,
            message.days_left,
            message.uptime_s,
            message.boot_id,
            before.boot_id if rebooted else before.earlier_boot_id,
            message.tail_sequence,
            message.tail_digest,
            message.acknowledged_sequence,
            clock_offset_s,
            int(message.clock_trusted),
            " ".join(message.faults),
            message.catalogue,
            suspect_sequence,
        ),
    )


def _keep_history(
    run: Cursor, terminal_id: str, message: HeartbeatRequest, clock_offset_s: float | None, now: datetime
) -> None:
    last = run.execute(
        "select number, at from heartbeat_history where terminal_id = ? order by number desc limit 1",
        (terminal_id,),
    ).fetchone()
    if last is not None and last[1] > iso_utc(now - timedelta(seconds=_HISTORY_EVERY_S)):
        return
    number = (last[0] if last else 0) + 1
    run.execute(
        "insert into heartbeat_history values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            terminal_id,
            number,
            iso_utc(now),
            message.pending,
            message.parked,
            message.oldest_unsent_s,
            message.disk_free_bytes,
            clock_offset_s,
        ),
    )
    run.execute(
        "delete from heartbeat_history where terminal_id = ? and number <= ?",
        (terminal_id, number - _HISTORY_KEPT),
    )


def _keep_devices(run: Cursor, terminal_id: str, devices: list[DeviceReport], now: str) -> None:
    """Only what changed is written; `since` is when the device came into the state that it is in."""
    query = "select device, state, paper, detail from device_report where terminal_id = ?"
    kept = {row[0]: tuple(row[1:]) for row in run.execute(query, (terminal_id,)).fetchall()}
    for report in devices:
        if kept.pop(report.device, None) == (report.state, report.paper, report.detail):
            continue
        run.execute(
            "insert into device_report values (?, ?, ?, ?, ?, ?) on conflict (terminal_id, device) do update set"
            " since = case when device_report.state = excluded.state then device_report.since else excluded.since end,"
            " state = excluded.state, paper = excluded.paper, detail = excluded.detail",
            (terminal_id, report.device, report.state, report.paper, report.detail, now),
        )
    for device in kept:
        run.execute("delete from device_report where terminal_id = ? and device = ?", (terminal_id, device))
