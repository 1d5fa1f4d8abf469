"""Cases as the platform's staff and the residents see them: state, history, and word to the terminal.

A case that is stored and not opened yet is `received`, for whoever asks: that it is stored is what counts.
"""

# ruff: noqa: S608 — statements are put together from our own words only; what comes from outside is a parameter

from __future__ import annotations

from uuid import UUID

from kiosk.domain.case import PlatformState
from sync.central.engine import Cursor
from sync.central.forwarding_queue import put_accepted
from sync.central.inbox import put_message
from sync.central.reclaim import known_by_paper
from sync.central.store import Store
from sync.wire import CaseCount, CaseProgress, InboxAnswer, InboxMessage, StateAt

_INBOX_PAGE = 200
_TERMINAL_DIGITS = 6


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
            terminal_id, _, service_code, state, stored_at = found
            rows = run.execute(
                "select state, at from case_history where terminal_id = ? and receipt_number = ? order by number",
                (terminal_id, receipt_number),
            ).fetchall()
        history = rows or [(PlatformState.RECEIVED.value, stored_at)]
        return CaseProgress(
            receipt_number=receipt_number,
            service_code=service_code,
            state=PlatformState(state),
            history=[StateAt(state=PlatformState(name), at=at) for name, at in history],
        )

    def change_state(
        self,
        receipt_number: str,
        state: PlatformState,
        expected: PlatformState | None = None,
        words: str = "",
        operator: str = "",
    ) -> bool:
        """An operator's word: kept in the history and told to the terminal, with the `words` for the resident.

        False: no such case, or, with `expected`, it is in another state than that: somebody was quicker.
        """
        with self._store.reading() as run:
            terminal_id = _terminal_of(run, receipt_number)
        if terminal_id is None:
            return False
        with self._store.transaction(terminal_id) as run:
            found = _find(run, receipt_number)
            if found is None:
                return False
            _, entry_id, service_code, old_state, stored_at = found
            if expected is not None and old_state != expected:
                return False
            if old_state == state:
                return True
            now = self._store.now()
            place = (terminal_id, receipt_number)
            _begin_case(run, place, entry_id, service_code, stored_at)
            run.execute(
                "update case_record set state = ? where terminal_id = ? and receipt_number = ?",
                (state.value, *place),
            )
            run.execute(
                "insert into case_history select ?, ?, max(number) + 1, ?, ? from case_history"
                " where terminal_id = ? and receipt_number = ?",
                (*place, state.value, now, *place),
            )
            if words or operator:
                _keep_words(run, place, state, words, operator, now)
            put_message(run, terminal_id, "case_state", entry_id, receipt_number, state, now, words)
            if state is PlatformState.ACCEPTED:
                put_accepted(run, terminal_id, receipt_number, entry_id, now)
        return True

    def inbox(self, terminal_id: str, after: int) -> InboxAnswer:
        """The messages after number `after`, in order."""
        with self._store.reading() as run:
            rows = run.execute(
                "select number, kind, entry_id, receipt_number, state, at, words from inbox"
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
                words=words,
            )
            for number, kind, entry_id, receipt_number, state, at, words in rows[:_INBOX_PAGE]
        ]
        return InboxAnswer(messages=messages, more=len(rows) > _INBOX_PAGE)

    def count(self, receipt_number: str | None = None, limit: int = 1000) -> list[CaseCount]:
        """How often each case is stored and how often it came, newest last."""
        only = "" if receipt_number is None else " where e.receipt_number = ?"
        with self._store.reading() as run:
            rows = run.execute(
                "select e.receipt_number, sum(case when e.result = 'stored' then 1 else 0 end),"
                " sum(e.times_received), sum(case when e.result = 'quarantined' then 1 else 0 end), max(c.state)"
                " from entry e left join case_record c"
                "  on c.terminal_id = e.terminal_id and c.receipt_number = e.receipt_number"
                f"{only} group by e.terminal_id, e.receipt_number order by min(e.stored_at), min(e.sequence) limit ?",
                (limit,) if receipt_number is None else (receipt_number, limit),
            ).fetchall()
        return [
            CaseCount(
                receipt_number=number,
                stored=stored,
                received=received,
                quarantined=quarantined,
                state=PlatformState(state or (PlatformState.RECEIVED if stored else PlatformState.UNKNOWN)),
            )
            for number, stored, received, quarantined, state in rows
        ]


def _terminal_of(run: Cursor, receipt_number: str) -> str | None:
    """The number's first six digits name the terminal."""
    query = "select terminal_id from terminal where terminal_number = ?"
    row = run.execute(query, (receipt_number[:_TERMINAL_DIGITS],)).fetchone()
    return str(row[0]) if row else None


def _find(run: Cursor, receipt_number: str) -> tuple[str, bytes, str, str, str] | None:
    """(terminal id, entry id, service, state, stored at). Two statements, each for one terminal only."""
    terminal_id = _terminal_of(run, receipt_number)
    if terminal_id is None:
        return None
    row = run.execute(
        "select e.entry_id, e.service_code, coalesce(c.state, ?), e.stored_at from entry e"
        " left join case_record c on c.terminal_id = e.terminal_id and c.receipt_number = e.receipt_number"
        " where e.terminal_id = ? and e.receipt_number = ? and e.result = 'stored'"
        " order by case when c.entry_id = e.entry_id then 0 else 1 end limit 1",
        (PlatformState.RECEIVED.value, terminal_id, receipt_number),
    ).fetchone() or known_by_paper(run, terminal_id, receipt_number)
    return (terminal_id, bytes(row[0]), row[1], row[2], row[3]) if row else None


def _begin_case(
    run: Cursor, place: tuple[str, str], entry_id: bytes, service_code: str, stored_at: str
) -> None:
    """So that an operator need not wait until a case is opened; its content comes then."""
    received = PlatformState.RECEIVED.value
    run.execute(
        "insert into case_record values (?, ?, ?, ?, ?, '') on conflict do nothing",
        (*place, entry_id, service_code, received),
    )
    run.execute(
        "insert into case_history values (?, ?, 1, ?, ?) on conflict do nothing",
        (*place, received, stored_at),
    )


def _keep_words(
    run: Cursor, place: tuple[str, str], state: PlatformState, words: str, operator: str, now: str
) -> None:
    """Who moved the case to its newest state, and the words for the resident."""
    run.execute(
        "insert into case_word select ?, ?, max(number), ?, ?, ?, ? from case_history"
        " where terminal_id = ? and receipt_number = ?",
        (*place, state.value, words, operator, now, *place),
    )
