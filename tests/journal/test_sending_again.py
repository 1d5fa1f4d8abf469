"""A platform that lost what it had stored gets it again, as far as it is still here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kiosk.domain.case import DeliveryState
from kiosk.journal.audit import AuditEvent
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged, SentAgain
from tests.journal.conftest import MakeCase

STORED = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def _acknowledge(journal: Journal, ids: list[UUID], token: bytes = b"signed") -> None:
    journal.outbox.settle([Acknowledged(entry_id=one, token=token, stored_at=STORED) for one in ids])


@pytest.fixture
def ids(journal: Journal, make_case: MakeCase) -> list[UUID]:
    """Six entries, the first five of them acknowledged."""
    made = [journal.entries.record(make_case()).entry_id for _ in range(6)]
    journal.outbox.lease(10, 1_000_000, 30)
    _acknowledge(journal, made[:5])
    return made


def test_the_highest_acknowledged_entry_is_known_without_looking_for_it(
    journal: Journal, ids: list[UUID]
) -> None:
    assert journal.outbox.highest_acknowledged() == 5
    _acknowledge(journal, ids[5:])
    assert journal.outbox.highest_acknowledged() == 6


@pytest.mark.fault(65)
def test_what_the_platform_forgot_waits_again_and_is_acknowledged_anew(
    journal: Journal, ids: list[UUID]
) -> None:
    assert journal.outbox.send_again(3, 6) == SentAgain(count=3, gone=0)
    summary = journal.outbox.summary()
    assert (summary.acknowledged, summary.pending, summary.leased) == (2, 3, 1)
    assert journal.outbox.send_again(3, 6) == SentAgain(count=0, gone=0)
    leased = journal.outbox.lease(10, 1_000_000, 30)
    assert [item.entry.sequence for item in leased] == [3, 4, 5]
    kept = journal._database.row("SELECT acknowledgement, resent FROM delivery WHERE sequence = 3")
    assert kept == (b"signed", 1)
    _acknowledge(journal, ids[2:5], b"signed anew")
    assert journal._database.row("SELECT acknowledgement FROM delivery WHERE sequence = 3") == (
        b"signed anew",
    )
    assert journal.outbox.summary().acknowledged == 5
    assert journal.verify().ok
    assert AuditEvent.SENT_AGAIN in [line.event for line in journal.audit.recent()]


@pytest.mark.fault(65)
def test_what_was_dropped_cannot_be_sent_again_and_is_told(journal: Journal, ids: list[UUID]) -> None:
    journal.retention.drop_delivered(STORED + timedelta(days=31), 30)
    assert journal.outbox.send_again(1, 6) == SentAgain(count=0, gone=5)
    status = journal.entries.by_id(ids[0])
    assert status is not None
    assert status.delivery is DeliveryState.ACKNOWLEDGED
    assert journal.verify().ok


def test_a_body_that_waits_again_is_not_dropped(journal: Journal, ids: list[UUID]) -> None:
    journal.outbox.send_again(1, 2)
    assert journal.retention.drop_delivered(STORED + timedelta(days=31), 30) == 3
    assert [item.entry.sequence for item in journal.outbox.lease(10, 1_000_000, 30)] == [1, 2]


def test_a_forgotten_entrys_attachments_go_again_from_the_first_byte(
    journal: Journal, make_case: MakeCase
) -> None:
    case = make_case()
    stored = journal.attachments.put(case.entry_id, "image/jpeg", b"photograph")
    journal.entries.record(replace(case, attachments=(stored,)))
    _acknowledge(journal, [case.entry_id])
    journal.attachments.delivered(stored.digest, b"signed", None)
    assert journal.outbox.send_again(1, 1).count == 1
    assert journal.attachments.pending() == []  # its entry first
    _acknowledge(journal, [case.entry_id])
    (pending,) = journal.attachments.pending()
    assert (pending.digest, pending.sent_bytes) == (stored.digest, 0)


def test_a_range_beyond_what_was_ever_acknowledged_costs_nothing(journal: Journal, ids: list[UUID]) -> None:
    before = journal._database.connection.total_changes
    assert journal.outbox.send_again(7, 2**53) == SentAgain(count=0, gone=0)
    assert journal._database.connection.total_changes == before


def test_the_tail_of_the_chain_is_told(journal: Journal, make_case: MakeCase) -> None:
    assert journal.entries.tail() == (0, bytes(32))
    receipt = journal.entries.record(make_case())
    assert journal.entries.tail() == (1, receipt.digest)
