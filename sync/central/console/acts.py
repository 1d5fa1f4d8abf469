"""The record of what operators did: who, what, to what, when. Never a word about a resident.

Each line's digest covers the line before it, so that a line cannot be changed or taken out later without
every line after it telling so.  An act is noted before it is done: a line without an effect can happen,
an effect without a line cannot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from sync.central.store import Store

SYSTEM = "-"
"""Who acted when nobody was signed in: the command line, or a stranger at the door."""
_PAGE = 500


class Act(StrEnum):
    """Everything that is noted."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    LOCKED_OUT = "locked_out"
    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 — the name of an act
    REFUSED = "refused"
    """Asked for what the role may not."""
    CASE_MOVED = "case_moved"
    CASE_SHOWN = "case_shown"
    ENTRY_REQUEUED = "entry_requeued"
    ENTRY_RELEASED = "entry_released"
    CASE_FORWARDED = "case_forwarded"
    CASE_RECLAIMED = "case_reclaimed"
    RECLAIM_REFUSED = "reclaim_refused"
    TERMINAL_SUSPENDED = "terminal_suspended"
    TERMINAL_LIFTED = "terminal_lifted"
    ALARM_CLOSED = "alarm_closed"
    PLACE_NAMED = "place_named"
    CODE_MADE = "code_made"
    CODE_REVOKED = "code_revoked"
    LEDGER_READ = "ledger_read"
    AUDIT_READ = "audit_read"
    CATALOGUE_PUBLISHED = "catalogue_published"
    CATALOGUE_REFUSED = "catalogue_refused"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_RESET = "account_reset"
    ACCOUNT_REMOVED = "account_removed"
    ROLE_CHANGED = "role_changed"


@dataclass(frozen=True, slots=True)
class ActLine:
    """One line of the record."""

    number: int
    at: str
    operator: str
    act: str
    subject: str
    detail: str
    digest: str


class Acts:
    """Writes the record, reads it, and checks that it is whole."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, operator: str, act: Act, subject: str = "", detail: str = "") -> None:
        """Add a line of its own."""
        with self._store.transaction() as run:
            self.note_in(run, operator, act, subject, detail)

    def note_in(self, run: Any, operator: str, act: Act, subject: str = "", detail: str = "") -> None:
        """Add a line in the transaction of the act."""
        # Written before it is read: on an engine with many writers the row is ours until the commit.
        run.execute("update operator_act_head set number = number + 1 where one = 1")
        number, before = run.execute("select number, digest from operator_act_head where one = 1").fetchone()
        line = (number, self._store.now(), operator, act.value, _kept(subject, 200), _kept(detail, 400))
        digest = _digest(before, line)
        run.execute("insert into operator_act values (?, ?, ?, ?, ?, ?, ?)", (*line, digest))
        run.execute("update operator_act_head set digest = ? where one = 1", (digest,))

    def newest(
        self, limit: int, before: int | None = None, operator: str = "", act: str = ""
    ) -> list[ActLine]:
        """The newest lines below number `before`, of one operator or of one kind when these are given."""
        with self._store.reading() as run:
            rows = run.execute(
                "select number, at, operator, act, subject, detail, digest from operator_act"
                " where number < ? and (? = '' or operator = ?) and (? = '' or act = ?)"
                " order by number desc limit ?",
                (before if before is not None else 2**62, operator, operator, act, act, limit),
            ).fetchall()
        return [ActLine(*row) for row in rows]

    def whole(self) -> Iterator[ActLine]:
        """Every line in order, fetched in pages so that no lock is held while somebody reads."""
        last = 0
        while True:
            with self._store.reading() as run:
                rows = run.execute(
                    "select number, at, operator, act, subject, detail, digest from operator_act"
                    " where number > ? order by number limit ?",
                    (last, _PAGE),
                ).fetchall()
            yield from (ActLine(*row) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1][0]

    def first_broken(self) -> int | None:
        """The number of the first line that is not as it was written or is missing; None: all are whole."""
        before, expected = "", 1
        for line in self.whole():
            content = (line.number, line.at, line.operator, line.act, line.subject, line.detail)
            if line.number != expected or line.digest != _digest(before, content):
                return expected
            before, expected = line.digest, expected + 1
        with self._store.reading() as run:
            head = run.execute("select number, digest from operator_act_head where one = 1").fetchone()
        return expected if head is not None and tuple(head) != (expected - 1, before) else None


def _kept(text: str, most: int) -> str:
    """As every database keeps it: where one puts something else for a NUL, the line would look tampered with."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:most]


def _digest(before: str, line: tuple[Any, ...]) -> str:
    return hashlib.sha256(b"linban operator act 1\0" + msgspec.json.encode([before, *line])).hexdigest()
