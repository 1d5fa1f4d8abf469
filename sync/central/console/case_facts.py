"""Cases for the operators: found by number or by terminal and day, masked unless somebody asks with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from kiosk.domain.case import PlatformState
from kiosk.domain.resident import mask_name, mask_number
from sync.central.console.figures import utc_bounds
from sync.central.store import Store

PAGE = 50
NEXT: dict[PlatformState, tuple[PlatformState, ...]] = {
    PlatformState.UNKNOWN: (),
    PlatformState.RECEIVED: (PlatformState.ACCEPTED, PlatformState.RETURNED, PlatformState.REJECTED),
    PlatformState.ACCEPTED: (PlatformState.CONCLUDED, PlatformState.RETURNED),
    PlatformState.RETURNED: (PlatformState.ACCEPTED, PlatformState.REJECTED),
    PlatformState.REJECTED: (),
    PlatformState.CONCLUDED: (),
}
"""What an operator may do next; a case that ended stays ended."""
WITH_WORDS = (PlatformState.RETURNED, PlatformState.REJECTED)
"""Moves that the resident must be told the reason of."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in a list."""

    receipt_number: str
    terminal_id: str
    terminal_number: str
    service_code: str
    state: str
    recorded_at: str
    stored_at: str


@dataclass(frozen=True, slots=True)
class Step:
    """One state that a case reached, with the operator's words."""

    state: str
    at: str
    words: str
    operator: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One case, its content apart."""

    row: CaseRow
    pack_version: str
    sequence: int
    times_received: int
    steps: list[Step]
    paper_only: bool
    """Its terminal was lost with it; known from the signed slip that the resident held."""


@dataclass(frozen=True, slots=True)
class Said:
    """A name and a value of a case's content, masked or not."""

    name: str
    value: str


class CaseLook:
    """Asks for cases."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def by_receipt(self, receipt_number: str) -> CaseFacts | None:
        """The case under this number; also one whose terminal was lost, and of which only the paper is here."""
        with self._store.reading() as run:
            row = run.execute(_BY_RECEIPT, (receipt_number[:6], receipt_number)).fetchone()
            paper = row is None
            row = row or run.execute(_BY_PAPER, (receipt_number[:6], receipt_number)).fetchone()
            if row is None:
                return None
            case = CaseRow(*row[:7])
            steps = run.execute(_STEPS, (case.terminal_id, receipt_number)).fetchall()
        history = [Step(*step) for step in steps] or [Step("received", case.stored_at, "", "")]
        return CaseFacts(case, row[7], row[8], row[9], history, paper)

    def of_day(self, terminal_id: str, day: date, page: int) -> tuple[list[CaseRow], bool]:
        """A terminal's cases that came in on a Chinese day, newest first; whether there are more."""
        since, until = utc_bounds(day)
        query = (
            f"{_SELECT} {_FROM} where {_IS_CASE} and e.terminal_id = ? and e.stored_at >= ? and e.stored_at < ?"
            " order by e.sequence desc limit ? offset ?"
        )
        with self._store.reading() as run:
            rows = run.execute(query, (terminal_id, since, until, PAGE + 1, (page - 1) * PAGE)).fetchall()
        return [CaseRow(*row) for row in rows[:PAGE]], len(rows) > PAGE

    def newest(self) -> list[CaseRow]:
        """The cases that came in last."""
        query = f"{_SELECT} {_FROM} where {_IS_CASE} order by e.stored_at desc limit ?"
        with self._store.reading() as run:
            return [CaseRow(*row) for row in run.execute(query, (20,)).fetchall()]

    def content(self, case: CaseRow, shown: bool) -> list[Said]:
        """What the resident said, masked unless `shown`."""
        with self._store.reading() as run:
            row = run.execute(
                "select content from case_record where terminal_id = ? and receipt_number = ?",
                (case.terminal_id, case.receipt_number),
            ).fetchone()
        if row is None or not row[0]:
            return []
        return _said(msgspec.json.decode(row[0]), shown)


_SELECT = (
    "select e.receipt_number, e.terminal_id, t.terminal_number, e.service_code, coalesce(c.state, 'received'),"
    " e.recorded_at, e.stored_at"
)
_FROM = (
    "from entry e join terminal t on t.terminal_id = e.terminal_id"
    " left join case_record c on c.terminal_id = e.terminal_id and c.receipt_number = e.receipt_number"
    "  and c.entry_id = e.entry_id"
)
_IS_CASE = "e.kind = 'case' and e.result = 'stored'"
"""Also before it was opened: that it is stored is what counts."""
_BY_RECEIPT = (
    f"{_SELECT}, e.pack_version, e.sequence, e.times_received {_FROM}"
    f" where {_IS_CASE} and t.terminal_number = ? and e.receipt_number = ?"
)
_BY_PAPER = (
    "select r.receipt_number, r.terminal_id, t.terminal_number, r.service_code, c.state, r.recorded_at,"
    " r.reclaimed_at, '', r.sequence, 0 from terminal t join reclaim r on r.terminal_id = t.terminal_id"
    " join case_record c on c.terminal_id = r.terminal_id and c.receipt_number = r.receipt_number"
    " where t.terminal_number = ? and r.receipt_number = ?"
)
_STEPS = (
    "select h.state, h.at, coalesce(w.words, ''), coalesce(w.operator, '') from case_history h"
    " left join case_word w on w.terminal_id = h.terminal_id and w.receipt_number = h.receipt_number"
    "  and w.number = h.number where h.terminal_id = ? and h.receipt_number = ? order by h.number"
)
_HIDDEN = "●●●●●●"
_TOLD_ALREADY = ("entry_id", "service_code", "pack_version")
_PLAIN = ("started_at", "language", "kind", "has_photo", "has_fingerprint", "attachments")
"""Says nothing about who somebody is."""
_FIRST = ("name", "number", "phone")
_LAST = (
    "valid_from",
    "valid_until",
    "has_photo",
    "has_fingerprint",
    "proofs",
    "attachments",
    "language",
    "started_at",
)


def _said(content: Any, shown: bool) -> list[Said]:
    """The content line by line; parts that are not known here are shown as they are called, none is left out."""
    if not isinstance(content, dict):
        return [Said("content", str(content) if shown else _HIDDEN)]
    flat: dict[str, Any] = {}
    for name, value in content.get("case", content).items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}" if inner in flat else inner: deeper for inner, deeper in value.items()}
        elif name == "attachments":
            flat[name] = str(len(value)) if value else ""
        elif name not in _TOLD_ALREADY:
            flat[name] = value
    given = [(name, value) for name, value in flat.items() if value not in (None, "", [], {}, False)]
    given.sort(key=lambda pair: _rank(pair[0]))
    return [Said(name, _value(name, value, shown)) for name, value in given]


def _rank(name: str) -> int:
    if name in _FIRST:
        return _FIRST.index(name)
    return len(_FIRST) + (_LAST.index(name) + 1 if name in _LAST else 0)


def _value(name: str, value: Any, shown: bool) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8")
    if shown or name in _PLAIN:
        return text
    if name == "name":
        return mask_name(text)
    return mask_number(text) if name == "number" else _HIDDEN
