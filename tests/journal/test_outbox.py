"""The outbox: leases that expire, acknowledgements that stay, parked entries that block nothing."""

from __future__ import annotations

from uuid import UUID

import pytest

from kiosk.domain.case import DeliveryState, ParkReason, PlatformState, new_entry_id
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged, Parked, Released, Settlement
from tests.journal.conftest import MakeCase, Place

PLENTY = 1_000_000


@pytest.fixture
def ids(journal: Journal, make_case: MakeCase) -> list[UUID]:
    return [journal.entries.record(make_case()).entry_id for _ in range(5)]


def _leased(journal: Journal, limit: int = 10, lease_s: float = 30) -> list[UUID]:
    return [item.entry.header.entry_id for item in journal.outbox.lease(limit, PLENTY, lease_s)]


def _ack(entry_id: UUID) -> Acknowledged:
    return Acknowledged(entry_id=entry_id, token=b"signed by the platform")


def test_entries_go_out_in_sequence_and_not_twice_while_leased(journal: Journal, ids: list[UUID]) -> None:
    assert _leased(journal, 2) == ids[:2]
    assert _leased(journal) == ids[2:]
    assert _leased(journal) == []
    assert journal.outbox.summary().leased == 5


def test_an_empty_outbox_costs_no_write(journal: Journal) -> None:
    before = journal._database.connection.total_changes
    assert journal.outbox.lease(10, PLENTY, 30) == []
    assert journal._database.connection.total_changes == before


def test_an_expired_lease_is_free_again_and_goes_first(
    journal: Journal, place: Place, ids: list[UUID]
) -> None:
    assert _leased(journal, 2) == ids[:2]
    place.clock.advance(31)
    again = journal.outbox.lease(3, PLENTY, 30)
    assert [item.entry.header.entry_id for item in again] == ids[:3]
    assert [item.attempts for item in again] == [2, 2, 1]


def test_a_lease_of_another_boot_is_free_at_once(place: Place, make_case: MakeCase) -> None:
    with place.open("boot-1") as journal:
        journal.settings.set_enrolment(place.enrolment)
        entry_id = journal.entries.record(make_case()).entry_id
        assert _leased(journal, lease_s=1e9) == [entry_id]
    with place.open("boot-2") as journal:
        assert journal.outbox.summary().pending == 1
        assert _leased(journal) == [entry_id]


def test_a_released_entry_waits_its_time_and_then_goes_before_fresh_ones(
    journal: Journal, place: Place, ids: list[UUID]
) -> None:
    assert _leased(journal, 1) == ids[:1]
    assert journal.outbox.settle([Released(entry_id=ids[0], retry_in_s=60)]) == 1
    assert _leased(journal, 1) == ids[1:2]
    place.clock.advance(29)
    assert journal.outbox.settle([Released(entry_id=ids[1])]) == 1
    place.clock.advance(32)
    assert _leased(journal) == ids


def test_a_batch_ends_at_its_bytes_but_one_large_entry_still_goes(journal: Journal, ids: list[UUID]) -> None:
    one = journal.outbox.lease(10, 1, 30)
    assert [item.entry.header.entry_id for item in one] == ids[:1]
    size = len(one[0].entry.sealed)
    assert len(journal.outbox.lease(10, size * 3 - 1, 30)) in (2, 3)


def test_an_acknowledged_entry_has_left_for_good(journal: Journal, place: Place, ids: list[UUID]) -> None:
    _leased(journal)
    assert journal.outbox.settle([_ack(entry_id) for entry_id in ids]) == 5
    assert journal.outbox.settle([_ack(entry_id) for entry_id in ids]) == 0
    late: list[Settlement] = [
        Parked(entry_id=ids[0], reason=ParkReason.REJECTED),
        Released(entry_id=ids[1], retry_in_s=1),
    ]
    assert journal.outbox.settle(late) == 0
    place.clock.advance(1000)
    assert _leased(journal) == []
    summary = journal.outbox.summary()
    assert (summary.pending, summary.leased, summary.parked, summary.acknowledged) == (0, 0, 0, 5)
    assert summary.oldest_unsent_s is None
    assert summary.last_acknowledged_at is not None
    status = journal.entries.by_id(ids[0])
    assert status is not None
    assert (status.delivery, status.platform) == (DeliveryState.ACKNOWLEDGED, PlatformState.RECEIVED)


