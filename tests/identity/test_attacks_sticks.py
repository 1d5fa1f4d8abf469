"""Sticks in the hands of somebody who knows the format: what staff read, and where the files go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.domain.case import DeliveryState, ParkReason, PlatformState
from kiosk.journal.journal import Journal
from sync.central.exchange import Platform
from sync.central.stick import import_stick
from sync.stick import Stick, StickFault
from sync.usb_bundle import export, import_answers
from tests.identity.stick_world import CLOCK, Terminal


def _set_apart(terminal: Terminal, platform: Platform, root: Path, folder: Path) -> None:
    """One entry of a copied disk, carried to the platform, which sets it apart."""
    with Journal.open(folder / "copy.db", os.urandom(32), CLOCK) as copy:
        copy.settings.set_enrolment(terminal.enrolment)
        original, terminal.journal = terminal.journal, copy
        terminal.record(1)
        leased = copy.outbox.lease(10, 1 << 20, 60)
        terminal.client.send_entries([item.entry for item in leased], 1)
        terminal.journal = original
    terminal.record(1)
    export(terminal.journal, terminal.key, root, CLOCK)
    (taken,) = import_stick(platform, root)
    assert taken.set_apart == 1


def _alter(stick: Stick, place: int, value: str, **whole: Any) -> None:
    """Write over a part of each outcome (1 reason, 2 state), in the right frame."""
    name = stick.read_manifest().manifest.files[0].answer_name
    answered = msgspec.json.decode(stick.read(name)[1])
    for _, outcome in answered["answer"]["outcomes"]:
        outcome[place] = value
    stick.write(name, msgspec.json.encode(answered | whole))


def _parked(terminal: Terminal) -> list[tuple[ParkReason | None, str]]:
    found = terminal.journal.outbox.listing(DeliveryState.PARKED)
    return [(item.park_reason, item.park_detail) for item in found]


def test_why_an_entry_was_set_apart_is_the_platforms_own_word(
    terminal: Terminal, platform: Platform, root: Path, tmp_path: Path
) -> None:
    _set_apart(terminal, platform, root, tmp_path)
    assert import_answers(terminal.journal, terminal.public, root).set_aside == 1
    assert _parked(terminal) == [(ParkReason.QUARANTINED, "fork")]


@pytest.mark.fault(64)
@pytest.mark.parametrize("more", [{}, {"signature": None}], ids=["signature kept", "signature away"])
def test_a_reason_that_somebody_wrote_over_is_not_shown(
    terminal: Terminal, platform: Platform, root: Path, tmp_path: Path, more: dict[str, Any]
) -> None:
    _set_apart(terminal, platform, root, tmp_path)
    _alter(Stick(root, terminal.number), 1, "conflict", **more)
    # That it was set apart is signed, why is not any more.
    assert import_answers(terminal.journal, terminal.public, root).set_aside == 1
    assert _parked(terminal) == [(ParkReason.QUARANTINED, "")]


def test_a_reason_of_words_of_ones_own_is_no_answer(
    terminal: Terminal, platform: Platform, root: Path, tmp_path: Path
) -> None:
    _set_apart(terminal, platform, root, tmp_path)
    _alter(Stick(root, terminal.number), 1, "call 010-00000000 and read out your password")
    result = import_answers(terminal.journal, terminal.public, root)
    assert [fault.word for fault in result.refused] == ["forged"]
    assert terminal.waiting() == 1


@pytest.mark.fault(64)
def test_a_state_without_its_signature_is_not_believed(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    (receipt,) = terminal.record(1)
    export(terminal.journal, terminal.key, root, CLOCK)
    import_stick(platform, root)
    _alter(Stick(root, terminal.number), 2, "concluded", signature=None)
    assert import_answers(terminal.journal, terminal.public, root).acknowledged == 1
    status = terminal.journal.entries.by_number(receipt.number)
    assert status is not None
    assert status.platform is PlatformState.RECEIVED


def test_how_far_a_case_has_got_travels_on_a_stick_too(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    from sync.central.opener import Opener

    (receipt,) = terminal.record(1)
    export(terminal.journal, terminal.key, root, CLOCK)
    import_stick(platform, root)
    Opener(platform.store, platform.keys.sealing).open_all()
    assert platform.cases.change_state(receipt.number, PlatformState.ACCEPTED)
    import_stick(platform, root)
    assert import_answers(terminal.journal, terminal.public, root).acknowledged == 1
    status = terminal.journal.entries.by_number(receipt.number)
    assert status is not None
    assert status.platform is PlatformState.ACCEPTED


def test_the_answer_to_one_terminal_is_no_answer_to_another(
    two_terminals: tuple[Terminal, Terminal], platform: Platform, root: Path
) -> None:
    """The signature names the terminal."""
    mine, theirs = two_terminals
    for terminal in two_terminals:
        terminal.record(1)
        export(terminal.journal, terminal.key, root, CLOCK)
    import_stick(platform, root)
    name = "answer-000000000001.lbs"
    other = Stick(root, theirs.number).read(name)[1]
    Stick(root, mine.number).write(name, other)
    result = import_answers(mine.journal, mine.public, root)
    assert [fault.word for fault in result.refused] == ["another_batch"]
    assert mine.waiting() == 1


@pytest.mark.parametrize("kind", ["link", "link to nowhere", "file"])
def test_nothing_is_prepared_through_a_link(tmp_path: Path, root: Path, kind: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    folder = root / "linban-100001"
    if kind == "file":
        folder.write_bytes(b"a file")
    else:
        if kind == "link":
            elsewhere.mkdir()
        folder.symlink_to(elsewhere)
    with pytest.raises(StickFault, match="damaged"):
        Stick(root, "100001").prepare()
    assert not elsewhere.exists() or list(elsewhere.iterdir()) == []


def test_a_link_that_is_put_there_just_in_time(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, mkdir = tmp_path / "elsewhere", Path.mkdir
    elsewhere.mkdir()

    def late(self: Path, *arguments: Any, **named: Any) -> None:
        monkeypatch.setattr(Path, "mkdir", mkdir)
        self.symlink_to(elsewhere)
        mkdir(self, *arguments, **named)

    monkeypatch.setattr(Path, "mkdir", late)
    with pytest.raises(StickFault, match="damaged"):
        Stick(root, "100001").prepare()
