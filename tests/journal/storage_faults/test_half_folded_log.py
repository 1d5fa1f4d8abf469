"""A log that was being folded into the main file when the power went: what it still holds whole is no damage."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from kiosk.clock import SystemClock
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.journal import Journal
from kiosk.journal.lost_salt import SALT_BYTES, salt_in_log
from tests.journal.crash_states.mixed_run import KEY, a_case, enrolment
from tests.journal.crash_states.sweep import folder_in_memory

PAGE = 4096


@pytest.fixture
def cut() -> Iterator[tuple[Path, list[UUID]]]:
    """A journal as a power cut leaves it: its newest entries, and its first page, in the log too; and what it promised."""
    with folder_in_memory() as folder:
        (folder / "running").mkdir()
        running = folder / "running" / "journal.db"
        with Journal.open(running, KEY, SystemClock()) as journal:
            journal.settings.set_enrolment(enrolment())
            promised = [journal.entries.record(a_case(2000)).entry_id for _ in range(20)]
            journal.checkpoint()
            promised += [journal.entries.record(a_case(2000)).entry_id for _ in range(20)]
            for name in ("journal.db", "journal.db-wal"):
                (folder / name).write_bytes((folder / "running" / name).read_bytes())
        yield folder / "journal.db", promised


def _pages_in_log(file: Path) -> list[int]:
    """The pages that the log's present life holds; frames of an earlier one lie behind them."""
    log = file.with_name("journal.db-wal").read_bytes()
    frames = range(32, len(log) - PAGE, 24 + PAGE)
    return sorted(
        {struct.unpack_from(">I", log, at)[0] for at in frames if log[at + 8 : at + 16] == log[16:24]}
    )


def _spoil(file: Path, offset: int, size: int) -> None:
    with file.open("r+b") as main:
        main.seek(offset)
        main.write(os.urandom(size))


def _opens_whole(file: Path, promised: list[UUID]) -> None:
    opened = Journal.open_or_replace(file, KEY, SystemClock(), "boot-2")
    with opened.journal as journal:
        assert opened.replaced is None, opened.replaced
        assert [one for one in promised if journal.entries.by_id(one) is None] == []
        assert journal.verify().ok
    with Journal.open(file, KEY, SystemClock()) as journal:
        assert journal.verify().ok
        assert journal.entries.count() == len(promised)


@pytest.mark.fault(1, 4)
def test_pages_left_half_by_a_cut_checkpoint_are_no_damage_while_the_log_has_them(
    cut: tuple[Path, list[UUID]],
) -> None:
    file, promised = cut
    pages = [page for page in _pages_in_log(file) if page <= file.stat().st_size // PAGE]
    assert len(pages) >= 3
    for page in pages:
        _spoil(file, (page - 1) * PAGE + PAGE // 2, PAGE // 2)
    _opens_whole(file, promised)


@pytest.mark.fault(1, 4)
def test_a_first_page_left_half_opens_with_the_salt_in_the_log(cut: tuple[Path, list[UUID]]) -> None:
    file, promised = cut
    salt = file.read_bytes()[:SALT_BYTES]
    assert salt_in_log(file) == salt
    _spoil(file, 0, 512)
    _opens_whole(file, promised)
    assert file.read_bytes()[:SALT_BYTES] == salt


@pytest.mark.fault(4, 14)
def test_a_half_page_that_the_log_does_not_have_is_damage(cut: tuple[Path, list[UUID]]) -> None:
    file, _ = cut
    pages = file.stat().st_size // PAGE
    spared = next(page for page in range(2, pages) if page not in _pages_in_log(file))
    _spoil(file, (spared - 1) * PAGE + 100, 200)
    opened = Journal.open_or_replace(file, KEY, SystemClock(), "boot-2")
    with opened.journal as journal:
        assert opened.replaced is not None
        assert opened.replaced.fault is JournalFault.DAMAGED
        assert journal.verify().ok


@pytest.mark.parametrize(
    "log",
    [b"", b"short", b"\x37\x7f\x06\x82" + bytes(60), random.Random(1).randbytes(5000)],
    ids=["empty", "short", "header_only", "noise"],
)
def test_a_log_that_is_none_has_no_salt(cut: tuple[Path, list[UUID]], log: bytes) -> None:
    file, _ = cut
    file.with_name("journal.db-wal").write_bytes(log)
    assert salt_in_log(file) is None
    file.with_name("journal.db-wal").unlink()
    assert salt_in_log(file) is None


def test_another_key_is_a_wrong_key_though_the_log_has_the_salt(cut: tuple[Path, list[UUID]]) -> None:
    file, _ = cut
    with pytest.raises(JournalError) as caught:
        Journal.open(file, bytes(32), SystemClock())
    assert caught.value.fault is JournalFault.WRONG_KEY
