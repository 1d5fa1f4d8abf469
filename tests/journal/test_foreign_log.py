"""The log of another journal lies beside ours: it is set aside unread, told of, and no page of it gets into our file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.clock import ManualClock
from kiosk.domain.enrolment import Enrolment, Standing
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.audit import AuditEvent
from kiosk.journal.database import Database
from kiosk.journal.foreign_log import set_aside_foreign_log, untold
from kiosk.journal.journal import Journal
from tests.journal.conftest import MakeCase, Place

ROOT = Path(__file__).parents[2]
_OPEN_AND_CLOSE = (
    "import sys; from pathlib import Path\n"
    "from kiosk.journal.database import Database\n"
    "Database(Path(sys.argv[1]), bytes(range(32))).close()"
)
KEYS = {"same_key": bytes(range(32)), "other_key": bytes(32)}


@pytest.fixture(params=KEYS)
def foreign_log(request: pytest.FixtureRequest, tmp_path: Path, make_case: MakeCase) -> bytes:
    """The log of a living journal on another machine's disk, its first page in it."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    file = folder / "journal.db"
    enrolment = Enrolment(
        terminal_id="t-370509",
        terminal_number="370509",
        region_code="370502",
        sealing_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
        signing_key=bytes(32),
    )
    with Journal.open(file, KEYS[request.param], ManualClock()) as journal:
        journal.settings.set_enrolment(enrolment)
        for _ in range(20):
            journal.entries.record(make_case())
        return file.with_name("journal.db-wal").read_bytes()


def _log(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def _recorded(place: Place, make_case: MakeCase, count: int = 5) -> list[str]:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        return [journal.entries.record(make_case()).number for _ in range(count)]


@pytest.mark.fault(16)
def test_our_entries_stay_and_the_foreign_log_is_set_aside_and_told(
    place: Place, make_case: MakeCase, foreign_log: bytes
) -> None:
    ours = _recorded(place, make_case)
    before = place.file.read_bytes()
    _log(place.file).write_bytes(foreign_log)
    opened = Journal.open_or_replace(place.file, place.key, place.clock, "boot-2")
    with opened.journal as journal:
        assert opened.replaced is None
        assert [entry.header.receipt_number for entry in journal.entries.stream()] == ours
        assert journal.verify().ok
        line = journal.audit.recent()[0]
        assert (line.event, line.subject) == (AuditEvent.FOREIGN_LOG, "journal.db.foreign-log-1")
        # What our own log held may have been sent: no number is given twice until the platform has spoken.
        assert journal.settings.standing() is Standing.ROLLED_BACK
        with pytest.raises(JournalError) as caught:
            journal.entries.record(make_case())
        assert caught.value.fault is JournalFault.STOPPED
    assert place.file.with_name("journal.db.foreign-log-1").read_bytes() == foreign_log
    assert len(place.file.read_bytes()) >= len(before)
    with place.open() as journal:
        assert [line.event for line in journal.audit.recent()].count(AuditEvent.FOREIGN_LOG) == 1
        journal.settings.set_standing(Standing.OK)
        assert journal.entries.record(make_case()).sequence == len(ours) + 1


@pytest.mark.fault(16)
def test_a_second_foreign_log_gets_a_name_of_its_own(
    place: Place, make_case: MakeCase, foreign_log: bytes
) -> None:
    _recorded(place, make_case)
    for _ in range(2):
        _log(place.file).write_bytes(foreign_log)
        place.open().close()
    names = sorted(one.name for one in place.file.parent.glob("*foreign-log*"))
    assert names == ["journal.db.foreign-log-1", "journal.db.foreign-log-2"]


@pytest.mark.fault(1, 16)
def test_a_cut_between_setting_it_aside_and_telling_is_told_at_the_next_start(
    place: Place, make_case: MakeCase, foreign_log: bytes
) -> None:
    _recorded(place, make_case)
    _log(place.file).write_bytes(foreign_log)
    aside = set_aside_foreign_log(place.file, place.key)
    assert aside is not None
    assert untold(place.file) == [aside]
    with place.open() as journal:
        assert journal.audit.recent()[0].event is AuditEvent.FOREIGN_LOG
        assert journal.settings.standing() is Standing.ROLLED_BACK
    assert untold(place.file) == []


def test_our_own_log_is_left_where_it_is(place: Place, make_case: MakeCase, tmp_path: Path) -> None:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        numbers = [journal.entries.record(make_case()).number for _ in range(5)]
        journal.checkpoint()
        numbers += [journal.entries.record(make_case()).number for _ in range(5)]
        assert set_aside_foreign_log(place.file, place.key) is None
        for name in ("journal.db", "journal.db-wal"):
            shutil.copy(place.file.with_name(name), tmp_path / f"cut-{name}")
    cut = tmp_path / "cut-journal.db"
    with Journal.open(cut, place.key, place.clock) as journal:
        assert [entry.header.receipt_number for entry in journal.entries.stream()] == numbers
    assert list(tmp_path.glob("*foreign-log*")) == []


def test_with_a_wrong_key_our_own_log_is_not_taken_for_a_foreign_one(
    place: Place, make_case: MakeCase
) -> None:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        journal.entries.record(make_case())
        log = _log(place.file).read_bytes()
        assert set_aside_foreign_log(place.file, bytes(32)) is None
        assert _log(place.file).read_bytes() == log


@pytest.mark.parametrize("spoil", [0, 20, 33, 3000], ids=["magic", "salt", "frame", "page"])
def test_a_log_that_sqlite_would_not_believe_stays(
    place: Place, make_case: MakeCase, foreign_log: bytes, spoil: int
) -> None:
    numbers = _recorded(place, make_case)
    log = bytearray(foreign_log)
    log[spoil] ^= 0x5A
    _log(place.file).write_bytes(log)
    assert set_aside_foreign_log(place.file, place.key) is None
    with place.open() as journal:
        assert [entry.header.receipt_number for entry in journal.entries.stream()] == numbers
        assert journal.settings.standing() is Standing.OK


def test_looking_at_the_log_gives_up_no_lock_of_this_process(place: Place, make_case: MakeCase) -> None:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        journal.entries.record(make_case())
        inode = place.file.stat().st_ino
        before = _locks_on(inode)
        assert before, "an open journal holds a lock on its file"
        Database(place.file, place.key).close()
        set_aside_foreign_log(place.file, place.key)
        assert _locks_on(inode) == before
        # Another process that opens and closes must not take itself for the last one, and take the log away.
        subprocess.run(
            [
                sys.executable,
                "-c",
                _OPEN_AND_CLOSE,
                str(place.file),
            ],
            cwd=ROOT,
            check=True,
            timeout=30,
        )
        assert _log(place.file).exists()


def _locks_on(inode: int) -> list[str]:
    lines = Path("/proc/locks").read_text("ascii").splitlines()
    return sorted(line.partition(":")[2] for line in lines if f":{inode} " in line)
