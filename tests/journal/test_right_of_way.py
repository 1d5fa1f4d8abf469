"""Who waits for the journal's lock is seen by whoever writes much, for as long as it waits and no longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.errors import JournalError
from kiosk.journal import database
from kiosk.journal.journal import Journal
from kiosk.journal.right_of_way import RightOfWay
from kiosk.journal.settings import SettingKey

_WITHIN_S = 10.0
_ASK_AND_STAY = """
import sys, time
from pathlib import Path
from kiosk.journal.right_of_way import RightOfWay
RightOfWay(Path(sys.argv[1])).ask()
print("asked", flush=True)
time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def sender(file: Path) -> Iterator[Journal]:
    with Journal.open(file, bytes(32), SystemClock()) as journal:
        yield journal


def until(condition: bool, sender: Journal) -> None:
    """Wait until the sender sees that somebody waits, or that nobody does."""
    until_s = time.monotonic() + _WITHIN_S
    while sender.others_wait is not condition:
        assert time.monotonic() < until_s
        os.sched_yield()


def test_nobody_waits_and_no_file_is_made(sender: Journal, file: Path) -> None:
    sender.settings.put(SettingKey.PLATFORM_TIME, b"alone")
    assert not sender.others_wait
    assert not file.with_name("journal.db-waiting").exists()


def test_the_face_finds_the_journal_locked(sender: Journal, file: Path) -> None:
    written = threading.Event()

    def face() -> None:
        with Journal.open(file, bytes(32), SystemClock()) as theirs:
            opened.set()
            locked.wait(_WITHIN_S)
            theirs.settings.put(SettingKey.PLATFORM_TIME, b"theirs")
            written.set()
            over.wait(_WITHIN_S)

    opened, locked, over = threading.Event(), threading.Event(), threading.Event()
    thread = threading.Thread(target=face)
    thread.start()
    assert opened.wait(_WITHIN_S)
    with sender._database.transaction():
        locked.set()
        until(True, sender)
        assert not written.is_set()
    assert written.wait(_WITHIN_S)
    assert not sender.others_wait, "it has the lock, or is done: nobody waits for the journal any more"
    over.set()
    thread.join()


def test_who_gives_up_waits_no_more(sender: Journal, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    with Journal.open(file, bytes(32), SystemClock()) as theirs, sender._database.transaction():
        with pytest.raises(JournalError):
            theirs.settings.put(SettingKey.PLATFORM_TIME, b"theirs")
        assert not sender.others_wait


def test_whoever_is_killed_while_it_waits_waits_no_more(sender: Journal, file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _ASK_AND_STAY, str(file)], stdout=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "asked\n"
        assert sender.others_wait
        waiting.send_signal(signal.SIGKILL)
        waiting.wait(timeout=_WITHIN_S)
    assert not sender.others_wait


def test_two_wait_and_one_of_them_gets_in(file: Path) -> None:
    first, second, sender = RightOfWay(file), RightOfWay(file), RightOfWay(file)
    first.ask()
    second.ask()
    first.have()
    assert sender.is_asked_for()
    second.have()
    assert not sender.is_asked_for()
    for each in (first, second, sender):
        each.close()


def test_a_folder_that_takes_no_file_only_costs_the_courtesy(tmp_path: Path) -> None:
    nowhere = RightOfWay(tmp_path / "gone" / "journal.db")
    nowhere.ask()
    nowhere.have()
    assert not nowhere.is_asked_for()
    nowhere.close()


def test_a_listing_that_had_to_wait_says_that_it_waits_no_more(sender: Journal, file: Path) -> None:
    with Journal.open(file, bytes(32), SystemClock()) as other:
        other._database._right_of_way.ask()
        until(True, sender)
        rows = other._database.stream("SELECT 1 UNION ALL SELECT 2")
        assert next(rows) == (1,)
        assert not sender.others_wait  # while the listing goes on
        assert list(rows) == [(2,)]


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_is_no_plain_file_is_neither_waited_for_nor_followed(file: Path, kind: str) -> None:
    place = file.with_name("journal.db-waiting")
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "link":
        place.symlink_to("elsewhere")
    else:
        place.mkdir()
    right_of_way = RightOfWay(file)
    right_of_way.ask()
    right_of_way.have()
    right_of_way.close()
    assert not place.with_name("elsewhere").exists()
