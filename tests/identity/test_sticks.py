"""A stick between a terminal and the platform: there and back, pulled out at every write, full, foreign, forged."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.domain.case import Case, DeliveryState, PlatformState, new_entry_id
from kiosk.domain.receipt import Receipt
from kiosk.journal.journal import Journal
from sync import usb_bundle
from sync.central.exchange import Platform
from sync.central.server import build_platform, serving
from sync.central.stick import import_stick
from sync.enrolment import enrol
from sync.platform_client import PlatformClient
from sync.stick import Stick, StickFault, in_stretches
from sync.usb_bundle import export, import_answers

CODES = ("4821093377", "4821093378")
CLOCK = SystemClock()


class Terminal:
    """A journal and a key, enrolled over the line once; the line is never used again."""

    def __init__(self, folder: Path, url: str, code: str) -> None:
        folder.mkdir()
        self.key = Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes_raw()
        self.journal = Journal.open(folder / "journal.db", os.urandom(32), CLOCK)
        self.client = PlatformClient(PlatformSettings(url=url), self.key, CLOCK)
        self.enrolment = enrol(self.client, self.journal, code)
        self.client.become(self.enrolment)
        self.number = self.enrolment.terminal_number

    def record(self, count: int) -> list[Receipt]:
        return [
            self.journal.entries.record(
                Case(
                    entry_id=new_entry_id(),
                    service_code="pension-certification",
                    pack_version="1.0.0",
                    started_at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
                    answers={"phone": "13900000000"},
                )
            )
            for _ in range(count)
        ]

    def waiting(self) -> int:
        summary = self.journal.outbox.summary()
        return summary.pending + summary.leased

    def close(self) -> None:
        self.client.close()
        self.journal.close()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    built = build_platform(tmp_path / "platform" / "central.db", tmp_path / "platform")
    for code in CODES:
        built.store.add_enrolment_code(code, timedelta(hours=1))
    yield built
    built.store.close()


@pytest.fixture
def two_terminals(tmp_path: Path, platform: Platform) -> Iterator[tuple[Terminal, Terminal]]:
    with serving(platform) as url:
        made = (
            Terminal(tmp_path / "terminal-a", url, CODES[0]),
            Terminal(tmp_path / "terminal-b", url, CODES[1]),
        )
        yield made
        for terminal in made:
            terminal.close()


@pytest.fixture
def terminal(two_terminals: tuple[Terminal, Terminal]) -> Terminal:
    return two_terminals[0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb_bundle, "ENTRIES_A_FILE", 3)


def stored(platform: Platform) -> dict[str, tuple[int, int]]:
    return {
        count.receipt_number: (count.stored, count.received) for count in platform.cases.count(limit=10_000)
    }


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


class _PulledOut(Stick):
    """A stick that is pulled out before its n-th operation; what was not synced by then is torn or gone."""

    def __init__(self, root: Path, number: str, after: int) -> None:
        super().__init__(root, number)
        self.left = after
        self._unsynced: dict[Path, None] = {}
        self._renames: list[tuple[Path, bytes | None]] = []

    def _step(self) -> None:
        if self.left == 0:
            self._lose()
            raise OSError(errno.EIO, "pulled out")
        self.left -= 1

    def _lose(self) -> None:
        for file in self._unsynced:
            with suppress(FileNotFoundError):
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        for new, before in reversed(self._renames):
            if before is None:
                new.unlink()
            else:
                new.write_bytes(before)

    def _open(self, file: Path) -> int:
        self._step()
        self._unsynced[file] = None
        return super()._open(file)

    def _write(self, descriptor: int, data: memoryview) -> int:
        self._step()
        return super()._write(descriptor, data[: max(len(data) // 2, 1)])  # a short write, too

    def _sync(self, descriptor: int) -> None:
        self._step()
        super()._sync(descriptor)
        self._unsynced.clear()

    def _rename(self, old: Path, new: Path) -> None:
        self._step()
        before = new.read_bytes() if new.exists() else None
        super()._rename(old, new)
        self._renames.append((new, before))

    def _unlink(self, file: Path) -> None:
        self._step()
        super()._unlink(file)

    def _sync_folder(self, folder: Path) -> None:
        self._step()
        super()._sync_folder(folder)
        self._renames.clear()


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
        pulled = _PulledOut(stick, terminal.number, pulled_at)
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
                lambda root, number: _PulledOut(root, number, pulled_at),  # noqa: B023
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
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(root)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount here")
    try:
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
    finally:
        subprocess.run(["umount", str(root)], check=True)


@pytest.mark.fault(9)
def test_stick_is_write_protected(terminal: Terminal, root: Path) -> None:
    terminal.record(3)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(root)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount here")
    try:
        with pytest.raises(OSError) as caught:
            export(terminal.journal, terminal.key, root, CLOCK)
        assert caught.value.errno == errno.EROFS
    finally:
        subprocess.run(["umount", str(root)], check=True)


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


def test_two_terminals_share_a_stick(
    two_terminals: tuple[Terminal, Terminal], platform: Platform, root: Path
) -> None:
    for count, terminal in enumerate(two_terminals, start=2):
        terminal.record(count)
        export(terminal.journal, terminal.key, root, CLOCK)
    assert [taken.stored for taken in import_stick(platform, root)] == [2, 3]
    for count, terminal in enumerate(two_terminals, start=2):
        assert import_answers(terminal.journal, terminal.public, root).acknowledged == count


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


def with_attachments(terminal: Terminal, contents: list[bytes]) -> Receipt:
    entry_id = new_entry_id()
    case = Case(
        entry_id=entry_id,
        service_code="pension-certification",
        pack_version="1.0.0",
        started_at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
        answers={},
        attachments=tuple(terminal.journal.attachments.put(entry_id, "image/jpeg", one) for one in contents),
    )
    return terminal.journal.entries.record(case)


def held(platform: Platform) -> list[bool]:
    with platform.store.reading() as run:
        rows = run.execute("select stored_at is not null from attachment").fetchall()
    return [bool(row[0]) for row in rows]


def test_what_was_handed_in_travels_in_one_journey(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    with_attachments(terminal, [os.urandom(2_500_000), os.urandom(10)])
    done = export(terminal.journal, terminal.key, root, CLOCK)
    assert (done.entries, done.attachments) == (1, 2)
    (taken,) = import_stick(platform, root)
    assert (taken.attachments, taken.refused) == (2, [])
    assert held(platform) == [True, True]
    result = import_answers(terminal.journal, terminal.public, root)
    assert (result.acknowledged, result.attachments, result.refused) == (1, 2, [])
    assert terminal.journal.attachments.summary().waiting == 0
    again = import_answers(terminal.journal, terminal.public, root)
    assert (again.attachments, again.refused) == (0, [])
    assert import_stick(platform, root)[0].refused == []
    assert export(terminal.journal, terminal.key, root, CLOCK).attachments == 0
    assert Stick(root, terminal.number).names() == ["manifest.json"]


@pytest.mark.fault(1)
def test_pulled_out_before_every_write_of_what_was_handed_in(
    terminal: Terminal, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.stick_attachments.PIECE_BYTES", 1000)
    with_attachments(terminal, [os.urandom(1500), os.urandom(10)])
    stick = tmp_path / "stick-of-pieces"
    stick.mkdir()
    for pulled_at in range(1000):
        shutil.rmtree(stick)
        stick.mkdir()
        try:
            export(
                terminal.journal, terminal.key, stick, CLOCK, _PulledOut(stick, terminal.number, pulled_at)
            )
            break
        except OSError:
            done = export(terminal.journal, terminal.key, stick, CLOCK)
            assert (done.entries, done.attachments) == (1, 2)
    assert pulled_at > 20
    (taken,) = import_stick(platform, stick)
    assert (taken.attachments, taken.refused) == (2, [])
    assert import_answers(terminal.journal, terminal.public, stick).attachments == 2


@pytest.mark.fault(14)
def test_piece_with_a_flipped_bit_is_never_held_for_whole(
    terminal: Terminal, platform: Platform, root: Path
) -> None:
    with_attachments(terminal, [os.urandom(5000)])
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
