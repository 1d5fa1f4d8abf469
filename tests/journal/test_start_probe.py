"""The start: the disk must give back what it took; and a log that grows because somebody hangs is noticed."""

from __future__ import annotations

import pytest

from kiosk.errors import JournalError, JournalFault
from kiosk.journal import journal as journal_module
from kiosk.journal import probe
from kiosk.journal.database import Database
from kiosk.journal.journal import Journal
from kiosk.journal.settings import SettingKey, Settings
from tests.journal.conftest import MakeCase, Place


def test_every_start_writes_and_reads_back(place: Place) -> None:
    place.open().close()
    seen = set()
    for _ in range(2):
        with Journal.open_or_replace(place.file, place.key, place.clock).journal as journal:
            seen.add(journal.settings.get(SettingKey.PROBE))
    assert len(seen) == 2


@pytest.mark.fault(11)
def test_a_disk_that_takes_writes_and_keeps_nothing_is_found_before_anybody_is_served(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.open().close()
    monkeypatch.setattr(Settings, "put", lambda self, key, value: None)
    with pytest.raises(JournalError) as caught:
        Journal.open_or_replace(place.file, place.key, place.clock)
    assert caught.value.fault is JournalFault.NOT_DURABLE
    assert not list(place.file.parent.glob("*.damaged-*"))


def test_the_probe_reads_through_a_connection_of_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Settings] = []
    real = Settings.get

    def get(self: Settings, key: SettingKey) -> bytes | None:
        seen.append(self)
        return real(self, key)

    with place.open() as journal:
        monkeypatch.setattr(Settings, "get", get)
        probe.write_and_read_back(journal._database, place.key)
        (reader,) = seen
        assert reader._database is not journal._database
        assert not reader._database.usable  # and it is closed again


@pytest.mark.fault(23)
def test_a_reader_that_hangs_makes_the_log_grow_and_is_noticed(
    journal: Journal, place: Place, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "LOG_ALARM_BYTES", 1024 * 1024)
    journal.entries.record(make_case())
    journal.checkpoint()
    assert not _noticed(journal)
    stuck = Database(place.file, place.key)
    stuck.connection.execute("BEGIN")
    stuck.row("SELECT count(*) FROM entry")
    for _ in range(150):
        journal.entries.record(make_case())
        journal.checkpoint()
    assert journal.log_bytes() > 1024 * 1024
    assert _noticed(journal)
    stuck.close()
    journal._database.row("PRAGMA journal_size_limit = 65536")  # in service it is a quarter of the alarm
    journal.checkpoint()
    journal.entries.record(make_case())  # the log is begun anew, and cut to its usual size
    assert journal.log_bytes() <= 65536
    assert not _noticed(journal)
    assert journal.verify().ok


def _noticed(journal: Journal) -> bool:
    return journal.log_is_stuck
