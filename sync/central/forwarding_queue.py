"""Which accepted cases are still to be passed on to the provincial platform, and what became of each."""

# ruff: noqa: S608 — statements are put together from our own words only; what comes from outside is a parameter

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.domain.entry import iso_utc
from sync.central.engine import Cursor
from sync.central.store import Store


@dataclass(frozen=True, slots=True)
class AcceptedCase:
    """One case on its way out of here."""

    terminal_id: str
    receipt_number: str
    entry_id: bytes
    service_code: str
    accepted_at: str
    content: str
    """The opened case as JSON."""
    tries: int


def put_accepted(run: Cursor, terminal_id: str, receipt_number: str, entry_id: bytes, now: str) -> None:
    """Pass this case on; accepted a second time it is not passed on a second time."""
    run.execute(
        "insert into forwarding (terminal_id, receipt_number, entry_id, accepted_at, due_at)"
        " values (?, ?, ?, ?, ?) on conflict do nothing",
        (terminal_id, receipt_number, entry_id, now, now),
    )


class ForwardingQueue:
    """Reads and settles the table `forwarding`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def claim(self, most: int, for_s: float) -> list[AcceptedCase]:
        """Cases that are due and opened, taken for `for_s` seconds: another worker takes others.

        Who dies over them lets them go by that time; the receiver knows each by its key, so twice is once.
        """
        now = self._store.clock.now()
        with self._store.unordered() as run:
            rows = run.execute(
                "select f.terminal_id, f.receipt_number, f.entry_id, c.service_code, f.accepted_at, c.content, f.tries"
                " from forwarding f join case_record c"
                "  on c.terminal_id = f.terminal_id and c.receipt_number = f.receipt_number"
                " where f.delivered_at is null and f.dead_at is null and f.due_at <= ? and c.content <> ''"
                " order by f.due_at limit ?" + run.skip_locked.replace("update", "update of f"),
                (iso_utc(now), most),
            ).fetchall()
            until = iso_utc(now + timedelta(seconds=for_s))
            run.executemany(
                "update forwarding set due_at = ?, tries = tries + 1 where terminal_id = ? and receipt_number = ?",
                [(until, row[0], row[1]) for row in rows],
            )
        return [
            AcceptedCase(row[0], row[1], bytes(row[2]), row[3], row[4], row[5], row[6] + 1) for row in rows
        ]

    def delivered(self, case: AcceptedCase) -> None:
        """The receiver has it."""
        self._set(case, "delivered_at = ?, failure = ''", self._store.now())

    def failed(self, case: AcceptedCase, failure: str, due: datetime) -> None:
        """Again at `due`."""
        self._set(case, "due_at = ?, failure = ?", iso_utc(due), failure)

    def died(self, case: AcceptedCase, failure: str) -> None:
        """The receiver will never take it: for a person (`again`)."""
        self._set(case, "dead_at = ?, failure = ?", self._store.now(), failure)

    def again(self, terminal_id: str, receipt_number: str) -> bool:
        """A person says: try once more. False: it is not a dead one."""
        with self._store.transaction(terminal_id) as run:
            return (
                run.execute(
                    "update forwarding set dead_at = null, tries = 0, due_at = ?"
                    " where terminal_id = ? and receipt_number = ? and dead_at is not null",
                    (self._store.now(), terminal_id, receipt_number),
                ).rowcount
                == 1
            )

    def counts(self) -> tuple[int, int, int]:
        """How many wait, were delivered, and are dead letters."""
        with self._store.reading() as run:
            row = run.execute(
                "select coalesce(sum(case when delivered_at is null and dead_at is null then 1 else 0 end), 0),"
                " coalesce(sum(case when delivered_at is not null then 1 else 0 end), 0),"
                " coalesce(sum(case when dead_at is not null then 1 else 0 end), 0) from forwarding"
            ).fetchone()
        assert row is not None, "an aggregate has one row"
        return int(row[0]), int(row[1]), int(row[2])

    def _set(self, case: AcceptedCase, what: str, *values: str) -> None:
        with self._store.unordered() as run:
            run.execute(
                f"update forwarding set {what} where terminal_id = ? and receipt_number = ?",
                (*values, case.terminal_id, case.receipt_number),
            )
