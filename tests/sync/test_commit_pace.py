"""How the sender gives way: quick while it is alone, small and rare beside somebody who writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import ManualClock
from kiosk.journal.journal import Journal
from kiosk.journal.right_of_way import RightOfWay
from kiosk.journal.settings import SettingKey
from sync.commit_pace import ROWS_AT_ONCE, CommitPace

_MOST = 500


class Disk(ManualClock):
    """Time passes while something is written."""

    def write(self, pace: CommitPace, journal: Journal, takes_s: float, rows: int = ROWS_AT_ONCE) -> float:
        """One commit; the seconds that were waited before it."""
        began_s = self.monotonic()
        with pace.commit(journal, rows):
            waited_s = self.monotonic() - began_s
            journal.settings.put(SettingKey.PLATFORM_TIME, b"ours")
            self.advance(takes_s)
        return waited_s


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def journals(tmp_path: Path, disk: Disk) -> Iterator[tuple[Journal, Journal]]:
    """The sender's connection, and the face's."""
    file = tmp_path / "journal.db"
    with Journal.open(file, bytes(32), disk) as ours, Journal.open(file, bytes(32), disk) as theirs:
        yield ours, theirs


@pytest.fixture
def pace(disk: Disk) -> CommitPace:
    return CommitPace(disk, threading.Event())


def somebody_records(journal: Journal) -> None:
    journal.settings.put(SettingKey.PLATFORM_TIME, b"theirs")


def test_alone_it_writes_much_and_waits_for_nobody(pace: CommitPace, disk: Disk, journals: Any) -> None:
    ours, _ = journals
    disk.write(pace, ours, 0.002)
    assert disk.write(pace, ours, 0.002) == 0.0
    assert not pace.gives_way, "its own commits are nobody else's"
    assert (pace.rows(_MOST), pace.entries(_MOST)) == (ROWS_AT_ONCE, _MOST)


def test_who_waits_is_let_by(tmp_path: Path, pace: CommitPace, disk: Disk, journals: Any) -> None:
    ours, _ = journals
    theirs = RightOfWay(tmp_path / "journal.db")
    theirs.ask()
    disk.write(pace, ours, 0.002)
    waited_s = disk.write(pace, ours, 0.002)
    assert 0.02 < waited_s < 0.1, "and not for ever: it may have been stopped while it waits"
    theirs.have()
    assert disk.write(pace, ours, 0.002) == 0.0
    theirs.close()


def test_beside_somebody_who_records_it_writes_little_and_pauses_longer(
    pace: CommitPace, disk: Disk, journals: Any
) -> None:
    ours, theirs = journals
    disk.write(pace, ours, 0.002)
    somebody_records(theirs)
    assert disk.write(pace, ours, 0.002) > 0.003
    assert pace.gives_way
    assert pace.rows(_MOST) <= ROWS_AT_ONCE / 4
    assert pace.entries(_MOST) < _MOST / 4


def test_who_has_gone_is_not_waited_for(pace: CommitPace, disk: Disk, journals: Any) -> None:
    ours, theirs = journals
    disk.write(pace, ours, 0.002)
    somebody_records(theirs)
    disk.write(pace, ours, 0.002)
    disk.advance(3.0)
    assert not pace.gives_way
    assert (pace.rows(_MOST), pace.entries(_MOST)) == (ROWS_AT_ONCE, _MOST)


def test_work_without_the_lock_counts_as_pause(pace: CommitPace, disk: Disk, journals: Any) -> None:
    ours, theirs = journals
    disk.write(pace, ours, 0.002)
    somebody_records(theirs)
    disk.advance(0.040)
    assert disk.write(pace, ours, 0.002) == 0.0


def test_a_slow_disk_is_asked_once_for_all(pace: CommitPace, disk: Disk, journals: Any) -> None:
    ours, _ = journals
    for _ in range(5):
        assert pace.rows(_MOST) == ROWS_AT_ONCE
        disk.write(pace, ours, 0.030)
    assert pace.rows(_MOST) == _MOST


def test_one_slow_commit_does_not_make_a_slow_disk(pace: CommitPace, disk: Disk, journals: Any) -> None:
    ours, _ = journals
    for takes_s in (0.002, 0.030, 0.030, 0.030, 0.030):
        disk.write(pace, ours, takes_s)
    assert pace.rows(_MOST) == ROWS_AT_ONCE
