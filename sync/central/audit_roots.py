"""The signed ends of each terminal's audit days: stored once, so that a chain rewritten later is seen."""

from __future__ import annotations

from datetime import date

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.journal.audit_roots import AuditDay, statement
from sync.central.alarms import AlarmKind, raise_alarm
from sync.central.engine import Cursor
from sync.heartbeat_wire import AuditRoot


def store_roots(run: Cursor, terminal_id: str, public_key: bytes, roots: list[AuditRoot], now: str) -> None:
    """Store what is new and rightly signed; a false one and a changed one are alarms, and change nothing."""
    key = Ed25519PublicKey.from_public_bytes(public_key)
    for root in roots:
        day = root.day.isoformat()
        if not _signed(key, terminal_id, root):
            raise_alarm(run, terminal_id, AlarmKind.AUDIT_ROOT_FALSE, day, now)
            continue
        stored = run.execute(
            "select position, digest from audit_root where terminal_id = ? and day = ?", (terminal_id, day)
        ).fetchone()
        if stored is None:
            run.execute(
                "insert into audit_root values (?, ?, ?, ?, ?, ?)",
                (terminal_id, day, root.position, root.digest, root.signature, now),
            )
        elif (stored[0], bytes(stored[1])) != (root.position, root.digest):
            raise_alarm(run, terminal_id, AlarmKind.AUDIT_ROOT_CHANGED, day, now)


def newest_day(run: Cursor, terminal_id: str) -> date | None:
    """The last day whose root is stored."""
    row = run.execute("select max(day) from audit_root where terminal_id = ?", (terminal_id,)).fetchone()
    return date.fromisoformat(row[0]) if row and row[0] else None


def _signed(key: Ed25519PublicKey, terminal_id: str, root: AuditRoot) -> bool:
    day = AuditDay(day=root.day, position=root.position, digest=root.digest)
    try:
        key.verify(root.signature, statement(terminal_id, day))
    except InvalidSignature:
        return False
    return True
