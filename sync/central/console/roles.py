"""Who may do what: five roles, kept apart so that no one person can both act and cover it up.

The three offices that a system of this kind is to separate (系统管理员, 安全审计员 and those who work with the
data) are here the administrator, the auditor and the operator: none has a right of another.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person was appointed to."""

    VIEWER = "viewer"
    """Looks, and changes nothing."""
    OPERATOR = "operator"
    """Looks after terminals and cases."""
    PUBLISHER = "publisher"
    """Publishes the catalogue of services."""
    ADMINISTRATOR = "administrator"
    """Keeps the accounts; cannot touch a case."""
    AUDITOR = "auditor"
    """Reads the acts and the ledger, and nothing else."""


class Right(StrEnum):
    """What a way into the console needs."""

    ANYBODY = "anybody"
    """Not even a sign-in."""
    SIGNED_IN = "signed_in"
    FLEET = "fleet"
    STANDING = "standing"
    CASES = "cases"
    MOVE = "move"
    SHOW = "show"
    """To see what a resident wrote, with a reason."""
    ENTRIES = "entries"
    REQUEUE = "requeue"
    RECLAIM = "reclaim"
    """To make a case known again from the resident's slip."""
    VOICES = "voices"
    ENROL = "enrol"
    CATALOGUE = "catalogue"
    LEDGER = "ledger"
    AUDIT = "audit"
    ACCOUNTS = "accounts"


_VIEWER = frozenset({Right.FLEET, Right.CASES, Right.ENTRIES, Right.VOICES})
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _VIEWER
    | {Right.STANDING, Right.MOVE, Right.SHOW, Right.REQUEUE, Right.RECLAIM, Right.ENROL, Right.LEDGER},
    Role.PUBLISHER: frozenset({Right.FLEET, Right.CATALOGUE}),
    Role.ADMINISTRATOR: frozenset({Right.FLEET, Right.ACCOUNTS}),
    Role.AUDITOR: frozenset({Right.AUDIT, Right.LEDGER}),
}


def may(role: Role, right: Right) -> bool:
    """Whether somebody in `role` has `right`."""
    return right in (Right.ANYBODY, Right.SIGNED_IN) or right in RIGHTS[role]
