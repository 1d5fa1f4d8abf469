"""The fleet as a list: every terminal with what is wrong with it, worst first, found and cut into pages by SQL.

An alert is a condition that is written once, as SQL; the list, its filters, its counts and its order are made of it.
Twenty thousand terminals are never in memory at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kiosk.domain.entry import iso_utc
from sync.central.store import Store

PAGE = 50
SILENT_MINUTES = 15
"""A heartbeat a minute is usual: fifteen missed are no accident of the line."""
_UNSENT_S = 6 * 3600
_DISK_BYTES = 2_000_000_000
_DAYS_LEFT = 14
_CLOCK_S = 600
"""Ten minutes: what a terminal warns about itself."""

_ALARM = "exists (select 1 from alarm a where a.terminal_id = t.terminal_id and a.closed_at is null and {})"
_REPORT = "exists (select 1 from device_report d where d.terminal_id = t.terminal_id and {})"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is wrong with a terminal. The weights are powers of two: the worst alert decides, then the next."""

    code: str
    weight: int
    grave: bool
    condition: str


ALERTS = (
    Alert("standing", 2048, True, "t.standing <> 'ok'"),
    Alert("forked", 1024, True, _ALARM.format("a.kind in ('rolled_back', 'cloned', 'platform_forgot')")),
    Alert("audit", 512, True, _ALARM.format("a.kind in ('audit_root_changed', 'audit_root_false')")),
    Alert("silent", 256, True, "coalesce(t.last_heard_at, '') < ?"),
    Alert(
        "quarantined",
        128,
        True,
        "exists (select 1 from entry e where e.terminal_id = t.terminal_id and e.result = 'quarantined')",
    ),
    Alert(
        "disk",
        64,
        True,
        f"h.disk_free_bytes < {_DISK_BYTES} or h.days_left < {_DAYS_LEFT}",
    ),
    Alert("parked", 32, True, "h.parked > 0"),
    Alert("unsent", 16, False, f"h.oldest_unsent_s > {_UNSENT_S}"),
    Alert("paper_out", 8, False, _REPORT.format("d.paper = 'out'")),
    Alert("clock", 4, False, f"h.clock_trusted = 0 or abs(h.clock_offset_s) > {_CLOCK_S}"),
    Alert(
        "device",
        2,
        False,
        _REPORT.format("d.state not in ('online', 'busy', 'starting') and d.paper <> 'out'"),
    ),
    Alert("paper_low", 1, False, _REPORT.format("d.paper = 'low'")),
)
CODES = tuple(alert.code for alert in ALERTS)

_FLAGS = ", ".join(f"case when {alert.condition} then 1 else 0 end as is_{alert.code}" for alert in ALERTS)
_PLACE = (
    "coalesce(p.place, (select max(l.label) from enrolment_code c join enrolment_label l"
    " on l.code_hash = c.code_hash where c.used_by = t.public_key), '')"
)
_FLEET = (
    f"with fleet as (select t.terminal_id, t.terminal_number, t.version, t.last_heard_at, t.standing,"  # noqa: S608 — our own words
    f" t.high_water, {_PLACE} as place, h.pending, h.parked, h.oldest_unsent_s, h.disk_free_bytes, h.days_left,"
    f" {_FLAGS} from terminal t left join heartbeat h on h.terminal_id = t.terminal_id"
    f" left join terminal_place p on p.terminal_id = t.terminal_id)"
)
_WORST = " + ".join(f"is_{alert.code} * {alert.weight}" for alert in ALERTS)
_ORDERS = {
    "worst": f"{_WORST} desc, coalesce(oldest_unsent_s, 0) desc, terminal_number",
    "number": "terminal_number",
    "heard": "coalesce(last_heard_at, ''), terminal_number",
    "pending": "coalesce(pending, -1) desc, terminal_number",
    "disk": "coalesce(disk_free_bytes, 9000000000000000), terminal_number",
}
ORDERS = tuple(_ORDERS)


