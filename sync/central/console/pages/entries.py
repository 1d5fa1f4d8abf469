"""Entries that wait for a person, taken in again or released once the cause is known."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from sync.central.console.acts import Act
from sync.central.console.entry_facts import PAGE, EntryLook
from sync.central.console.pages.fleet import page_number
from sync.central.console.roles import Right
from sync.central.console.visit import Refused, Visit, Way
from sync.central.console.words import words
from sync.central.forwarding_queue import ForwardingQueue

_MOST_BATCHES = 20
"""Behind a thousand others it is left to the openers; the page then says what is known."""


def entries(visit: Visit) -> Response:
    """What the platform keeps apart, and who has parked some."""
    page, reason = page_number(visit), visit.asked("reason")
    look = EntryLook(visit.desk.platform.store)
    rows, count = look.quarantined(page, reason)
    return visit.page(
        "entries.html",
        rows=rows,
        count=count,
        page=page,
        more=count > page * PAGE,
        reason=reason,
        reasons=[name for name in words("reason") if name],
        undelivered=look.undelivered(),
        parking=look.parking(),
    )


def requeue(visit: Visit) -> Response:
    """Judged again, as if it had come now."""
    terminal_id, entry_id = visit.place("terminal"), _entry_id(visit)
    visit.note(Act.ENTRY_REQUEUED, f"{terminal_id} {entry_id}")
    counts = visit.desk.quarantine.requeue(terminal_id, entry_id)
    return visit.go(
        "/entries", done="requeued" if counts and _opened(visit, terminal_id, entry_id) else "still"
    )


def release(visit: Visit) -> Response:
    """Counts by the operator's word, although its place in the chain is doubtful."""
    terminal_id, entry_id = visit.place("terminal"), _entry_id(visit)
    visit.note(Act.ENTRY_RELEASED, f"{terminal_id} {entry_id}")
    counts = visit.desk.quarantine.release(terminal_id, entry_id)
    return visit.go(
        "/entries", done="released" if counts and _opened(visit, terminal_id, entry_id) else "still"
    )


def forward(visit: Visit) -> Response:
    """An accepted case is passed on once more."""
    terminal_id, receipt = visit.place("terminal"), visit.place("receipt")
    visit.note(Act.CASE_FORWARDED, receipt)
    if not ForwardingQueue(visit.desk.platform.store).again(terminal_id, receipt):
        raise Refused(404, "没有这个收件号的办件。")
    return visit.go("/entries", done="forwarded")


def _opened(visit: Visit, terminal_id: str, entry_id: UUID) -> bool:
    """Open what waits, so that nobody is told of a success that the next second takes back."""
    look = EntryLook(visit.desk.platform.store)
    for _ in range(_MOST_BATCHES):
        if not visit.desk.opener.open_some():
            break
    return not look.is_quarantined(terminal_id, entry_id)


def _entry_id(visit: Visit) -> UUID:
    try:
        return UUID(hex=visit.place("entry"))
    except ValueError as error:
        raise Refused(404, "没有这个页面。") from error


WAYS = (
    Way("GET", "/entries", Right.ENTRIES, entries),
    Way("POST", "/entries/{terminal}/{entry}/requeue", Right.REQUEUE, requeue),
    Way("POST", "/entries/{terminal}/{receipt}/forward", Right.REQUEUE, forward),
    Way("POST", "/entries/{terminal}/{entry}/release", Right.REQUEUE, release),
)
