"""What an operator must look at: noted once, open until a person closes it. Written under the terminal's lock."""

from __future__ import annotations

from enum import StrEnum

from sync.central.engine import Cursor


class AlarmKind(StrEnum):
    """What is wrong with a terminal."""

    ROLLED_BACK = "rolled_back"
    CLONED = "cloned"
    AUDIT_ROOT_CHANGED = "audit_root_changed"
    """Another root for a day whose root is stored: the audit chain was rewritten."""
    AUDIT_ROOT_FALSE = "audit_root_false"
    """A root that the terminal's key did not sign."""
    PLATFORM_FORGOT = "platform_forgot"
    """The terminal holds acknowledgements for more than is stored here."""


_ONE_AT_A_TIME = (AlarmKind.PLATFORM_FORGOT,)
"""What is forgotten becomes less with every batch that comes again: that is one alarm, and not one a heartbeat."""


def raise_alarm(run: Cursor, terminal_id: str, kind: AlarmKind, detail: str, now: str) -> bool:
    """Note it unless it is open already; whether it is new."""
    open_ones = "select detail from alarm where terminal_id = ? and kind = ? and closed_at is null"
    details = [row[0] for row in run.execute(open_ones, (terminal_id, kind.value)).fetchall()]
    if detail in details or (details and kind in _ONE_AT_A_TIME):
        return False
    run.execute(
        "insert into alarm (terminal_id, number, kind, detail, noticed_at)"
        " select ?, coalesce(max(number), 0) + 1, ?, ?, ? from alarm where terminal_id = ?",
        (terminal_id, kind.value, detail, now, terminal_id),
    )
    return True


def close_alarm(run: Cursor, terminal_id: str, number: int, now: str) -> bool:
    """A person has looked at it."""
    closed = "update alarm set closed_at = ? where terminal_id = ? and number = ? and closed_at is null"
    return run.execute(closed, (now, terminal_id, number)).rowcount == 1