@dataclass(frozen=True, slots=True)
class FleetRow:
    """One terminal in the list."""

    terminal_id: str
    terminal_number: str
    version: str
    last_heard_at: str | None
    standing: str
    high_water: int
    place: str
    pending: int | None
    parked: int | None
    oldest_unsent_s: float | None
    disk_free_bytes: int | None
    days_left: float | None
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class FleetCount:
    """How many terminals there are, how many are well, and how many have each alert."""

    total: int
    well: int
    with_alert: dict[str, int]


@dataclass(frozen=True, slots=True)
class FleetWish:
    """What the list is to show."""

    search: str = ""
    alert: str = ""
    order: str = "worst"
    page: int = 1


class Fleet:
    """Asks for terminals."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def count(self) -> FleetCount:
        """The whole fleet in numbers."""
        sums = ", ".join(f"coalesce(sum(is_{code}), 0)" for code in CODES)
        query = f"{_FLEET} select count(*), coalesce(sum(case when {_WORST} = 0 then 1 else 0 end), 0), {sums} from fleet"  # noqa: S608
        with self._store.reading() as run:
            row = run.execute(query, (self._silent_before(),)).fetchone()
        assert row is not None
        return FleetCount(
            int(row[0]), int(row[1]), {code: int(n) for code, n in zip(CODES, row[2:], strict=True)}
        )

    def page(self, wish: FleetWish) -> tuple[list[FleetRow], int]:
        """One page of those that fit, and how many fit."""
        where, params = _where(wish)
        order = _ORDERS.get(wish.order, _ORDERS["worst"])
        base = (self._silent_before(), *params)
        flags = ", ".join(f"is_{code}" for code in CODES)
        columns = (
            "terminal_id, terminal_number, version, last_heard_at, standing, high_water, place, pending, parked,"
            " oldest_unsent_s, disk_free_bytes, days_left"
        )
        query = (
            f"{_FLEET} select {columns}, {flags} from fleet where {where} order by {order} limit ? offset ?"  # noqa: S608
        )
        with self._store.reading() as run:
            found = run.execute(f"{_FLEET} select count(*) from fleet where {where}", base).fetchone()  # noqa: S608
            rows = run.execute(query, (*base, PAGE, (max(wish.page, 1) - 1) * PAGE)).fetchall()
        assert found is not None
        return [_row(row) for row in rows], int(found[0])

    def one(self, terminal_id: str) -> FleetRow | None:
        """One terminal."""
        flags = ", ".join(f"is_{code}" for code in CODES)
        query = (
            f"{_FLEET} select terminal_id, terminal_number, version, last_heard_at, standing, high_water, place,"  # noqa: S608
            f" pending, parked, oldest_unsent_s, disk_free_bytes, days_left, {flags} from fleet where terminal_id = ?"
        )
        with self._store.reading() as run:
            row = run.execute(query, (self._silent_before(), terminal_id)).fetchone()
        return _row(row) if row else None

    def _silent_before(self) -> str:
        return iso_utc(self._store.clock.now() - timedelta(minutes=SILENT_MINUTES))


def _where(wish: FleetWish) -> tuple[str, tuple[Any, ...]]:
    conditions, params = ["1 = 1"], []
    if wish.search:
        pattern = "%" + wish.search.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        conditions.append(
            "(terminal_number like ? escape '!' or terminal_id like ? escape '!' or place like ? escape '!')"
        )
        params += [pattern] * 3
    if wish.alert in CODES:
        conditions.append(f"is_{wish.alert} = 1")
    elif wish.alert == "any":
        conditions.append(f"{_WORST} > 0")
    elif wish.alert == "well":
        conditions.append(f"{_WORST} = 0")
    return " and ".join(conditions), tuple(params)


def _row(row: tuple[Any, ...]) -> FleetRow:
    raised = row[-len(ALERTS) :]
    alerts = tuple(alert for alert, flag in zip(ALERTS, raised, strict=True) if flag)
    return FleetRow(*(*row[: -len(ALERTS)], alerts))
