"""The journal opens while the page is touched: its key comes from a TPM that takes its time, or does not answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from kiosk.clock import SystemClock
from kiosk.errors import JournalFault
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.secrets import tpm as chip
from ui.bridge.records import Records


@pytest.fixture
def hung_tpm(tmp_path: Path) -> Iterator[str]:
    """Something that takes a command and never answers."""
    address = f"/tmp/linban-hung-{id(tmp_path):x}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        yield address
    Path(address).unlink()


def test_tpm_that_hangs_keeps_no_page_waiting(
    tmp_path: Path, hung_tpm: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chip, "DEADLINE_S", 0.5)
    clock = SystemClock()
    records = Records(tmp_path / "journal.db", tmp_path / "journal.key", tmp_path, clock, tpm=hung_tpm)
    begun = clock.monotonic()
    with qtbot.waitSignal(records.failed, timeout=5000):
        records.open()
        assert clock.monotonic() - begun < 0.2
    assert (records.ready, records.fault) == (False, JournalFault.MISSING_KEY)
    assert not (tmp_path / "journal.db").exists()
    records.close()


def test_journal_is_open_when_the_key_has_come(
    tmp_path: Path, hung_tpm: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = load_or_create_key(tmp_path / "journal.key")
    come = threading.Event()

    def slow(*_: object) -> bytes:
        come.wait(5)
        return key

    monkeypatch.setattr("kiosk.journal.journal.load_or_create_key", slow)
    records = Records(
        tmp_path / "journal.db", tmp_path / "journal.key", tmp_path, SystemClock(), tpm=hung_tpm
    )
    records.open()
    records.open()  # asked again meanwhile: one thread is enough
    assert [records.ready] == [False]
    with qtbot.waitSignal(records.opened, timeout=5000):
        come.set()
    assert records.ready
    records.close()
    Journal.open(tmp_path / "journal.db", key, SystemClock()).close()
