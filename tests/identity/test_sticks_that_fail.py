"""A stick that is pulled out at every write, full, or write-protected."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sync import usb_bundle
from sync.central.exchange import Platform
from sync.central.stick import import_stick
from sync.stick import Stick, StickFault
from sync.usb_bundle import export, import_answers
from tests.identity.stick_world import (
    CLOCK,
    PulledOutStick,
    Terminal,
    hand_in,
    stored,
)


@pytest.mark.usefixtures("small_files")
@pytest.mark.fault(1, 13)
def test_pulled_out_before_every_write_of_the_export(
    terminal: Terminal, platform: Platform, root: Path, tmp_path: Path
) -> None:
    receipts = terminal.record(7)
    for pulled_at in range(10_000):
        stick = tmp_path / f"stick-{pulled_at}"
        stick.mkdir()
        # An older export is on it, so that every kind of write happens: new, replaced, swept away.
        folder = stick / f"linban-{terminal.number}"
        folder.mkdir()
        (folder / "entries-000000000099.lbs").write_bytes(b"left by an earlier one")
        pulled = PulledOutStick(stick, terminal.number, pulled_at)
        try:
            export(terminal.journal, terminal.key, stick, CLOCK, pulled)
            break
        except OSError:
            pass
        # Carried to the platform as it is: what it takes in is true, and it never takes in half a thing.
        with suppress(StickFault):
            (taken,) = import_stick(platform, stick)
            assert all(fault.word in ("missing", "damaged") for fault in taken.refused)
        done = export(terminal.journal, terminal.key, stick, CLOCK)
        assert done.entries == 7
        (taken,) = import_stick(platform, stick)
        assert (taken.stored + taken.known, taken.refused) == (7, [])
        shutil.rmtree(stick)
    else:
        raise AssertionError("never got through")
    assert pulled_at > 40
    assert {number: count[0] for number, count in stored(platform).items()} == {
        one.number: 1 for one in receipts
    }
    import_stick(platform, stick)
    assert import_answers(terminal.journal, terminal.public, stick).acknowledged == 7


@pytest.mark.usefixtures("small_files")
@pytest.mark.fault(1, 51)
def test_pulled_out_before_every_write_of_the_platform(
    terminal: Terminal, platform: Platform, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = terminal.record(7)
    export(terminal.journal, terminal.key, root, CLOCK)
    rounds = 0
    for pulled_at in range(1000):
        with monkeypatch.context() as patched:
            patched.setattr(
                "sync.central.stick.Stick",
                lambda root, number: PulledOutStick(root, number, pulled_at),  # noqa: B023
            )
            try:
                import_stick(platform, root)
                break
            except OSError:
                rounds += 1
        # Whatever answers are on it, those that verify are true, and torn ones settle nothing.
        result = import_answers(terminal.journal, terminal.public, root)
        assert all(fault.word == "damaged" for fault in result.refused)
        for name in Stick(root, terminal.number).names():
            if name.startswith("answer-"):
                Stick(root, terminal.number).remove(name)
    assert rounds > 10
    import_answers(terminal.journal, terminal.public, root)
    assert terminal.waiting() == 0
    assert {number: count[0] for number, count in stored(platform).items()} == {
        one.number: 1 for one in receipts
    }


@contextmanager
def mounted(root: Path, options: str) -> Iterator[None]:
    """A real file system in the stick's place."""
    tried = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(root)], capture_output=True, check=False
    )
    if tried.returncode != 0:
        pytest.skip("may not mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(root)], check=True)


@pytest.mark.fault(6)
def test_full_stick_is_refused_before_the_first_byte(
    terminal: Terminal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.record(20)
    monkeypatch.setattr(Stick, "free_bytes", lambda self: 10_000)
    with pytest.raises(StickFault) as caught:
        export(terminal.journal, terminal.key, root, CLOCK)
    assert caught.value.word == "full"
    assert list(root.iterdir()) == []


@pytest.mark.fault(6)
def test_real_stick_that_fills_up_half_way(
    terminal: Terminal, platform: Platform, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounted(root, "size=48k"):
        monkeypatch.setattr(usb_bundle, "ENTRIES_A_FILE", 5)
        receipts = terminal.record(120)
        monkeypatch.setattr(Stick, "free_bytes", lambda self: 1 << 30)  # it lies
        with pytest.raises(OSError) as caught:
            export(terminal.journal, terminal.key, root, CLOCK)
        assert caught.value.errno == errno.ENOSPC
        subprocess.run(["mount", "-o", "remount,size=4m", str(root)], check=True)
        assert export(terminal.journal, terminal.key, root, CLOCK).entries == 120
        assert import_stick(platform, root)[0].stored == 120
        assert import_answers(terminal.journal, terminal.public, root).acknowledged == 120
        assert len(stored(platform)) == len(receipts)


@pytest.mark.fault(9)
def test_stick_is_write_protected(terminal: Terminal, root: Path) -> None:
    terminal.record(3)
    with mounted(root, "ro"):
        with pytest.raises(OSError) as caught:
            export(terminal.journal, terminal.key, root, CLOCK)
        assert caught.value.errno == errno.EROFS


@pytest.mark.fault(1)
def test_pulled_out_before_every_write_of_what_was_handed_in(
    terminal: Terminal, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.stick_attachments.PIECE_BYTES", 1000)
    hand_in(terminal, [os.urandom(1500), os.urandom(10)])
    stick = tmp_path / "stick-of-pieces"
    stick.mkdir()
    for pulled_at in range(1000):
        shutil.rmtree(stick)
        stick.mkdir()
        try:
            export(
                terminal.journal,
                terminal.key,
                stick,
                CLOCK,
                PulledOutStick(stick, terminal.number, pulled_at),
            )
            break
        except OSError:
            done = export(terminal.journal, terminal.key, stick, CLOCK)
            assert (done.entries, done.attachments) == (1, 2)
    assert pulled_at > 20
    (taken,) = import_stick(platform, stick)
    assert (taken.attachments, taken.refused) == (2, [])
    assert import_answers(terminal.journal, terminal.public, stick).attachments == 2
