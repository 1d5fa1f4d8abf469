"""Retention: bodies go when the platform has held them long enough by its own clock, and for no other reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.domain.case import DeliveryState
from kiosk.domain.receipt import Receipt
from kiosk.journal.audit import AuditEvent
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged
from tests.journal.conftest import MakeCase, Place

STORED = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
YEAR_S = 365 * 86_400


def _acknowledged(journal: Journal, make_case: MakeCase, stored_at: datetime | None = STORED) -> Receipt:
    receipt = journal.entries.record(make_case())
    journal.outbox.settle([Acknowledged(entry_id=receipt.entry_id, token=b"signed", stored_at=stored_at)])
    return receipt


def _bodies(journal: Journal) -> int:
    return sum(1 for _ in journal.entries.stream())


def test_a_body_goes_when_the_platform_has_held_it_long_enough_and_its_digest_stays(
    journal: Journal, make_case: MakeCase
) -> None:
    receipt = _acknowledged(journal, make_case)
    assert journal.retention.drop_delivered(STORED + timedelta(days=30), 30) == 0
    assert journal.retention.drop_delivered(STORED + timedelta(days=30, seconds=1), 30) == 1
    assert _bodies(journal) == 0
    status = journal.entries.by_number(receipt.number)
    assert status is not None
    assert status.delivery is DeliveryState.ACKNOWLEDGED
    assert journal.verify().ok
    assert journal.audit.recent()[0].event is AuditEvent.BODIES_DROPPED
    assert journal.retention.drop_delivered(STORED + timedelta(days=90), 30) == 0


@pytest.mark.fault(34, 35, 36, 37, 39)
@pytest.mark.parametrize("jump_s", [-56 * YEAR_S, 10 * YEAR_S, 3600, -3600, 12 * YEAR_S])
def test_the_terminals_own_clock_purges_nothing_however_it_jumps(
    place: Place, make_case: MakeCase, jump_s: float
) -> None:
    with place.open("boot-1") as journal:
        journal.settings.set_enrolment(place.enrolment)
        _acknowledged(journal, make_case)
        journal.entries.record(make_case())
        place.clock.advance(jump_s)
        _acknowledged(journal, make_case)
    with place.open("boot-2") as journal:
        # The platform says that a day has passed; the wall clock says that it is another decade.
        assert journal.retention.drop_delivered(STORED + timedelta(days=1), 30) == 0
        assert _bodies(journal) == 3
        assert [entry.sequence for entry in journal.entries.stream()] == [1, 2, 3]
        assert journal.verify().ok


@pytest.mark.fault(39)
@pytest.mark.parametrize(
    "platform_now", [datetime(1970, 1, 1, tzinfo=UTC), STORED - timedelta(days=400), STORED]
)
def test_a_platform_whose_clock_went_back_purges_nothing(
    journal: Journal, make_case: MakeCase, platform_now: datetime
) -> None:
    _acknowledged(journal, make_case)
    assert journal.retention.drop_delivered(platform_now, 1) == 0
    assert _bodies(journal) == 1


@pytest.mark.fault(39)
def test_what_is_not_acknowledged_stays_whatever_the_date(journal: Journal, make_case: MakeCase) -> None:
    journal.entries.record(make_case())
    journal.outbox.lease(10, 1_000_000, 30)
    journal.entries.record(make_case())
    assert journal.retention.drop_delivered(STORED + timedelta(days=36_500), 1) == 0
    assert _bodies(journal) == 2


def test_an_acknowledgement_without_a_date_counts_from_the_first_date_that_is_known(
    journal: Journal, make_case: MakeCase
) -> None:
    _acknowledged(journal, make_case, stored_at=None)
    first = STORED + timedelta(days=500)
    assert journal.retention.drop_delivered(first, 30) == 0
    assert journal.retention.drop_delivered(first + timedelta(days=30), 30) == 0
    assert journal.retention.drop_delivered(first + timedelta(days=31), 30) == 1


def test_attachments_go_with_the_body_but_only_those_that_the_platform_holds(
    journal: Journal, make_case: MakeCase
) -> None:
    case = make_case()
    held, not_held = (
        journal.attachments.put(case.entry_id, "image/jpeg", content) for content in (b"a", b"b")
    )
    journal.entries.record(replace(case, attachments=(held, not_held)))
    journal.outbox.settle([Acknowledged(entry_id=case.entry_id, token=b"signed", stored_at=STORED)])
    journal.attachments.delivered(held.digest, b"signed", None)
    assert journal.retention.drop_delivered(STORED + timedelta(days=31), 30) == 1
    assert [one.digest for one in journal.attachments.pending()] == [not_held.digest]
    assert journal.attachments.read(not_held.digest, 0, 10_000)
    with pytest.raises(KeyError):
        journal.attachments.read(held.digest, 0, 1)
    assert journal.verify().ok


def test_who_handed_it_in_is_forgotten_with_the_body(journal: Journal, make_case: MakeCase) -> None:
    case = make_case()
    assert case.resident is not None
    journal.entries.record(case)
    journal.outbox.settle([Acknowledged(entry_id=case.entry_id, token=b"signed", stored_at=STORED)])
    journal.audit.append(AuditEvent.SESSION_ENDED)
    journal.retention.drop_delivered(STORED + timedelta(days=31), 30)
    assert journal.entries.similar(case.service_code, case.resident.number) is None
    assert journal._database.row("SELECT count(*) FROM likeness") == (0,)
    assert journal._database.row("SELECT count(*) FROM entry WHERE likeness IS NOT NULL") == (0,)


def test_a_month_of_them_goes_in_commits_of_a_few_hundred(journal: Journal, make_case: MakeCase) -> None:
    receipts = [journal.entries.record(make_case()) for _ in range(1100)]
    journal.outbox.settle(
        [Acknowledged(entry_id=one.entry_id, token=b"t", stored_at=STORED) for one in receipts]
    )
    lines = len(journal.audit.recent(10_000))
    assert journal.retention.drop_delivered(STORED + timedelta(days=31), 30) == 1100
    assert len(journal.audit.recent(10_000)) - lines == 3
    assert _bodies(journal) == 0


def test_a_day_is_the_least_that_anything_is_kept(journal: Journal) -> None:
    with pytest.raises(ValueError, match="a day"):
        journal.retention.drop_delivered(STORED, 0)
