"""What keeps the cost flat: the work for one case does not grow with the entries kept; and the benchmark runs."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from kiosk.bench import record as bench
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged, Released
from tests.journal.conftest import MakeCase, Place

STORED = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def _steps_of_a_day(journal: Journal, make_case: MakeCase) -> int:
    """How many steps SQLite's virtual machine takes for the life of one case, and for looking at it."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    journal._database.connection.set_progress_handler(count, 1)
    receipt = journal.entries.record(make_case())
    journal.outbox.lease(10, 1_000_000, 30)
    journal.outbox.settle([Released(entry_id=receipt.entry_id)])
    journal.outbox.lease(10, 1_000_000, 30)
    journal.outbox.settle([Acknowledged(entry_id=receipt.entry_id, token=b"t", stored_at=STORED)])
    journal.outbox.summary()
    journal.outbox.listing()
    journal.entries.by_number(receipt.number)
    journal.entries.last()
    journal.entries.count()
    (job,) = journal.print_jobs.for_entry(receipt.entry_id)
    journal.print_jobs.start(job.job_id)
    journal.print_jobs.unfinished()
    journal.print_jobs.taken(job.job_id)
    journal.inbox.for_receipt(receipt.number)
    journal.entries.similar(receipt.service_code, "11010519491231002X")
    journal.entries.tail()
    journal.outbox.highest_acknowledged()
    journal.attachments.pending()
    journal.attachments.drop_orphans()
    journal.audit_roots.unconfirmed()
    journal.retention.drop_delivered(datetime(2026, 11, 22, tzinfo=UTC), 30)
    journal.inbox.drop_overtaken(datetime(2026, 11, 22, tzinfo=UTC), 30)
    journal._database.connection.set_progress_handler(None, 1)
    return steps


def test_the_work_for_one_case_does_not_grow_with_the_entries_kept(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    empty = _steps_of_a_day(journal, make_case)
    with Journal.open(place.file.with_name("kept.db"), place.key, place.clock) as kept:
        kept.settings.set_enrolment(place.enrolment)
        bench.fill(kept, 3000)
        full = _steps_of_a_day(kept, make_case)
    assert empty > 100
    assert full <= empty * 1.1


def test_the_benchmark_tells_its_figures_with_their_goals_and_a_record_costs_one_sync(tmp_path: Path) -> None:
    figures = bench.run(tmp_path, rounds=10, delivered=300)
    assert {"record_us", "bare_insert_us", "commit_by_row_us", "record_to_bare_insert", "growth"} <= set(
        figures
    )
    growth = figures["growth"]
    assert isinstance(growth, dict)
    for goal in (figures["prepared_to_bare_insert"], growth["record"], growth["lease_and_settle"]):
        assert isinstance(goal, dict)
        assert set(goal) == {"value", "at_most", "unit", "met"}
    syncs = figures["syncs_per_record"]
    if shutil.which("strace") is not None and syncs is not None:
        assert isinstance(syncs, dict)
        assert (syncs["value"], syncs["met"]) == (1.0, True)
