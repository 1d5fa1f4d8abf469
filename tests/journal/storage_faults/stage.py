"""What the journal does on real file systems that fail: each scenario alone in its own mount namespace.

    unshare -m --propagation private python stage.py SCENARIO FOLDER

Ends with 0 when every promise was kept; what it says on standard output the test shows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.domain.receipt import Receipt
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged
from tests.journal.crash_states.mixed_run import KEY, TOKEN, a_case, enrolment
from tests.journal.storage_faults import file_systems

MOST = 3000
"""Cases until a small disk must be full."""

_NOT_WRITTEN = {JournalFault.DISK_FULL, JournalFault.INPUT_OUTPUT, JournalFault.READ_ONLY}


def fresh(file: Path) -> Journal:
    journal = Journal.open(file, KEY, SystemClock())
    journal.settings.set_enrolment(enrolment())
    return journal


def record_until_refused(journal: Journal) -> tuple[list[Receipt], JournalFault]:
    promised: list[Receipt] = []
    for _ in range(MOST):
        try:
            promised.append(journal.entries.record(a_case(400)))
        except JournalError as error:
            print(f"refused after {len(promised)}: {error}")
            return promised, error.fault
    raise AssertionError("nothing ever failed")


def check(journal: Journal, promised: list[Receipt], unpromised: int = 0) -> None:
    """Everything promised is there and whole; at most `unpromised` more, whose outcome nobody was told."""
    missing = [one.number for one in promised if journal.entries.by_number(one.number) is None]
    assert missing == [], f"{len(missing)} of {len(promised)} lost"
    assert len(promised) <= journal.entries.count() <= len(promised) + unpromised
    verification = journal.verify()
    assert verification.ok, verification


def drain(journal: Journal) -> int:
    sent = 0
    while leased := journal.outbox.lease(50, 1_000_000, 30):
        ids = [item.entry.header.entry_id for item in leased]
        sent += journal.outbox.settle([Acknowledged(entry_id=one, token=TOKEN) for one in ids])
    return sent


def _full(place: Path, ballast_bytes: int) -> None:
    ballast = place / "reserve"
    ballast.write_bytes(bytes(ballast_bytes))
    with fresh(place / "journal.db") as journal:
        promised, fault = record_until_refused(journal)
        assert fault is JournalFault.DISK_FULL
        assert journal.usable
        check(journal, promised)
        # Reading what is to be sent needs no room; the reserve gives room for writing what became of it.
        assert journal.outbox.summary().pending == len(promised)
        ballast.unlink()
        assert drain(journal) == len(promised)
        promised.append(journal.entries.record(a_case()))
        check(journal, promised)
    with Journal.open(place / "journal.db", KEY, SystemClock()) as journal:
        check(journal, promised)
        assert journal.outbox.summary().acknowledged == len(promised) - 1


def full_memory(folder: Path) -> None:
    with file_systems.memory(folder / "small", "2m") as place:
        _full(place, 700_000)


def full_ext4(folder: Path) -> None:
    image = file_systems.ext4_image(folder / "image", 6)
    with file_systems.mounted(image, folder / "disk") as place:
        _full(place, 1_200_000)


def full_while_opening(folder: Path) -> None:
    """No room for the file at all, for its schema, or for its log: a refusal in our words, and then none."""
    for kilobytes in (0, 4, 12, 40, 100):
        with file_systems.memory(folder / "small", "400k") as place:
            (place / "ballast").write_bytes(bytes((400 - kilobytes) * 1024))
            try:
                Journal.open_or_replace(place / "journal.db", KEY, SystemClock()).journal.close()
                print(f"{kilobytes} kB were enough")
            except JournalError as error:
                assert error.fault in _NOT_WRITTEN, error
                print(f"{kilobytes} kB: {error}")
            (place / "ballast").unlink()
            opened = Journal.open_or_replace(place / "journal.db", KEY, SystemClock())
            with opened.journal as journal:
                journal.settings.set_enrolment(enrolment())
                check(journal, [journal.entries.record(a_case())])


def no_more_files(folder: Path) -> None:
    """Room enough, but not for one more name: the log cannot be made."""
    with file_systems.memory(folder / "small", "4m", inodes=20) as place:
        fresh(place / "journal.db").close()
        fill: list[Path] = []
        while True:
            try:
                fill.append(place / f"fill-{len(fill)}")
                fill[-1].touch()
            except OSError:
                break
        try:
            Journal.open_or_replace(place / "journal.db", KEY, SystemClock()).journal.close()
            raise AssertionError("opened without a log")
        except JournalError as error:
            assert error.fault in _NOT_WRITTEN, error
            print(error)
        for file in fill[:5]:
            file.unlink()
        opened = Journal.open_or_replace(place / "journal.db", KEY, SystemClock())
        assert opened.replaced is None
        with opened.journal as journal:
            check(journal, [journal.entries.record(a_case())])


def full_log(folder: Path) -> None:
    """The log alone has no room: nothing is promised any more, nothing that was promised is lost."""
    _alone(folder, "-wal", "300k")


def full_index(folder: Path) -> None:
    """The log's index alone has no room."""
    _alone(folder, "-shm", "32k")


