"""A stick that is another's, damaged, or made by somebody who means ill: it settles nothing that is not true."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from kiosk.domain.case import PlatformState
from sync.central.exchange import Platform
from sync.central.server import build_platform
from sync.central.stick import import_stick
from sync.stick import Stick, StickFault
from sync.usb_bundle import export, import_answers
from tests.identity.stick_world import (
    CLOCK,
    Terminal,
    hand_in,
)


def test_stick_of_another_terminal(
    two_terminals: tuple[Terminal, Terminal], platform: Platform, root: Path
) -> None:
    mine, theirs = two_terminals
    theirs.record(2)
    export(theirs.journal, theirs.key, root, CLOCK)
    import_stick(platform, root)
    with pytest.raises(StickFault) as caught:
        import_answers(mine.journal, mine.public, root)
    assert (caught.value.word, caught.value.detail) == ("another_terminal", theirs.number)
    # Their folder under my number: the manifest is signed by them, so nothing in it counts.
    (root / f"linban-{theirs.number}").rename(root / f"linban-{mine.number}")
    with pytest.raises(StickFault) as caught:
        import_answers(mine.journal, mine.public, root)
    assert caught.value.word == "forged"
    (taken,) = import_stick(platform, root)
    assert [fault.word for fault in taken.refused] == ["unknown_terminal"]


@pytest.mark.parametrize("names", [[], ["photos"], ["linban-", "linban-12x456"]])
def test_stick_without_anything_of_ours(
    terminal: Terminal, platform: Platform, root: Path, names: list[str]
) -> None:
    for name in names:
        (root / name).mkdir()
    for act in (
        lambda: import_stick(platform, root),
        lambda: import_answers(terminal.journal, terminal.public, root),
    ):
        with pytest.raises(StickFault) as caught:
            act()
        assert caught.value.word == "nothing_here"
    with pytest.raises(StickFault) as caught:
        export(terminal.journal, terminal.key, root / "absent", CLOCK)
    assert caught.value.word == "no_stick"


def test_a_file_that_is_nested_without_end_is_damaged_and_stops_nothing_else(
    two_terminals: tuple[Terminal, Terminal], platform: Platform, root: Path
) -> None:
    deep = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    mine, theirs = two_terminals
    for terminal in two_terminals:
        terminal.record(1)
        export(terminal.journal, terminal.key, root, CLOCK)
    manifest = Stick(root, theirs.number).folder / "manifest.json"
    whole = manifest.read_bytes()
    manifest.write_bytes(deep)
    with pytest.raises(StickFault) as caught:
        import_answers(theirs.journal, theirs.public, root)
    assert caught.value.word == "damaged"
    taken = {one.terminal_number: one for one in import_stick(platform, root)}
    assert [fault.word for fault in taken[theirs.number].refused] == ["damaged"]
    assert taken[mine.number].stored == 1
    manifest.write_bytes(whole)
    Stick(root, theirs.number).write("answer-000000000001.lbs", deep)
    refused = import_answers(theirs.journal, theirs.public, root).refused
    assert [fault.word for fault in refused] == ["forged"]


@pytest.mark.fault(14)
@pytest.mark.usefixtures("small_files")
def test_one_bit_flipped_in_any_file_never_becomes_an_acknowledgement(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    terminal.record(7)
    export(terminal.journal, terminal.key, root, CLOCK)
    import_stick(platform, root)
    stick = Stick(root, terminal.number)
    for name in stick.names():
        file = stick.folder / name
        whole = file.read_bytes()
        for place in range(0, len(whole), max(len(whole) // 12, 1)):
            file.write_bytes(whole[:place] + bytes((whole[place] ^ 4,)) + whole[place + 1 :])
            if name.startswith(("entries-", "manifest")):
                (taken,) = import_stick(platform, root)
                assert taken.stored == 0
                assert taken.refused
            if name.startswith(("answer-", "manifest")):
                file.write_bytes(whole[:place] + bytes((whole[place] ^ 4,)) + whole[place + 1 :])
                try:
                    result = import_answers(terminal.journal, terminal.public, root)
                except StickFault as fault:
                    assert fault.word in ("damaged", "forged")
                else:
                    assert [fault.word for fault in result.refused] == ["damaged"]
                    assert result.acknowledged + result.already == 7 - (1 if name.endswith("07.lbs") else 3)
        file.write_bytes(whole)
    import_stick(platform, root)
    import_answers(terminal.journal, terminal.public, root)
    assert terminal.waiting() == 0


@pytest.mark.usefixtures("small_files")
def test_answers_forged_by_somebody_who_knows_the_format(
    terminal: Terminal, platform: Platform, root: Path, tmp_path: Path
) -> None:
    """The right frame and digest around an answer that another platform signed."""
    terminal.record(3)
    export(terminal.journal, terminal.key, root, CLOCK)
    impostor = build_platform(tmp_path / "impostor" / "central.db", tmp_path / "impostor")
    with platform.store.reading() as run:
        row = run.execute(
            "select terminal_id, terminal_number, region_code, public_key, enrolled_at from terminal"
            " where terminal_number = ?",
            (terminal.number,),
        ).fetchone()
    with impostor.store.transaction() as run:
        run.execute(
            "insert into terminal (terminal_id, terminal_number, region_code, public_key, enrolled_at)"
            " values (?, ?, ?, ?, ?)",
            tuple(row or ()),
        )
    import_stick(impostor, root)
    result = import_answers(terminal.journal, terminal.public, root)
    assert [fault.word for fault in result.refused] == ["forged"]
    assert terminal.waiting() == 3
    impostor.store.close()


@pytest.mark.fault(14)
def test_piece_with_a_flipped_bit_is_never_held_for_whole(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    hand_in(terminal, [os.urandom(5000)])
    export(terminal.journal, terminal.key, root, CLOCK)
    (file,) = (root / f"linban-{terminal.number}").glob("attachment-*")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes((whole[-1] ^ 1,)))
    (taken,) = import_stick(platform, root)
    assert (taken.stored, taken.attachments) == (1, 0)
    assert [fault.word for fault in taken.refused] == ["damaged"]
    assert import_answers(terminal.journal, terminal.public, root).attachments == 0
    export(terminal.journal, terminal.key, root, CLOCK)
    assert file.read_bytes() == whole
    assert import_stick(platform, root)[0].attachments == 1
    assert import_answers(terminal.journal, terminal.public, root).attachments == 1


def test_folder_on_the_stick_is_a_link_to_the_journals_own(
    terminal: Terminal, root: Path, tmp_path: Path
) -> None:
    """What the manifest does not list is taken away there: it would be the journal."""
    terminal.record(3)
    state = tmp_path / "terminal-a"
    (root / f"linban-{terminal.number}").symlink_to(state)
    before = sorted(file.name for file in state.iterdir())
    with pytest.raises(StickFault, match="damaged"):
        export(terminal.journal, terminal.key, root, CLOCK)
    with pytest.raises(StickFault, match="damaged"):
        import_answers(terminal.journal, terminal.public, root)
    assert sorted(file.name for file in state.iterdir()) == before
    assert terminal.waiting() == 3


@pytest.mark.fault(64)
def test_state_in_an_answer_that_somebody_wrote_over(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    """The signature of a batch covers what became of an entry, and not how far its case has got."""
    (receipt,) = terminal.record(1)
    export(terminal.journal, terminal.key, root, CLOCK)
    import_stick(platform, root)
    stick = Stick(root, terminal.number)
    name = stick.read_manifest().manifest.files[0].answer_name
    answered = msgspec.json.decode(stick.read(name)[1])
    for _, outcome in answered["answer"]["outcomes"]:
        outcome[2] = PlatformState.CONCLUDED.value
    stick.write(name, msgspec.json.encode(answered))
    assert import_answers(terminal.journal, terminal.public, root).acknowledged == 1
    status = terminal.journal.entries.by_number(receipt.number)
    assert status is not None
    assert status.platform is PlatformState.RECEIVED


@pytest.mark.parametrize(
    "name", ["answer-000000000001.lbs.part", "entries-000000000001.lbs", "manifest.json"]
)
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_stick_with_links_and_pipes_touches_no_file_of_the_machine(
    platform: Platform, tmp_path: Path, root: Path, terminal: Terminal, name: str, kind: str
) -> None:
    terminal.record(3)
    export(terminal.journal, terminal.key, root, CLOCK)
    mine = tmp_path / "of-this-machine"
    mine.write_bytes(b"precious")
    planted = Stick(root, terminal.number).folder / name
    planted.unlink(missing_ok=True)
    if kind == "link":
        planted.symlink_to(mine)
    else:
        os.mkfifo(planted)
    (taken,) = import_stick(platform, root)
    assert [fault.word for fault in taken.refused] == ["damaged"]
    assert mine.read_bytes() == b"precious"
    assert taken.answered == 0


def test_a_folder_that_is_a_link_is_no_terminals(platform: Platform, tmp_path: Path, root: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "linban-100001").symlink_to(elsewhere)
    with pytest.raises(StickFault, match="nothing_here"):
        import_stick(platform, root)
