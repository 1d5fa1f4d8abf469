"""A stick between a terminal and the platform: there and back, twice, with the line back meanwhile, from a clone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk.domain.case import DeliveryState
from kiosk.journal.journal import Journal
from sync import usb_bundle
from sync.central.exchange import Platform
from sync.central.stick import import_stick
from sync.stick import Stick, in_stretches
from sync.usb_bundle import export, import_answers
from tests.identity.stick_world import (
    CLOCK,
    Terminal,
    attachments_held,
    hand_in,
    stored,
)


@pytest.mark.usefixtures("small_files")
def test_there_and_back(terminal: Terminal, platform: Platform, root: Path) -> None:
    receipts = terminal.record(10)
    done = export(terminal.journal, terminal.key, root, CLOCK)
    assert (done.entries, done.files, done.written) == (10, 4, 4)
    assert terminal.waiting() == 10  # nothing leaves the queue without the platform's word
    (taken,) = import_stick(platform, root)
    assert (taken.stored, taken.answered, taken.refused) == (10, 4, [])
    assert stored(platform) == {receipt.number: (1, 1) for receipt in receipts}
    result = import_answers(terminal.journal, terminal.public, root)
    assert (result.acknowledged, result.waiting, result.refused) == (10, 0, [])
    assert terminal.waiting() == 0
    assert terminal.journal.verify().ok


@pytest.mark.usefixtures("small_files")
def test_everything_twice(terminal: Terminal, platform: Platform, root: Path) -> None:
    receipts = terminal.record(7)
    for _ in range(2):
        export(terminal.journal, terminal.key, root, CLOCK)
    first, second = import_stick(platform, root)[0], import_stick(platform, root)[0]
    assert (first.stored, second.stored, second.known) == (7, 0, 7)
    one = import_answers(terminal.journal, terminal.public, root)
    two = import_answers(terminal.journal, terminal.public, root)
    assert (one.acknowledged, two.acknowledged, two.already) == (7, 0, 7)
    assert stored(platform) == {receipt.number: (1, 2) for receipt in receipts}
    done = export(terminal.journal, terminal.key, root, CLOCK)
    assert (done.entries, done.files) == (0, 0)
    assert Stick(root, terminal.number).names() == ["manifest.json"]


@pytest.mark.usefixtures("small_files")
def test_second_run_writes_only_what_is_new(terminal: Terminal, platform: Platform, root: Path) -> None:
    terminal.record(6)
    assert export(terminal.journal, terminal.key, root, CLOCK).written == 2
    import_stick(platform, root)
    terminal.record(2)
    done = export(terminal.journal, terminal.key, root, CLOCK)
    assert (done.entries, done.written) == (8, 1)
    # The answers to what was there are there still.
    assert import_answers(terminal.journal, terminal.public, root).acknowledged == 6


@pytest.mark.usefixtures("small_files")
def test_line_came_back_meanwhile(terminal: Terminal, platform: Platform, root: Path) -> None:
    receipts = terminal.record(5)
    export(terminal.journal, terminal.key, root, CLOCK)
    leased = terminal.journal.outbox.lease(10, 1 << 20, 60)
    terminal.client.send_entries([item.entry for item in leased], 5)
    (taken,) = import_stick(platform, root)
    assert (taken.stored, taken.known) == (0, 5)
    assert import_answers(terminal.journal, terminal.public, root).acknowledged == 5
    assert stored(platform) == {receipt.number: (1, 2) for receipt in receipts}


def test_two_terminals_share_a_stick(
    two_terminals: tuple[Terminal, Terminal], platform: Platform, root: Path
) -> None:
    for count, terminal in enumerate(two_terminals, start=2):
        terminal.record(count)
        export(terminal.journal, terminal.key, root, CLOCK)
    assert [taken.stored for taken in import_stick(platform, root)] == [2, 3]
    for count, terminal in enumerate(two_terminals, start=2):
        assert import_answers(terminal.journal, terminal.public, root).acknowledged == count


@pytest.mark.fault(25)
def test_entries_of_a_clone_are_set_apart_and_parked(
    terminal: Terminal, platform: Platform, root: Path, tmp_path: Path
) -> None:
    with Journal.open(tmp_path / "clone.db", os.urandom(32), CLOCK) as clone:
        clone.settings.set_enrolment(terminal.enrolment)
        original, terminal.journal = terminal.journal, clone
        terminal.record(2)
        leased = clone.outbox.lease(10, 1 << 20, 60)
        terminal.client.send_entries([item.entry for item in leased], 2)
        terminal.journal = original
    receipts = terminal.record(3)
    export(terminal.journal, terminal.key, root, CLOCK)
    (taken,) = import_stick(platform, root)
    assert taken.set_apart
    result = import_answers(terminal.journal, terminal.public, root)
    assert result.set_aside == taken.set_apart
    parked = terminal.journal.outbox.listing(DeliveryState.PARKED)
    assert {item.receipt_number for item in parked} <= {receipt.number for receipt in receipts}
    assert terminal.waiting() + result.set_aside + result.acknowledged == 3
    # What was set aside waits for a person, so the next stick does not carry it again.
    assert export(terminal.journal, terminal.key, root, CLOCK).entries == 0


def test_what_was_handed_in_travels_in_one_journey(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    hand_in(terminal, [os.urandom(2_500_000), os.urandom(10)])
    done = export(terminal.journal, terminal.key, root, CLOCK)
    assert (done.entries, done.attachments) == (1, 2)
    (taken,) = import_stick(platform, root)
    assert (taken.attachments, taken.refused) == (2, [])
    assert attachments_held(platform) == [True, True]
    result = import_answers(terminal.journal, terminal.public, root)
    assert (result.acknowledged, result.attachments, result.refused) == (1, 2, [])
    assert terminal.journal.attachments.summary().waiting == 0
    again = import_answers(terminal.journal, terminal.public, root)
    assert (again.attachments, again.refused) == (0, [])
    assert import_stick(platform, root)[0].refused == []
    assert export(terminal.journal, terminal.key, root, CLOCK).attachments == 0
    assert Stick(root, terminal.number).names() == ["manifest.json"]


@pytest.mark.fault(65)
def test_an_old_answer_is_carried_home_after_the_platform_was_put_back(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    """The stick says that the platform holds a photograph which the backup does not have."""
    hand_in(terminal, [os.urandom(1000)])
    export(terminal.journal, terminal.key, root, CLOCK)
    import_stick(platform, root)
    with platform.store.transaction() as run:  # the backup is from before the stick came
        run.execute("delete from attachment_piece")
        run.execute("delete from attachment")
    terminal.journal.attachments.ask_again(platform.store.begin_epoch("restored"))
    result = import_answers(terminal.journal, terminal.public, root)
    assert (result.attachments, [fault.word for fault in result.refused]) == (0, ["another_epoch"])
    assert terminal.journal.attachments.summary().waiting == 1
    export(terminal.journal, terminal.key, root, CLOCK)
    assert import_stick(platform, root)[0].attachments == 1
    assert import_answers(terminal.journal, terminal.public, root).attachments == 1


def test_sequences_are_told_in_stretches() -> None:
    assert in_stretches([]) == []
    assert in_stretches([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]


@pytest.mark.fault(70)
def test_memory_stays_flat_however_much_waits(
    terminal: Terminal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tracemalloc

    def peak_while_exporting(folder: str) -> int:
        (root / folder).mkdir()
        tracemalloc.start()
        export(terminal.journal, terminal.key, root / folder, CLOCK)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    monkeypatch.setattr(usb_bundle, "ENTRIES_A_FILE", 50)
    terminal.record(100)
    few = peak_while_exporting("few")
    terminal.record(900)
    assert peak_while_exporting("many") < few * 2