def _alone(folder: Path, suffix: str, size: str) -> None:
    file = folder / "journal.db"
    with fresh(file) as journal:
        promised = [journal.entries.record(a_case()) for _ in range(5)]
    with file_systems.memory(folder / "small", size) as store:
        beside = file.with_name(file.name + suffix)
        with file_systems.on_its_own(beside, store / "alone"):
            refused = 0
            try:
                journal = Journal.open(file, KEY, SystemClock())
            except JournalError as error:
                print(f"refused while opening: {error}")
                assert error.fault in _NOT_WRITTEN
            else:
                with journal:
                    # Without checkpoints the log grows until it has no room; the index, a page for 4,000 frames.
                    journal._database.run("PRAGMA wal_autocheckpoint = 0")
                    more, fault = record_until_refused(journal)
                    assert fault in _NOT_WRITTEN
                    promised += more
                    refused = 1
                    if journal.usable:
                        check(journal, promised)
            with file_systems_free(file, store, suffix) as journal:
                check(journal, promised, refused)
                promised.append(journal.entries.record(a_case()))
    beside.unlink(missing_ok=True)
    print(f"{len(promised)} promised")


def file_systems_free(file: Path, store: Path, suffix: str) -> Journal:
    file_systems.grow(store, "64m")
    del suffix
    opened = Journal.open_or_replace(file, KEY, SystemClock())
    assert opened.replaced is None, opened.replaced
    return opened.journal


def full_temporary_folder(folder: Path) -> None:
    """A full folder for temporary files touches nothing: the journal needs none."""
    with file_systems.memory(folder / "temporary", "16k") as small:
        (small / "ballast").write_bytes(bytes(16 * 1024))
        os.environ["TMPDIR"] = os.environ["SQLITE_TMPDIR"] = str(small)
        with fresh(folder / "journal.db") as journal:
            promised = [journal.entries.record(a_case(3000)) for _ in range(200)]
            assert drain(journal) == 200
            check(journal, promised)


def read_only_at_once(folder: Path) -> None:
    """The file system goes read-only under an open journal: refused in words, nothing lost, all there afterwards."""
    image = file_systems.ext4_image(folder / "image", 16)
    with file_systems.mounted(image, folder / "disk") as place:
        journal = fresh(place / "journal.db")
        promised = [journal.entries.record(a_case(100)) for _ in range(30)]
        file_systems.make_read_only_at_once(place)
        more, fault = record_until_refused(journal)
        assert (more, fault in _NOT_WRITTEN) == ([], True)
        journal.close()
        try:
            Journal.open_or_replace(place / "journal.db", KEY, SystemClock())
            raise AssertionError("opened on a read-only disk")
        except JournalError as error:
            assert error.fault in _NOT_WRITTEN, error
            print(f"opening: {error}")
    file_systems.mended(image)
    with file_systems.mounted(image, folder / "disk") as place:
        opened = Journal.open_or_replace(place / "journal.db", KEY, SystemClock())
        assert opened.replaced is None
        with opened.journal as journal:
            check(journal, promised, unpromised=1)
            journal.entries.record(a_case())


def dying_disk(folder: Path) -> None:
    """The disk takes writes into its cache and cannot keep them: only what a sync said is kept was promised."""
    with file_systems.memory(folder / "store", "3m") as store:
        image = file_systems.ext4_image(store / "image", 32)
        with file_systems.mounted(image, folder / "disk") as place:
            journal = fresh(place / "journal.db")
            promised, fault = record_until_refused(journal)
            assert fault is JournalFault.INPUT_OUTPUT
            assert not journal.usable, "after a failed sync the connection must not be trusted"
            again = 0
            for _ in range(5):  # no loop of faults either: each try is refused, none hangs
                try:
                    with Journal.open_or_replace(place / "journal.db", KEY, SystemClock()).journal as tried:
                        more, _ = record_until_refused(tried)
                        promised += more
                        again += len(more)
                except JournalError as error:
                    print(f"again: {error}")
            journal.close()
            file_systems.grow(store, "64m")
        file_systems.mended(image)
        with file_systems.mounted(image, folder / "disk") as place:
            opened = Journal.open_or_replace(place / "journal.db", KEY, SystemClock())
            assert opened.replaced is None, opened.replaced
            with opened.journal as journal:
                check(journal, promised, unpromised=6)
                journal.entries.record(a_case())
        print(f"{len(promised)} promised, {again} of them after the first fault")


SCENARIOS: dict[str, Callable[[Path], None]] = {
    scenario.__name__: scenario
    for scenario in (
        full_memory,
        full_ext4,
        full_while_opening,
        no_more_files,
        full_log,
        full_index,
        full_temporary_folder,
        read_only_at_once,
        dying_disk,
    )
}

if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](Path(sys.argv[2]))
