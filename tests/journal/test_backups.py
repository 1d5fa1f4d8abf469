"""The ring of backups: whole copies or none, the newest that can be read is found."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kiosk.errors import JournalError, JournalFault
from kiosk.journal import backup
from kiosk.journal.database import Database
from kiosk.journal.journal import Journal
from tests.journal.conftest import MakeCase, Place


def _count(copy: Path, key: bytes) -> int:
    database = Database(copy, key)
    row = database.row("SELECT count(*) FROM entry")
    database.close()
    assert row is not None
    return int(row[0])


def _newest(folder: Path, key: bytes) -> Path | None:
    found = backup.newest_readable(folder, key)
    if found is None:
        return None
    found.close()
    return found.file


def test_a_backup_is_a_whole_journal_under_the_same_key_and_nobody_elses_to_read(
    journal: Journal, place: Place, make_case: MakeCase, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    for _ in range(30):
        journal.entries.record(make_case())
    copy = journal.back_up(folder, 3)
    assert [one.name for one in folder.iterdir()] == ["journal-00000001.db"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert b"SQLite format" not in copy.read_bytes()
    with Journal.open(copy, place.key, place.clock) as opened:
        assert opened.entries.count() == 30
        assert opened.settings.enrolment() == place.enrolment
        assert opened.verify().ok


def test_a_backup_shows_what_was_recorded_while_it_was_made_or_not_and_makes_nobody_wait(
    journal: Journal, place: Place, make_case: MakeCase, tmp_path: Path
) -> None:
    journal.entries.record(make_case())
    with place.open() as face:
        copy = journal.back_up(tmp_path / "backups", 1)
        assert face.entries.record(make_case()).sequence == 2
    assert _count(copy, place.key) == 1


def test_the_ring_keeps_the_newest(
    journal: Journal, place: Place, make_case: MakeCase, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    for _ in range(5):
        journal.entries.record(make_case())
        journal.back_up(folder, 3)
    kept = list(backup.newest_first(folder))
    assert [_count(one, place.key) for one in kept] == [5, 4, 3]
    assert kept[0].name == "journal-00000005.db"
    assert len(list(folder.iterdir())) == 3


@pytest.mark.fault(14)
def test_a_copy_that_rotted_is_passed_over(
    journal: Journal, place: Place, make_case: MakeCase, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    for _ in range(3):
        journal.entries.record(make_case())
        journal.back_up(folder, 3)
    newest, middle, oldest = backup.newest_first(folder)
    for rotten, expected in ((newest, middle), (middle, oldest), (oldest, None)):
        content = bytearray(rotten.read_bytes())
        content[5000] ^= 1
        rotten.write_bytes(content)
        assert _newest(folder, place.key) == expected
    assert _newest(tmp_path / "no such folder", place.key) is None


@pytest.mark.fault(1, 2)
def test_what_a_cut_left_unfinished_is_no_backup_and_does_not_stop_the_next(
    journal: Journal, place: Place, make_case: MakeCase, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "unfinished.db").write_bytes(os.urandom(10_000))
    (folder / "unfinished.db-wal").write_bytes(os.urandom(10_000))
    (folder / "journal-00000007.db").write_bytes(b"")
    assert _newest(folder, place.key) is None
    copy = journal.back_up(folder, 2)
    assert copy.name == "journal-00000008.db"
    assert _newest(folder, place.key) == copy


@pytest.mark.fault(6)
def test_no_backup_is_made_from_the_room_that_is_kept_for_cases(journal: Journal, tmp_path: Path) -> None:
    journal.reserve.wanted_bytes = 2**60
    with pytest.raises(JournalError) as caught:
        journal.back_up(tmp_path / "backups", 3)
    assert caught.value.fault is JournalFault.NO_ROOM
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_copy_that_does_not_check_does_not_push_out_a_good_one(
    journal: Journal, make_case: MakeCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    journal.entries.record(make_case())
    good = journal.back_up(folder, 1)
    monkeypatch.setattr(backup, "_is_whole", lambda copy: False)
    with pytest.raises(JournalError) as caught:
        journal.back_up(folder, 1)
    assert caught.value.fault is JournalFault.DAMAGED
    assert list(backup.newest_first(folder)) == [good]
