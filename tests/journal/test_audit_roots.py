"""Audit roots: one for each day on which something was written, by the platform's clock."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kiosk.journal.audit import AuditEvent
from kiosk.journal.audit_roots import AuditDay, statement
from kiosk.journal.database import IntegrityError
from kiosk.journal.journal import Journal
from tests.journal.conftest import MakeCase, Place

TODAY = date(2026, 11, 22)
TOMORROW = TODAY + timedelta(days=1)
DAY_S = 86_400


def _due(journal: Journal, today: date) -> AuditDay:
    found = journal.audit_roots.due(today)
    assert found is not None
    return found


def test_a_day_has_its_root_when_it_is_over_and_only_one(journal: Journal, make_case: MakeCase) -> None:
    assert journal.audit_roots.due(TODAY) is None
    assert journal.audit_roots.due(TOMORROW) is None
    journal.entries.record(make_case())
    journal.audit.append(AuditEvent.LINE_LOST)
    assert journal.audit_roots.due(TODAY) is None
    root = _due(journal, TOMORROW)
    assert (root.day, root.position) == (TODAY, 2)
    assert journal._database.row("SELECT digest FROM audit WHERE position = 2") == (root.digest,)
    journal.audit_roots.store(root, b"signature")
    assert journal.audit_roots.due(TOMORROW) is None
    assert journal.audit_roots.due(TOMORROW + timedelta(days=1)) is None  # nothing was written since


def test_a_case_that_the_log_has_not_told_yet_is_covered_too(journal: Journal, make_case: MakeCase) -> None:
    journal.entries.record(make_case())
    assert _due(journal, TOMORROW).position == 1


def test_roots_wait_until_the_platform_confirms_their_day(journal: Journal, place: Place) -> None:
    roots = []
    for number in range(3):
        journal.audit.append(AuditEvent.SESSION_STARTED)
        roots.append(_due(journal, TOMORROW + timedelta(days=number)))
        journal.audit_roots.store(roots[-1], b"signature %d" % number)
        place.clock.advance(DAY_S)
    assert [one.root for one in journal.audit_roots.unconfirmed()] == roots
    assert journal.audit_roots.confirmed_until(TODAY + timedelta(days=1)) == 2
    assert journal.audit_roots.confirmed_until(TODAY) == 0
    (left,) = journal.audit_roots.unconfirmed()
    assert (left.root, left.signature) == (roots[2], b"signature 2")


def test_days_on_which_nobody_asked_are_covered_by_the_next_root(journal: Journal, place: Place) -> None:
    for _ in range(5):
        journal.audit.append(AuditEvent.SESSION_STARTED)
        place.clock.advance(DAY_S)
    root = _due(journal, TODAY + timedelta(days=5))
    assert (root.day, root.position) == (TODAY + timedelta(days=4), 5)


@pytest.mark.fault(34, 35)
def test_a_clock_that_was_wrong_for_a_while_hides_no_line_from_the_root(
    journal: Journal, place: Place
) -> None:
    journal.audit.append(AuditEvent.SESSION_STARTED)
    place.clock.advance(10 * 365 * DAY_S)
    journal.audit.append(AuditEvent.SESSION_STARTED)
    assert _due(journal, TOMORROW).position == 1
    place.clock.advance(-10 * 365 * DAY_S - 60 * 365 * DAY_S)
    journal.audit.append(AuditEvent.SESSION_STARTED)
    # The line of 1970 is yesterday's at the latest, and so is what stands before it.
    assert _due(journal, TOMORROW).position == 3


def test_the_statement_names_terminal_day_and_place_in_the_chain() -> None:
    root = AuditDay(day=TODAY, position=7, digest=bytes(range(32)))
    words = statement("t-370508", root)
    assert words.startswith(b"linban audit root 1\0{")
    others = [
        statement("t-370509", root),
        statement("t-370508", AuditDay(day=TOMORROW, position=7, digest=root.digest)),
        statement("t-370508", AuditDay(day=TODAY, position=8, digest=root.digest)),
        statement("t-370508", AuditDay(day=TODAY, position=7, digest=bytes(32))),
    ]
    assert len({words, *others}) == 5


@pytest.mark.fault(126)
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_root SET position = 1, confirmed = 0",
        "UPDATE audit_root SET signature = x'00'",
        "DELETE FROM audit_root",
    ],
)
def test_a_root_is_neither_changed_nor_taken_back(journal: Journal, sql: str) -> None:
    for _ in range(2):
        journal.audit.append(AuditEvent.LINE_LOST)
    journal.audit_roots.store(_due(journal, TOMORROW), b"s")
    journal.audit_roots.confirmed_until(TODAY)
    with pytest.raises(IntegrityError):
        journal._database.run(sql)
