"""Print jobs: every try is noted, and a crash in the middle of one is an honest `unknown`."""

from __future__ import annotations

import pytest

from kiosk.domain.printing import PrintFault, PrintOutcome, PrintState, PrintVerdict
from kiosk.journal.journal import Journal
from tests.journal.conftest import MakeCase, Place


def test_a_slip_that_is_printed_and_taken(journal: Journal, make_case: MakeCase) -> None:
    entry_id = journal.entries.record(make_case()).entry_id
    (job,) = journal.print_jobs.for_entry(entry_id)
    assert journal.print_jobs.start(job.job_id).attempts == 1
    printed = journal.print_jobs.finish(job.job_id, PrintOutcome(verdict=PrintVerdict.PRINTED))
    assert printed.state is PrintState.PRINTED
    assert journal.print_jobs.unfinished() == ()
    assert journal.print_jobs.taken(job.job_id).state is PrintState.TAKEN
    late = journal.print_jobs.finish(job.job_id, PrintState.UNKNOWN)
    assert late.state is PrintState.TAKEN


def test_paper_out_in_the_middle_then_printed_after_all(journal: Journal, make_case: MakeCase) -> None:
    entry_id = journal.entries.record(make_case()).entry_id
    (job,) = journal.print_jobs.for_entry(entry_id)
    journal.print_jobs.start(job.job_id)
    outcome = PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.PAPER_OUT)
    failed = journal.print_jobs.finish(job.job_id, outcome)
    assert (failed.state, failed.fault) == (PrintState.FAILED, PrintFault.PAPER_OUT)
    assert journal.print_jobs.unfinished() == (failed,)
    again = journal.print_jobs.start(job.job_id)
    assert (again.state, again.attempts, again.fault) == (PrintState.PRINTING, 2, PrintFault.NONE)


def test_a_crash_while_printing_leaves_an_unknown_job(place: Place, make_case: MakeCase) -> None:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        first = journal.entries.record(make_case()).entry_id
        second = journal.entries.record(make_case()).entry_id
        journal.print_jobs.start(journal.print_jobs.for_entry(first)[0].job_id)
    with place.open() as journal:
        assert journal.print_jobs.reconcile() == 1
        assert journal.print_jobs.reconcile() == 0
        assert journal.print_jobs.for_entry(first)[0].state is PrintState.UNKNOWN
        assert journal.print_jobs.for_entry(second)[0].state is PrintState.QUEUED


def test_a_printer_that_does_not_answer_leaves_it_unknown(journal: Journal, make_case: MakeCase) -> None:
    entry_id = journal.entries.record(make_case()).entry_id
    (job,) = journal.print_jobs.for_entry(entry_id)
    outcome = PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER)
    assert journal.print_jobs.finish(job.job_id, outcome).state is PrintState.UNKNOWN


def test_a_reprint_is_a_job_of_its_own(journal: Journal, make_case: MakeCase) -> None:
    receipt = journal.entries.record(make_case())
    (job,) = journal.print_jobs.for_entry(receipt.entry_id)
    journal.print_jobs.taken(job.job_id)
    second = journal.print_jobs.again(receipt.entry_id)
    assert (second.state, second.entry_sequence) == (PrintState.QUEUED, receipt.sequence)
    assert [one.job_id for one in journal.print_jobs.for_entry(receipt.entry_id)] == [
        job.job_id,
        second.job_id,
    ]


def test_a_job_that_does_not_exist(journal: Journal) -> None:
    with pytest.raises(KeyError):
        journal.print_jobs.start(12345)


def test_a_queued_slip_needs_no_row_until_a_job_changes(journal: Journal, make_case: MakeCase) -> None:
    receipts = [journal.entries.record(make_case()) for _ in range(3)]
    queued = journal.print_jobs.unfinished()
    assert [(job.job_id, job.state, job.changed_at) for job in queued] == [
        (one.sequence * 100, PrintState.QUEUED, one.received_at) for one in receipts
    ]
    assert journal._database.row("SELECT count(*) FROM print_job") == (0,)
    journal.print_jobs.start(queued[1].job_id)
    assert journal._database.row("SELECT count(*) FROM print_job") == (3,)
    assert [job.state for job in journal.print_jobs.unfinished()] == ["queued", "printing", "queued"]
    assert journal.print_jobs.for_entry(receipts[0].entry_id) == queued[:1]
    later = journal.entries.record(make_case())
    assert journal.print_jobs.again(later.entry_id).job_id == 401
    assert [job.job_id for job in journal.print_jobs.for_entry(later.entry_id)] == [400, 401]


def test_slips_that_were_all_printed_do_not_come_back(journal: Journal, make_case: MakeCase) -> None:
    for _ in range(2):
        (job,) = journal.print_jobs.for_entry(journal.entries.record(make_case()).entry_id)
        journal.print_jobs.taken(job.job_id)
        assert journal.print_jobs.unfinished() == ()
