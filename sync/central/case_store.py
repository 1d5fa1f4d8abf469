"""Cases as the platform's staff and the residents see them: state, history, and word to the terminal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kiosk.domain.case import PlatformState
from sync.central.store import Store
from sync.wire import CaseCount, CaseProgress, InboxAnswer, InboxMessage, StateAt

_INBOX_PAGE = 200


class CaseStore:
    """Reads and moves cases."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def progress(self, receipt_number: str) -> CaseProgress:
        """What anybody who holds the number may know. `unknown` when it is not here."""
        with self._store.reading() as run:
            found = _find(run, receipt_number)
            if found is None:
                return CaseProgress(receipt_number=receipt_number)
            terminal_id, _, service_code, state = found
            rows = run.execute(
                "select state, at from case_history where terminal_id = ? and receipt_number = ? order by number",
                (terminal_id, receipt_number),
            ).fetchall()
        return CaseProgress(
            receipt_number=receipt_number,
            service_code=service_code,
            state=PlatformState(state),
            history=[StateAt(state=PlatformState(name), at=at) for name, at in rows],
        )

    def change_state(self, receipt_number: str, state: PlatformState) -> bool:
        """An operator's word: kept in the history and told to the terminal. False: no such case."""
        with self._store.transaction() as run:
            found = _find(run, receipt_number)
            if found is None:
                return False
            terminal_id, entry_id, _, old_state = found
            if old_state == state:
                return True
            now = self._store.now()
            place = (terminal_id, receipt_number)
            run.execute(
                "update case_record set state = ? where terminal_id = ? and receipt_number = ?",
                (state.value, *place),
            )
            run.execute(
                "insert into case_history values (?, ?, (select max(number) + 1 from case_history"
                " where terminal_id = ? and receipt_number = ?), ?, ?)",
                (*place, *place, state.value, now),
            )
            run.execute(
                "insert into inbox values (?, (select coalesce(max(number), 0) + 1 from inbox"
                " where terminal_id = ?), 'case_state', ?, ?, ?, ?)",
                (terminal_id, terminal_id, entry_id, receipt_number, state.value, now),
            )
        return True

    def inbox(self, terminal_id: str, after: int) -> InboxAnswer:
        """The messages after number `after`, in order."""
        with self._store.reading() as run:
            rows = run.execute(
                "select number, kind, entry_id, receipt_number, state, at from inbox"
                " where terminal_id = ? and number > ? order by number limit ?",
                (terminal_id, after, _INBOX_PAGE + 1),
            ).fetchall()
        messages = [
            InboxMessage(
                number=number,
                kind=kind,
                entry_id=UUID(bytes=bytes(entry_id)),
                receipt_number=receipt_number,
                state=PlatformState(state),
                at=at,
            )
            for number, kind, entry_id, receipt_number, state, at in rows[:_INBOX_PAGE]
        ]
        return InboxAnswer(messages=messages, more=len(rows) > _INBOX_PAGE)

    def count(self, receipt_number: str | None = None, limit: int = 1000) -> list[CaseCount]:
        """How often each case is stored and how often it came, newest last."""
        with self._store.reading() as run:
            rows = run.execute(
                "select e.receipt_number, sum(e.result = 'stored'), sum(e.times_received),"
                " sum(e.result = 'quarantined'), max(c.state) from entry e left join case_record c"
                "  on c.terminal_id = e.terminal_id and c.receipt_number = e.receipt_number"
                " where e.receipt_number = coalesce(?, e.receipt_number)"
                " group by e.terminal_id, e.receipt_number order by min(e.stored_at), min(e.sequence) limit ?",
                (receipt_number, limit),
            ).fetchall()
        return [
            CaseCount(
                receipt_number=number,
                stored=stored,
                received=received,
                quarantined=quarantined,
                state=PlatformState(state) if state else PlatformState.UNKNOWN,
            )
            for number, stored, received, quarantined, state in rows
        ]


def _find(run: Any, receipt_number: str) -> tuple[str, bytes, str, str] | None:
    """(terminal id, entry id, service, state). The number's first six digits name the terminal."""
    row = run.execute(
        "select c.terminal_id, c.entry_id, c.service_code, c.state from terminal t join case_record c"
        " on c.terminal_id = t.terminal_id where t.terminal_number = ? and c.receipt_number = ?",
        (receipt_number[:6], receipt_number),
    ).fetchone()
    return tuple(row) if row else None
