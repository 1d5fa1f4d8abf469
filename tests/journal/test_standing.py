"""A terminal that the platform has stopped makes no new receipts, from the very next statement on."""

from __future__ import annotations

import pytest

from kiosk.domain.enrolment import Standing
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.journal import Journal
from tests.journal.conftest import MakeCase, Place


@pytest.mark.fault(17, 25)
@pytest.mark.parametrize("standing", [one for one in Standing if one is not Standing.OK])
def test_a_stopped_terminal_records_nothing_until_it_is_well_again(
    journal: Journal, make_case: MakeCase, standing: Standing
) -> None:
    journal.entries.record(make_case())
    assert journal.settings.set_standing(standing)
    for case in (make_case(), journal.entries.prepare(make_case())):
        with pytest.raises(JournalError) as caught:
            journal.entries.record(case)
        assert (caught.value.fault, caught.value.detail) == (JournalFault.STOPPED, standing.value)
    assert journal.entries.count() == 1
    assert journal.settings.set_standing(Standing.OK)
    assert journal.entries.record(make_case()).sequence == 2


@pytest.mark.fault(17, 25)
def test_the_other_process_stops_it_between_the_summary_and_the_confirmation(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    prepared = journal.entries.prepare(make_case())
    with place.open() as sender:
        sender.settings.set_standing(Standing.CLONED)
    with pytest.raises(JournalError) as caught:
        journal.entries.record(prepared)
    assert caught.value.fault is JournalFault.STOPPED
    assert journal.entries.count() == 0


def test_what_was_received_before_is_still_sent_and_known(journal: Journal, make_case: MakeCase) -> None:
    case = make_case()
    receipt = journal.entries.record(case)
    journal.settings.set_standing(Standing.SUSPENDED)
    assert [item.entry.sequence for item in journal.outbox.lease(10, 1_000_000, 30)] == [1]
    assert journal.entries.by_number(receipt.number) is not None


def test_the_same_word_again_is_no_commit(journal: Journal) -> None:
    assert journal.settings.standing() is Standing.OK
    before = journal._database.connection.total_changes
    assert not journal.settings.set_standing(Standing.OK)
    assert journal._database.connection.total_changes == before
