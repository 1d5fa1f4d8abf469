"""Audit roots: where the audit chain stood at the end of each day, signed and handed to the platform.

A chain alone proves that nothing was taken out of its middle; whoever has the terminal's disk could still write
the whole of it anew.  After the platform holds a signed root, that cannot be done for the days before.

The day comes from the platform's clock; never from this terminal's, which may say 1970 or 2036.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from kiosk.domain.entry import iso_utc
from kiosk.journal.audit import Audit
from kiosk.journal.database import Database

_encode = msgspec.json.Encoder(order="sorted").encode
_COLUMNS = "day, position, digest, signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDay:
    """Where the chain stood at the end of `day` (UTC)."""

    day: date
    position: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAuditDay:
    """A root with the terminal's signature over its `statement`."""

    root: AuditDay
    signature: bytes


def statement(terminal_id: str, root: AuditDay) -> bytes:
    """The bytes that the terminal's key signs."""
    content = {
        "terminal": terminal_id,
        "day": root.day.isoformat(),
        "position": root.position,
        "digest": root.digest.hex(),
    }
    return b"linban audit root 1\0" + _encode(content)


class AuditRoots:
    """The `audit_root` table."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database, self._audit = database, audit

    def due(self, today: date) -> AuditDay | None:
        """The root of yesterday, if it has none yet and anything was written since the newest root.

        `today` by the platform's clock (UTC).  Days on which nothing was written, or nobody asked, have no root
        of their own: the next one covers their lines too.  Lines whose own clock was ahead count with the line
        that follows them.
        """
        yesterday = today - timedelta(days=1)
        newest = self._database.row("SELECT max(position), max(day = ?) FROM audit_root", (_iso(yesterday),))
        covered, done = (newest[0] or 0, newest[1]) if newest else (0, 0)
        if done:
            return None
        self._audit.tell_entries()
        end = datetime.combine(today, time(), UTC)
        row = self._database.row(
            "SELECT position, digest FROM audit WHERE position > ? AND happened_at < ?"
            " ORDER BY position DESC LIMIT 1",
            (covered, iso_utc(end)),
        )
        return AuditDay(day=yesterday, position=row[0], digest=row[1]) if row else None

    def store(self, root: AuditDay, signature: bytes) -> None:
        """Keep a signed root until it is confirmed, and after. A day that has one keeps it."""
        with self._database.transaction():
            self._database.run(
                f"INSERT INTO audit_root ({_COLUMNS}) VALUES (?, ?, ?, ?) ON CONFLICT (day) DO NOTHING",
                (_iso(root.day), root.position, root.digest, signature),
            )

    def unconfirmed(self, limit: int = 40) -> list[SignedAuditDay]:
        """Roots that the platform has not confirmed, the oldest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM audit_root INDEXED BY audit_root_unconfirmed WHERE confirmed = 0"
            " ORDER BY day LIMIT ?",
            (limit,),
        )
        return [
            SignedAuditDay(
                root=AuditDay(day=date.fromisoformat(row[0]), position=row[1], digest=row[2]),
                signature=row[3],
            )
            for row in rows
        ]

    def confirmed_until(self, day: date) -> int:
        """The platform holds every root up to `day`; how many that was news for."""
        pending = self._database.row(
            "SELECT 1 FROM audit_root WHERE confirmed = 0 AND day <= ?", (_iso(day),)
        )
        if pending is None:
            return 0
        with self._database.transaction():
            return self._database.run(
                "UPDATE audit_root SET confirmed = 1 WHERE confirmed = 0 AND day <= ?", (_iso(day),)
            )


def _iso(day: date) -> str:
    """A day as it is stored: sorts as it should."""
    return day.isoformat()
