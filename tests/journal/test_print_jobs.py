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
