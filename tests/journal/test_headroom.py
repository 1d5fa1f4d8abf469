"""Head-room: attachments stop first, then new cases, and sending goes on to the last byte."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.bench import record as bench
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.audit import AuditEvent
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged
from kiosk.journal.reserve import SHARE, Reserve
from tests.journal.conftest import MakeCase, Place

MIB = 1024 * 1024
RESERVE = 256 * MIB
HOUR_S = 3600.0


def _day_of_work(journal: Journal, place: Place, make_case: MakeCase, cases: int = 24) -> None:
    for _ in range(cases):
        journal.entries.record(make_case())
        place.clock.advance(24 * HOUR_S / cases)


@pytest.mark.parametrize(
    ("free_mib", "attachments", "cases"),
    [
        (100_000, True, True),
        (256, True, True),
        (255, False, True),
        (128, False, True),
        (127, False, False),
        (0, False, False),
    ],
)
@pytest.mark.fault(6)
def test_attachments_stop_before_cases_and_cases_before_the_disk_is_full(
    journal: Journal, free_mib: int, attachments: bool, cases: bool
) -> None:
    journal.reserve.hold(1)
    room = journal.headroom(free_mib * MIB, RESERVE)
    assert (room.attachments_allowed, room.cases_allowed) == (attachments, cases)
    assert room.days_left is None


def test_a_disk_that_cannot_say_how_full_it_is_holds_no_reserve(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("kiosk.journal.reserve.free_bytes", refuse)
    assert not journal.reserve.hold(RESERVE)


def test_a_reserve_that_was_given_free_counts_as_missing_until_it_is_made_again(journal: Journal) -> None:
    journal.reserve.wanted_bytes = RESERVE
    assert not journal.reserve.held
    assert not journal.headroom(RESERVE // 2, RESERVE).cases_allowed
    assert journal.headroom(RESERVE // 2 + RESERVE // SHARE, RESERVE).cases_allowed


def test_the_days_left_follow_this_terminals_pace(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    assert journal.headroom(RESERVE, RESERVE).days_left is None
    for _ in range(3):
        _day_of_work(journal, place, make_case)
    slow = journal.headroom(10_000 * MIB, RESERVE).days_left
    for _ in range(3):
        _day_of_work(journal, place, make_case, 240)
    fast = journal.headroom(10_000 * MIB, RESERVE).days_left
    assert slow is not None
    assert fast is not None
    # 24 cases a day of some 1.2 KB each, as a filled journal shows them: the room of 9,872 MiB lasts for centuries, at ten times that for decades.
    assert slow == pytest.approx(9_872 * MIB / (24 * 1_250), rel=0.1)
    assert 5 < slow / fast < 10


def test_attachments_count_towards_the_pace(journal: Journal, place: Place, make_case: MakeCase) -> None:
    _day_of_work(journal, place, make_case)
    plain = journal.headroom(10_000 * MIB, RESERVE).days_left
    for _ in range(24):
        case = make_case()
        stored = journal.attachments.put(case.entry_id, "image/jpeg", os.urandom(50_000))
        journal.entries.record(replace(case, attachments=(stored,)))
        place.clock.advance(HOUR_S)
    heavy = journal.headroom(10_000 * MIB, RESERVE).days_left
    assert plain is not None
    assert heavy is not None
    assert plain > 5 * heavy


@pytest.mark.fault(34, 35)
@pytest.mark.parametrize("jump_s", [-56 * 365 * 86_400.0, 10 * 365 * 86_400.0])
def test_a_clock_that_jumped_between_two_boots_gives_no_pace_rather_than_a_wrong_one(
    place: Place, make_case: MakeCase, jump_s: float
) -> None:
    with place.open("boot-1") as journal:
        journal.settings.set_enrolment(place.enrolment)
        _day_of_work(journal, place, make_case)
    place.clock.advance(jump_s)
    with place.open("boot-2") as journal:
        _day_of_work(journal, place, make_case)
        room = journal.headroom(RESERVE, RESERVE)
        assert room.days_left is None
        assert room.cases_allowed


def test_looking_costs_the_same_at_any_number_of_entries(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    def steps(one: Journal) -> int:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        one._database.connection.set_progress_handler(step, 1)
        one.headroom(RESERVE, RESERVE)
        one.attachments.summary()
        one.outbox.highest_acknowledged()
        one._database.connection.set_progress_handler(None, 1)
        return count

    _day_of_work(journal, place, make_case, 200)
    few = steps(journal)
    with Journal.open(place.file.with_name("kept.db"), place.key, place.clock) as kept:
        kept.settings.set_enrolment(place.enrolment)
        bench.fill(kept, 5000)
        assert steps(kept) <= few * 1.1


def test_no_attachment_is_put_when_there_is_no_room_for_it(
    journal: Journal, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.reserve.wanted_bytes = RESERVE
    monkeypatch.setattr(journal, "free_bytes", lambda: RESERVE)
    with pytest.raises(JournalError) as caught:
        journal.attachments.put(make_case().entry_id, "image/jpeg", b"x")
    assert caught.value.fault is JournalFault.NO_ROOM
    monkeypatch.setattr(journal, "free_bytes", lambda: 2 * RESERVE)
    assert journal.attachments.put(make_case().entry_id, "image/jpeg", b"x").size_bytes > 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB that really fills up."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("nothing may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.fault(6, 8)
def test_on_a_disk_that_is_full_what_was_received_is_still_sent_and_settled(
    small_disk: Path, place: Place, make_case: MakeCase
) -> None:
    reserve_bytes = 4 * MIB // 4
    with Journal.open(small_disk / "journal.db", place.key, place.clock) as journal:
        journal.settings.set_enrolment(place.enrolment)
        assert journal.reserve.hold(reserve_bytes)
        assert journal.headroom(journal.free_bytes(), reserve_bytes).cases_allowed
        received = [journal.entries.record(make_case()) for _ in range(20)]
        filler = _fill(small_disk)
        with pytest.raises(JournalError) as caught:
            for _ in range(3000):
                received.append(journal.entries.record(make_case()))
        assert caught.value.fault is JournalFault.DISK_FULL
        assert not journal.headroom(journal.free_bytes(), reserve_bytes).cases_allowed
        delivered = 0
        while leased := journal.outbox.lease(50, MIB, 30):
            delivered += journal.outbox.settle(
                [Acknowledged(entry_id=item.entry.header.entry_id, token=bytes(200)) for item in leased]
            )
        assert delivered == len(received)
        assert AuditEvent.RESERVE_RELEASED in [line.event for line in journal.audit.recent(10_000)]
        assert not (small_disk / "journal.db.reserve").exists()
        assert not journal.headroom(journal.free_bytes(), reserve_bytes).cases_allowed
        filler.unlink()
        assert journal.reserve.hold(reserve_bytes)
        assert journal.headroom(journal.free_bytes(), reserve_bytes).cases_allowed
        assert journal.entries.record(make_case()).sequence == len(received) + 1
        assert journal.verify().ok


@pytest.mark.fault(7, 8)
def test_a_sender_that_starts_on_a_full_disk_still_sends(
    small_disk: Path, place: Place, make_case: MakeCase
) -> None:
    file = small_disk / "journal.db"
    with Journal.open(file, place.key, place.clock) as journal:
        journal.settings.set_enrolment(place.enrolment)
        assert journal.reserve.hold(4 * MIB)
        receipt = journal.entries.record(make_case())
    _fill(small_disk)
    with Journal.open(file, place.key, place.clock) as journal:
        assert [item.entry.sequence for item in journal.outbox.lease(10, MIB, 30)] == [1]
        assert journal.outbox.settle([Acknowledged(entry_id=receipt.entry_id, token=bytes(200))]) == 1
        assert not journal.headroom(journal.free_bytes(), 4 * MIB).cases_allowed
    assert not (small_disk / "journal.db.reserve").exists()


@pytest.mark.fault(8, 14)
def test_a_damaged_journal_on_a_full_disk_is_replaced_with_the_room_of_the_reserve(
    small_disk: Path, place: Place, make_case: MakeCase
) -> None:
    file = small_disk / "journal.db"
    with Journal.open(file, place.key, place.clock) as journal:
        journal.settings.set_enrolment(place.enrolment)
        assert journal.reserve.hold(4 * MIB)
        received = [journal.entries.record(make_case()) for _ in range(50)]
        journal._database.run("DROP TRIGGER audit_never_changes")
        journal.audit.append(AuditEvent.LINE_LOST)
        journal._database.run("UPDATE audit SET digest = randomblob(32) WHERE position = 51")
    _fill(small_disk)
    opened = Journal.open_or_replace(file, place.key, place.clock)
    assert opened.replaced is not None
    assert not (small_disk / "journal.db.reserve").exists()
    with opened.journal as journal:
        assert journal.entries.count() == len(received) == 50
        assert journal.verify().ok


def _fill(folder: Path) -> Path:
    """Take what is left of the disk, as a log or a spool does."""
    filler = folder / "somebody-elses"
    with filler.open("wb", buffering=0) as handle:
        try:
            while True:
                handle.write(bytes(4096))
        except OSError:
            return filler


def test_the_reserve_takes_real_room_and_gives_it_free_once(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "journal.db")
    assert reserve.held  # none is wanted
    assert reserve.hold(8 * MIB)
    file = tmp_path / "journal.db.reserve"
    assert file.stat().st_blocks * 512 >= 8 * MIB // SHARE
    assert reserve.hold(8 * MIB)
    assert reserve.release()
    assert not reserve.release()
    assert [one.name for one in tmp_path.iterdir()] == []


@pytest.mark.fault(8)
def test_no_reserve_is_made_where_it_would_take_the_last_room(small_disk: Path) -> None:
    reserve = Reserve(small_disk / "journal.db")
    assert not reserve.hold(8 * MIB)
    assert not reserve.held
    assert list(small_disk.iterdir()) == []


@pytest.mark.fault(6)
def test_one_attachment_does_not_eat_into_what_is_kept_for_cases(
    journal: Journal, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.reserve.hold(1)
    journal.reserve.wanted_bytes = RESERVE
    monkeypatch.setattr(journal, "free_bytes", lambda: RESERVE + MIB)
    entry_id = make_case().entry_id
    journal.attachments.put(entry_id, "image/jpeg", bytes(MIB // 2))
    with pytest.raises(JournalError) as caught:
        journal.attachments.put(entry_id, "image/jpeg", bytes(2 * MIB))
    assert caught.value.fault is JournalFault.NO_ROOM
