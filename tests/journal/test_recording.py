"""Recording a case: whole or not at all, once, sealed, under a number that nobody else has."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest

from kiosk.domain.case import DeliveryState, PlatformState
from kiosk.domain.printing import PrintState
from kiosk.domain.receipt import is_receipt_number, receipt_number
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import entries as entries_module
from kiosk.journal import sealing
from kiosk.journal.audit import AuditEvent
from kiosk.journal.database import IntegrityError
from kiosk.journal.journal import Journal
from kiosk.journal.print_jobs import PrintKind
from tests.journal.conftest import MakeCase, Place


def test_a_recorded_case_is_there_with_its_slip_its_audit_line_and_its_place_in_the_outbox(
    journal: Journal, make_case: MakeCase
) -> None:
    case = make_case()
    receipt = journal.entries.record(case)

    assert receipt.sequence == 1
    assert receipt.entry_id == case.entry_id
    assert receipt.number == receipt_number("370508", case.entry_id)
    assert is_receipt_number(receipt.number)
    status = journal.entries.by_number(receipt.number)
    assert status is not None
    assert status.receipt == receipt
    assert (status.delivery, status.platform) == (DeliveryState.RECORDED, PlatformState.UNKNOWN)
    assert journal.entries.last() == status == journal.entries.by_id(case.entry_id)
    (job,) = journal.print_jobs.for_entry(receipt.entry_id)
    assert (job.state, job.kind, job.attempts) == (PrintState.QUEUED, PrintKind.SLIP, 0)
    (line,) = journal.audit.recent()
    assert (line.event, line.subject) == (AuditEvent.CASE_RECORDED, str(case.entry_id))
    assert journal.outbox.summary().pending == journal.entries.count() == 1


def test_the_platform_opens_what_was_recorded_and_finds_the_same_case(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    case = make_case()
    journal.entries.record(case)
    (leased,) = journal.outbox.lease(10, 1_000_000, 30)
    body = sealing.open_sealed(leased.entry.sealed, leased.entry.header, place.sealing_private_key)
    assert sealing.decode_case(body) == case


def test_nothing_personal_is_readable_in_the_file_even_with_the_page_key(
    journal: Journal, make_case: MakeCase
) -> None:
    journal.entries.record(make_case())
    for table in ("entry", "delivery", "print_job", "audit", "inbox"):
        for row in journal._database.rows(f"SELECT * FROM {table}"):
            text = repr([v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in row])
            assert "测试甲" not in text
            assert "11010519491231002X" not in text
            assert "13800138000" not in text


def test_a_double_tap_gives_the_same_receipt_and_no_second_row(journal: Journal, make_case: MakeCase) -> None:
    case = make_case()
    assert journal.entries.record(case) == journal.entries.record(case)
    assert journal.entries.count() == 1
    assert len(journal.print_jobs.for_entry(case.entry_id)) == 1


def test_a_retry_after_a_restart_gives_the_same_receipt(place: Place, make_case: MakeCase) -> None:
    case = make_case()
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        first = journal.entries.record(case)
    place.clock.advance(3600)
    with place.open("boot-2") as journal:
        assert journal.entries.record(case) == first


def test_a_terminal_that_is_not_enrolled_receives_nothing(place: Place, make_case: MakeCase) -> None:
    with place.open() as journal:
        with pytest.raises(JournalError) as caught:
            journal.entries.record(make_case())
        assert caught.value.fault is JournalFault.NOT_ENROLLED
        assert journal.entries.count() == 0


def test_sequence_has_no_gap_and_every_entry_names_the_one_before(
    journal: Journal, make_case: MakeCase
) -> None:
    for _ in range(5):
        journal.entries.record(make_case())
    recorded = list(journal.entries.stream())
    assert [entry.sequence for entry in recorded] == [1, 2, 3, 4, 5]
    for before, after in pairwise(recorded):
        assert after.previous_digest == before.digest
    assert [entry.sequence for entry in journal.entries.stream(after=3)] == [4, 5]


def test_two_entries_that_ask_for_one_number_both_get_a_receipt_and_keep_it(
    journal: Journal, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_case(), make_case()
    taken = receipt_number("370508", first.entry_id)

    def colliding(terminal: str, entry_id: UUID) -> str:
        return taken if entry_id == second.entry_id else receipt_number(terminal, entry_id)

    monkeypatch.setattr(entries_module, "receipt_number", colliding)
    assert journal.entries.record(first).number == taken
    receipt = journal.entries.record(second)
    assert receipt.number != taken
    assert receipt.entry_id != second.entry_id
    assert receipt.entry_id.version == 7
    assert receipt.number == receipt_number("370508", receipt.entry_id)
    assert journal.entries.record(second) == receipt
    assert journal.entries.count() == 2
    assert journal.verify().ok


@pytest.mark.parametrize("first", [True, False])
def test_a_write_that_fails_half_way_leaves_nothing_and_the_journal_goes_on(
    journal: Journal, make_case: MakeCase, first: bool
) -> None:
    if not first:
        journal.entries.record(make_case())
    before = journal.entries.count()
    # The row is in the table and in its indexes when this refuses it.
    journal._database.run(
        "CREATE TRIGGER in_the_middle AFTER INSERT ON entry BEGIN SELECT RAISE(ABORT, 'in the middle'); END"
    )
    with pytest.raises(IntegrityError, match="in the middle"):
        journal.entries.record(make_case())
    journal._database.run("DROP TRIGGER in_the_middle")
    assert journal.entries.count() == before == len(journal.print_jobs.unfinished())
    assert journal.entries.record(make_case()).sequence == before + 1
    assert journal.verify().ok


def test_recording_is_one_statement_once_the_journal_is_known(journal: Journal, make_case: MakeCase) -> None:
    journal.entries.record(make_case())
    statements: list[str] = []
    journal._database.connection.set_trace_callback(statements.append)
    journal.entries.record(make_case())
    journal._database.connection.set_trace_callback(None)
    (statement,) = set(statements)  # told again when its trigger begins
    assert statement.startswith("INSERT INTO entry")


def test_two_processes_that_record_in_turn_keep_one_chain(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    with place.open() as other:
        for number in range(1, 7):
            recorder = journal if number % 2 else other
            assert recorder.entries.record(make_case()).sequence == number
    assert journal.verify().ok


def test_a_case_is_sealed_for_the_terminal_as_another_process_enrolled_it(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    case = make_case()
    receipt = journal.entries.record(case)
    with place.open() as other:
        other.settings.set_enrolment(replace(place.enrolment, terminal_number="370509"))
    assert journal.entries.record(make_case()).number.startswith("370509")
    assert journal.entries.record(case) == receipt


def test_the_resident_whose_case_has_no_document_is_received_too(
    journal: Journal, make_case: MakeCase
) -> None:
    case = replace(make_case(), resident=None, proofs=frozenset(), answers={})
    assert journal.entries.record(case).sequence == 1


def test_a_number_that_was_not_recorded_here_is_unknown(journal: Journal) -> None:
    assert journal.entries.by_number("3705081244160973") is None
    assert journal.entries.last() is None


def test_a_case_sealed_ahead_is_recorded_like_any_other_and_only_once(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    case = make_case()
    prepared = journal.entries.prepare(case)
    assert journal.entries.count() == 0
    receipt = journal.entries.record(prepared)
    assert journal.entries.record(prepared) == receipt == journal.entries.record(case)
    (leased,) = journal.outbox.lease(10, 1_000_000, 30)
    body = sealing.open_sealed(leased.entry.sealed, leased.entry.header, place.sealing_private_key)
    assert sealing.decode_case(body) == case


def test_a_case_sealed_ahead_is_sealed_again_when_the_terminal_was_enrolled_anew(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    prepared = journal.entries.prepare(make_case())
    journal.settings.set_enrolment(replace(place.enrolment, terminal_number="370509"))
    assert journal.entries.record(prepared).number.startswith("370509")
    assert journal.entries.count() == 1
