"""Opening: safely or not at all, and every refusal says why."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.clock import ManualClock
from kiosk.domain.case import DeliveryState, PlatformState
from kiosk.domain.printing import PrintState
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import schema
from kiosk.journal.database import Database, require_safe_sqlite
from kiosk.journal.journal import Journal, load_or_create_key
from tests.journal.conftest import MakeCase, Place

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(__file__).parent / "schemas"


def _fault_of_opening(place: Place, key: bytes | None = None) -> JournalFault:
    with pytest.raises(JournalError) as caught:
        Journal.open(place.file, key or place.key, place.clock)
    return caught.value.fault


@pytest.mark.parametrize("version", ["3.51.3", "3.51.10", "3.53.4", "4.0.0", "3.50.7", "3.44.6", "3.44.9"])
def test_an_sqlite_that_keeps_acknowledged_commits_is_taken(version: str) -> None:
    require_safe_sqlite(version)


@pytest.mark.fault(24)
@pytest.mark.parametrize("version", ["3.51.2", "3.51.0", "3.50.6", "3.49.1", "3.46.1", "3.44.5", "3.40.1"])
def test_an_sqlite_that_can_lose_acknowledged_commits_is_refused(version: str) -> None:
    with pytest.raises(JournalError) as caught:
        require_safe_sqlite(version)
    assert caught.value.fault is JournalFault.UNSAFE_SQLITE


def test_the_library_is_asked_before_the_file_is_touched(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(require_safe_sqlite, "__defaults__", ("3.51.1",))
    assert _fault_of_opening(place) is JournalFault.UNSAFE_SQLITE
    assert not place.file.exists()


def test_the_journal_is_in_wal_with_full_sync_and_its_rules_on(journal: Journal) -> None:
    def pragma(name: str) -> object:
        row = journal._database.row(f"PRAGMA {name}")
        return row[0] if row else None

    assert pragma("journal_mode") == "wal"
    assert int(str(pragma("synchronous"))) == 2
    assert pragma("foreign_keys") == 1
    assert pragma("recursive_triggers") == 1
    assert pragma("secure_delete") == 1
    assert pragma("temp_store") == 2
    assert pragma("user_version") == schema.VERSION


def test_a_file_system_that_does_not_grant_wal_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "_switch_to_wal", lambda self: "delete")
    assert _fault_of_opening(place) is JournalFault.NOT_DURABLE


def test_the_file_and_its_log_are_for_the_owner_alone(journal: Journal, place: Place) -> None:
    for suffix in ("", "-wal", "-shm", ".lock"):
        mode = place.file.with_name(place.file.name + suffix).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_the_file_tells_nothing_without_the_key(journal: Journal, place: Place, make_case: MakeCase) -> None:
    journal.entries.record(make_case())
    journal.checkpoint()
    for suffix in ("", "-wal"):
        content = place.file.with_name(place.file.name + suffix).read_bytes()
        assert b"SQLite format" not in content
        assert b"pension" not in content
        assert b"370508" not in content


def test_another_terminals_key_is_a_wrong_key_and_changes_nothing(journal: Journal, place: Place) -> None:
    journal.close()
    before = place.file.read_bytes()
    assert _fault_of_opening(place, bytes(32)) is JournalFault.WRONG_KEY
    assert place.file.read_bytes() == before
    place.open().close()


def test_a_file_of_zero_length_is_damaged(place: Place) -> None:
    place.file.touch()
    assert _fault_of_opening(place) is JournalFault.DAMAGED


def test_a_directory_in_its_place_is_damaged(place: Place) -> None:
    place.file.mkdir()
    assert _fault_of_opening(place) is JournalFault.DAMAGED


def test_a_main_file_that_is_gone_while_its_log_is_there_is_damaged(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    journal.entries.record(make_case())
    place.file.unlink()
    assert _fault_of_opening(place) is JournalFault.DAMAGED
    assert place.file.with_name("journal.db-wal").exists()


def test_a_file_without_a_readable_header_is_a_wrong_key(journal: Journal, place: Place) -> None:
    journal.close()
    place.file.write_bytes(os.urandom(8192))
    assert _fault_of_opening(place) is JournalFault.WRONG_KEY


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_file_that_may_not_be_written_is_read_only(place: Place, mode: int) -> None:
    place.open().close()
    for folder in (place.file.parent, *place.file.parent.parents[:2]):
        folder.chmod(0o755)
    place.file.chmod(mode)
    for suffix in (".lock", ""):
        os.chown(place.file.with_name(place.file.name + suffix), 65534, 65534)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from kiosk.clock import SystemClock\n"
        "from kiosk.errors import JournalError\n"
        "from kiosk.journal.journal import Journal\n"
        "import kiosk.journal.migrations\n"
        "os.setuid(65534)\n"
        "try: Journal.open(Path(sys.argv[1]), bytes(range(32)), SystemClock())\n"
        "except JournalError as error: print(error.fault)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(place.file)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "read_only"


def test_an_opener_that_was_stopped_is_not_waited_for_without_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.open().close()
    monkeypatch.setattr("kiosk.journal.journal._OPENER_PATIENCE_S", 0.1)
    lock = os.open(place.file.with_name(place.file.name + ".lock"), os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as the kernel keeps it for a process that was stopped
        assert _fault_of_opening(place) is JournalFault.BUSY
        with pytest.raises(JournalError) as caught:
            Journal.open_or_replace(place.file, place.key, place.clock)
        assert caught.value.fault is JournalFault.BUSY
    finally:
        os.close(lock)
    place.open().close()


@pytest.mark.fault(18)
def test_a_newer_schema_is_refused_and_nothing_is_changed(place: Place) -> None:
    with place.open() as journal:
        journal._database.run(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = place.file.read_bytes()
    assert _fault_of_opening(place) is JournalFault.NEWER_SCHEMA
    with pytest.raises(JournalError) as caught:
        Journal.open_or_replace(place.file, place.key, place.clock)
    assert caught.value.fault is JournalFault.NEWER_SCHEMA
    assert place.file.read_bytes() == before


def test_a_migration_that_fails_leaves_the_old_schema(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from kiosk.journal import migrations

    with monkeypatch.context() as patch:
        patch.setattr(
            migrations, "_PAPER_AND_AUDIT", "CREATE TABLE print_job (id);\nCREATE TABLE nonsense;\n"
        )
        with pytest.raises(JournalError):
            place.open()
    database = Database(place.file, place.key)
    assert database.rows("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'") == []
    assert database.row("PRAGMA user_version") == (0,)
    database.close()
    place.open().close()


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("v*.db")), ids=lambda file: file.stem)
def test_every_released_schema_opens_and_becomes_current(
    file: Path, tmp_path: Path, make_case: MakeCase
) -> None:
    copy = tmp_path / "journal.db"
    copy.write_bytes(file.read_bytes())
    with Journal.open(copy, bytes(range(32)), ManualClock()) as journal:
        assert journal._database.row("PRAGMA user_version") == (schema.VERSION,)
        assert journal.entries.count() == 2
        assert journal.verify().ok
        assert journal.outbox.summary().acknowledged == 1
        assert journal.entries.record(make_case()).sequence == 3


def test_everything_in_a_used_journal_of_the_first_schema_is_there_after_its_migration(
    tmp_path: Path, make_case: MakeCase
) -> None:
    copy = tmp_path / "journal.db"
    copy.write_bytes((SCHEMAS / "v1-used.db").read_bytes())
    with Journal.open(copy, bytes(range(32)), ManualClock(), "boot-1") as journal:
        (first, second) = journal.entries.stream()
        status = journal.entries.by_id(first.header.entry_id)
        assert status is not None
        assert (status.delivery, status.platform) == (DeliveryState.ACKNOWLEDGED, PlatformState.ACCEPTED)
        assert [one.message_id for one in journal.inbox.for_receipt(first.header.receipt_number)] == ["1"]
        assert journal.inbox.cursor() == "1"
        jobs = [journal.print_jobs.for_entry(one.header.entry_id)[0].state for one in (first, second)]
        assert jobs == [PrintState.TAKEN, PrintState.PRINTING]
        assert len(journal.audit.recent()) == 5
        assert journal.settings.enrolment() is not None
        assert journal.outbox.highest_acknowledged() == 1
        assert journal.outbox.summary().leased == 1
        # Who handed in what is not known of entries of that time, and nothing of them is dropped by guesswork.
        assert journal.entries.similar(first.header.service_code, "11010519491231002X") is None
        day = datetime(2026, 11, 22, tzinfo=UTC)
        assert journal.retention.drop_delivered(day, 1) == 0
        assert journal.retention.drop_delivered(day + timedelta(days=2), 1) == 1
        journal.entries.record(make_case())
        assert journal.entries.similar(first.header.service_code, "11010519491231002X") is not None
        assert journal.verify().ok


@pytest.mark.fault(19)
def test_a_migration_to_the_second_schema_that_fails_leaves_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kiosk.journal import migration_2

    copy = tmp_path / "journal.db"
    copy.write_bytes((SCHEMAS / "v1-used.db").read_bytes())
    for script in ("DELIVERY", "LIKENESS", "ATTACHMENT", "AUDIT_ROOT"):
        with monkeypatch.context() as patch:
            patch.setattr(migration_2, script, getattr(migration_2, script) + "\nCREATE TABLE entry (x);\n")
            with pytest.raises(JournalError):
                Journal.open(copy, bytes(range(32)), ManualClock())
        database = Database(copy, bytes(range(32)))
        assert database.row("PRAGMA user_version") == (1,)
        assert database.rows("SELECT name FROM sqlite_master WHERE name LIKE 'attachment%'") == []
        assert len(database.rows("PRAGMA table_info(delivery)")) == 11
        database.close()
    Journal.open(copy, bytes(range(32)), ManualClock()).close()


def test_a_current_file_opens_without_importing_sqlite_utils(place: Place) -> None:
    place.open().close()
    code = (
        "import sys; from pathlib import Path\n"
        "from kiosk.clock import SystemClock\n"
        "from kiosk.journal.journal import Journal\n"
        "Journal.open(Path(sys.argv[1]), bytes(range(32)), SystemClock()).close()\n"
        "assert not [name for name in sys.modules if name.startswith('sqlite_utils')]\n"
    )
    subprocess.run([sys.executable, "-c", code, str(place.file)], cwd=ROOT, check=True)


def test_a_page_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "journal.key"
    key = load_or_create_key(file)
    assert len(key) == 32
    assert load_or_create_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["journal.key"]


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 65])
def test_a_page_key_of_another_size_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "journal.key"
    file.write_bytes(content)
    file.chmod(0o600)
    _key_refused(file)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_page_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "journal.key"
    load_or_create_key(file)
    file.chmod(mode)
    _key_refused(file)


def test_a_page_key_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    _key_refused(tmp_path / "folder")
    load_or_create_key(tmp_path / "journal.key")
    (tmp_path / "link").symlink_to(tmp_path / "journal.key")
    _key_refused(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe", 0o600)
    _key_refused(tmp_path / "pipe")


def test_no_new_page_key_is_made_beside_a_journal_it_could_not_open(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"x")
    with pytest.raises(JournalError) as caught:
        load_or_create_key(tmp_path / "journal.key", tmp_path / "journal.db")
    assert caught.value.fault is JournalFault.MISSING_KEY
    assert not (tmp_path / "journal.key").exists()


def _key_refused(file: Path) -> None:
    with pytest.raises(JournalError) as caught:
        load_or_create_key(file)
    assert caught.value.fault is JournalFault.MISSING_KEY
