"""Damage: found, set aside and never deleted, and whatever can still be read is carried over."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from kiosk.domain.case import DeliveryState
from kiosk.domain.printing import PrintState
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.audit import AuditEvent
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged
from tests.journal.conftest import MakeCase, Place

PAGE = 4096


def _filled(place: Place, make_case: MakeCase, count: int = 40) -> list[str]:
    """A closed journal of `count` entries, the first ten of them acknowledged; their receipt numbers."""
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        receipts = [journal.entries.record(make_case()) for _ in range(count)]
        journal.outbox.lease(10, 10_000_000, 30)
        journal.outbox.settle([Acknowledged(entry_id=one.entry_id, token=b"t") for one in receipts[:10]])
    return [one.number for one in receipts]


def _flip(file: Path, position: int) -> None:
    with file.open("r+b") as handle:
        handle.seek(position)
        byte = handle.read(1)[0]
        handle.seek(position)
        handle.write(bytes((byte ^ 1 << random.randrange(8),)))


@pytest.mark.fault(14)
def test_every_flipped_bit_is_found(place: Place, make_case: MakeCase) -> None:
    _filled(place, make_case)
    whole = place.file.read_bytes()
    random.seed(20261122)
    pages = len(whole) // PAGE
    for page in random.sample(range(pages), min(pages, 30)):
        place.file.write_bytes(whole)
        _flip(place.file, page * PAGE + random.randrange(PAGE))
        try:
            with place.open() as journal:
                assert not journal.verify().ok
        except JournalError as error:
            assert error.fault in (JournalFault.DAMAGED, JournalFault.WRONG_KEY)


@pytest.mark.fault(15)
@pytest.mark.parametrize("damage", ["zero", "random", "directory", "short"])
def test_a_journal_that_does_not_open_is_set_aside_and_a_fresh_one_starts(
    place: Place, make_case: MakeCase, damage: str
) -> None:
    _filled(place, make_case)
    content = {"zero": b"", "random": os.urandom(3 * PAGE), "short": place.file.read_bytes()[:1000]}
    place.file.unlink()
    if damage == "directory":
        place.file.mkdir()
    else:
        place.file.write_bytes(content[damage])
    opened = Journal.open_or_replace(place.file, place.key, place.clock)
    assert opened.replaced is not None
    assert opened.replaced.set_aside.name == "journal.db.damaged-1"
    assert opened.replaced.set_aside.exists()
    assert not opened.replaced.readable
    with opened.journal as journal:
        assert journal.settings.enrolment() is None
        assert journal.audit.recent()[0].event is AuditEvent.JOURNAL_REPLACED
        assert journal.verify().ok
    assert Journal.open_or_replace(place.file, place.key, place.clock).replaced is None


def test_a_second_damaged_journal_does_not_overwrite_the_first(place: Place) -> None:
    for number in (1, 2):
        place.file.write_bytes(b"")
        opened = Journal.open_or_replace(place.file, place.key, place.clock)
        opened.journal.close()
        assert opened.replaced is not None
        assert opened.replaced.set_aside.name == f"journal.db.damaged-{number}"
        place.file.unlink()


def test_a_journal_that_is_well_is_left_alone(place: Place, make_case: MakeCase) -> None:
    numbers = _filled(place, make_case)
    opened = Journal.open_or_replace(place.file, place.key, place.clock)
    assert opened.replaced is None
    assert opened.journal.entries.count() == len(numbers)
    opened.journal.close()


def test_what_can_be_read_of_a_damaged_journal_is_carried_over(place: Place, make_case: MakeCase) -> None:
    numbers = _filled(place, make_case)
    whole = place.file.read_bytes()
    replaced_some = 0
    for page in range(1, len(whole) // PAGE):
        for old in place.file.parent.glob("journal.db*"):
            old.unlink()
        place.file.write_bytes(whole)
        _flip(place.file, page * PAGE + 100)
        with place.file.open("rb"):
            opened = Journal.open_or_replace(place.file, place.key, place.clock, "boot-1")
        with opened.journal as journal:
            assert journal.verify().ok
            replaced = opened.replaced
            if replaced is None or not replaced.readable or replaced.salvaged == 0:
                continue
            replaced_some += 1
            present = [number for number in numbers if journal.entries.by_number(number) is not None]
            assert len(present) == replaced.salvaged == journal.entries.count()
            if journal.settings.enrolment() is not None:
                assert journal.entries.record(make_case()).sequence >= len(present)
                assert journal.verify().ok
    assert replaced_some >= 5


def test_an_entry_lost_in_the_middle_leaves_a_known_gap_and_the_rest_keeps_its_state(
    place: Place, make_case: MakeCase
) -> None:
    numbers = _filled(place, make_case)
    with place.open() as journal:
        journal._database.run("DROP TRIGGER entry_never_changes")
        journal._database.run("UPDATE entry SET digest = randomblob(32) WHERE sequence = 20")
        assert journal.verify().chain_broken_at == 20
    opened = Journal.open_or_replace(place.file, place.key, place.clock, "boot-1")
    assert opened.replaced is not None
    assert (opened.replaced.salvaged, opened.replaced.unsent_salvaged) == (39, 29)
    assert opened.replaced.fault is JournalFault.DAMAGED
    with opened.journal as journal:
        check = journal.verify()
        assert check.ok
        assert check.gaps == (21,)
        first, lost, last = (journal.entries.by_number(numbers[i]) for i in (0, 19, 39))
        assert first is not None
        assert first.delivery is DeliveryState.ACKNOWLEDGED
        assert lost is None
        assert last is not None
        assert last.receipt.sequence == 40
        assert journal.entries.record(make_case()).sequence == 41
        assert journal.outbox.summary().pending == 30
        assert len(journal.outbox.lease(100, 10_000_000, 30)) == 30


def test_print_jobs_that_cannot_be_read_any_more_are_unknown_and_those_of_other_entries_are_as_they_were(
    place: Place, make_case: MakeCase
) -> None:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        last = [journal.entries.record(make_case()) for _ in range(3)][-1]
        journal.print_jobs.taken(100)
        journal._database.run("DELETE FROM print_job WHERE id = 300")
        journal._database.run("DROP TRIGGER entry_never_changes")
        journal._database.run("UPDATE entry SET digest = randomblob(32) WHERE sequence = 2")
    opened = Journal.open_or_replace(place.file, place.key, place.clock, "boot-1")
    with opened.journal as journal:
        (job,) = journal.print_jobs.for_entry(last.entry_id)
        assert (job.job_id, job.state) == (300, PrintState.QUEUED)
        assert journal.print_jobs.unfinished() == (job,)
        told = [line.event for line in journal.audit.recent()]
        assert told == [AuditEvent.JOURNAL_REPLACED, *[AuditEvent.CASE_RECORDED] * 2]
    with place.open() as journal:
        journal._database.run("DROP TABLE print_job")
        journal._database.run("UPDATE tally SET acknowledged = 5")
    opened = Journal.open_or_replace(place.file, place.key, place.clock, "boot-1")
    assert opened.replaced is not None
    with opened.journal as journal:
        assert [job.state for job in journal.print_jobs.unfinished()] == [PrintState.UNKNOWN] * 2


def test_a_journal_that_was_set_aside_by_the_other_process_is_noticed_by_who_writes_and_who_sends(
    place: Place, make_case: MakeCase
) -> None:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        place.file.rename(place.file.with_name("journal.db.damaged-1"))
        with pytest.raises(JournalError) as caught:
            journal.entries.record(make_case())
        assert caught.value.fault is JournalFault.DAMAGED
        with pytest.raises(JournalError) as caught:
            journal.outbox.lease(10, 1_000_000, 30)
        assert caught.value.fault is JournalFault.DAMAGED