def test_an_acknowledgement_that_arrives_after_the_lease_expired_counts(
    journal: Journal, place: Place, ids: list[UUID]
) -> None:
    _leased(journal, 1)
    place.clock.advance(31)
    assert journal.outbox.settle([_ack(ids[0])]) == 1


def test_an_acknowledgement_from_a_stick_counts_for_entries_that_were_never_leased(
    journal: Journal, ids: list[UUID]
) -> None:
    assert journal.outbox.settle([_ack(ids[3])]) == 1
    assert journal.outbox.summary().pending == 4
    assert _leased(journal) == [ids[0], ids[1], ids[2], ids[4]]
    assert journal.verify().ok


def test_a_settlement_for_an_entry_that_is_not_known_here_is_passed_over(journal: Journal) -> None:
    strange = new_entry_id()
    settlements: list[Settlement] = [
        _ack(strange),
        Released(entry_id=strange),
        Parked(entry_id=strange, reason=ParkReason.CONFLICT),
    ]
    assert journal.outbox.settle(settlements) == 0


def test_a_lease_that_somebody_else_took_over_is_not_released(
    journal: Journal, place: Place, ids: list[UUID]
) -> None:
    _leased(journal, 1)
    place.clock.advance(31)
    with place.open() as other:
        assert _leased(other, 1) == ids[:1]
        assert journal.outbox.settle([Released(entry_id=ids[0])]) == 0
        assert other.outbox.settle([Released(entry_id=ids[0])]) == 1


def test_a_parked_entry_blocks_nothing_and_can_be_put_back(journal: Journal, ids: list[UUID]) -> None:
    _leased(journal, 2)
    parked = [
        Parked(entry_id=ids[0], reason=ParkReason.REJECTED, detail="unknown service"),
        Parked(entry_id=ids[1], reason=ParkReason.QUARANTINED),
    ]
    assert journal.outbox.settle(parked) == 2
    assert _leased(journal) == ids[2:]
    listed = journal.outbox.listing(DeliveryState.PARKED)
    assert [(item.entry_id, item.park_reason, item.park_detail) for item in listed] == [
        (ids[0], ParkReason.REJECTED, "unknown service"),
        (ids[1], ParkReason.QUARANTINED, ""),
    ]
    assert journal.outbox.retry_parked(ids[1]) == 1
    assert _leased(journal) == ids[1:2]
    assert journal.outbox.retry_parked() == 1
    assert journal.outbox.summary().parked == 0
    assert journal.verify().ok


def test_the_listing_shows_what_is_not_delivered(journal: Journal, ids: list[UUID]) -> None:
    _leased(journal, 2)
    journal.outbox.settle([_ack(ids[0])])
    assert [item.entry_id for item in journal.outbox.listing()] == ids[1:]
    assert [item.entry_id for item in journal.outbox.listing(DeliveryState.RECORDED)] == ids[2:]
    assert [item.entry_id for item in journal.outbox.listing(DeliveryState.ACKNOWLEDGED)] == ids[:1]


def test_the_oldest_unsent_entry_tells_its_age_in_this_boot_and_across_boots(
    journal: Journal, place: Place, ids: list[UUID]
) -> None:
    place.clock.advance(90)
    assert journal.outbox.summary().oldest_unsent_s == pytest.approx(90, abs=0.01)
    with place.open("boot-2") as later:
        assert later.outbox.summary().oldest_unsent_s == pytest.approx(90, abs=0.01)


def test_a_clock_set_back_never_makes_an_age_negative(place: Place, make_case: MakeCase) -> None:
    with place.open("boot-1") as journal:
        journal.settings.set_enrolment(place.enrolment)
        journal.entries.record(make_case())
    place.clock.advance(-86_400)
    with place.open("boot-2") as journal:
        assert journal.outbox.summary().oldest_unsent_s == 0


def test_the_platforms_later_word_is_not_turned_back_by_a_late_acknowledgement(
    journal: Journal, ids: list[UUID]
) -> None:
    status = journal.entries.by_id(ids[0])
    assert status is not None
    assert journal.outbox.set_platform_state([(status.receipt.number, PlatformState.ACCEPTED)]) == 1
    assert journal.outbox.set_platform_state([("0" * 16, PlatformState.ACCEPTED)]) == 0
    journal.outbox.settle([_ack(ids[0])])
    after = journal.entries.by_id(ids[0])
    assert after is not None
    assert (after.delivery, after.platform) == (DeliveryState.ACKNOWLEDGED, PlatformState.ACCEPTED)


def test_settling_nothing_is_no_commit(journal: Journal) -> None:
    assert journal.outbox.settle([]) == 0
