"""Disks that are full, dying, read-only or slow, and a process that is killed at every call: nothing promised is lost."""

from __future__ import annotations

import errno
import os
import random
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from kiosk.clock import SystemClock
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import database
from kiosk.journal import journal as journal_module
from kiosk.journal.database import JOURNAL_SIZE_LIMIT_BYTES, Database
from kiosk.journal.journal import Journal
from tests.journal import second_process
from tests.journal.crash_states import recording
from tests.journal.crash_states.mixed_run import KEY, a_case, enrolment
from tests.journal.crash_states.sweep import folder_in_memory
from tests.journal.storage_faults import stage

ROOT = Path(__file__).parents[3]
SEED = int(datetime.now(UTC).strftime("%Y%m%d"))
NO_STRACE = recording.why_not()
NAMESPACE = ("unshare", "-m", "--propagation", "private")


def _no_mounts() -> str:
    """Why no file system can be mounted here; empty where it can."""
    if os.getuid() != 0:
        return "only root can mount a small file system"
    for tool in ("unshare", "mkfs.ext4", "e2fsck"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    trial = "mount -t tmpfs tmpfs /mnt && truncate -s 1M /mnt/i && mkfs.ext4 -q -F -O ^has_journal /mnt/i && mkdir /mnt/m && mount -o loop /mnt/i /mnt/m && umount /mnt/m"
    done = subprocess.run([*NAMESPACE, "sh", "-c", trial], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no file system can be mounted here: {done.stderr.strip()}"


NO_MOUNTS = _no_mounts()
needs_strace = pytest.mark.skipif(bool(NO_STRACE), reason=NO_STRACE or "-")
needs_mounts = pytest.mark.skipif(bool(NO_MOUNTS), reason=NO_MOUNTS or "-")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@needs_mounts
@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(stage.full_memory, marks=pytest.mark.fault(6, 8)),
        pytest.param(stage.full_ext4, marks=pytest.mark.fault(6, 8)),
        pytest.param(stage.full_while_opening, marks=pytest.mark.fault(7)),
        pytest.param(stage.no_more_files, marks=pytest.mark.fault(7)),
        pytest.param(stage.full_log, marks=pytest.mark.fault(7)),
        pytest.param(stage.full_index, marks=[pytest.mark.fault(7), pytest.mark.slow]),
        pytest.param(stage.full_temporary_folder, marks=pytest.mark.fault(7)),
        pytest.param(stage.read_only_at_once, marks=pytest.mark.fault(9)),
        pytest.param(stage.dying_disk, marks=pytest.mark.fault(10, 11)),
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_a_real_file_system_that_fails(scenario: Callable[[Path], None], tmp_path: Path) -> None:
    command = [*NAMESPACE, sys.executable, str(stage.__file__), scenario.__name__, str(tmp_path)]
    done = subprocess.run(
        command, env=_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


# ---------------------------------------------------------------------------------------------------------------------
# Killed, and failed, at every call


@pytest.fixture
def enrolled() -> Iterator[Path]:
    with folder_in_memory() as folder:
        with Journal.open(folder / "journal.db", KEY, SystemClock()) as journal:
            journal.settings.set_enrolment(enrolment())
        yield folder / "journal.db"


def _record_under(file: Path, injection: str, count: int = 3, log: Path | None = None) -> tuple[int, str]:
    """Record in a process of its own whose calls fail as strace says; how it ended and what it said."""
    calls = injection.split(":", maxsplit=1)[0]
    strace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        str(log or os.devnull),
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={injection}",
    ]
    program = [sys.executable, str(second_process.__file__), "record", str(file), str(count)]
    done = subprocess.run(
        [*strace, *program], env=_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout


def _promised(output: str) -> list[UUID]:
    """The cases in whole lines only: a killed process may leave half a line."""
    return [UUID(line.split()[2]) for line in output.split("\n")[:-1] if line.startswith("receipt ")]


def _is_kept(file: Path, promised: list[UUID]) -> None:
    opened = Journal.open_or_replace(file, KEY, SystemClock())
    with opened.journal as journal:
        assert opened.replaced is None, opened.replaced
        assert [one for one in promised if journal.entries.by_id(one) is None] == []
        assert journal.verify().ok
        journal.entries.record(a_case())


def _kill_at(calls: str, numbers: Iterator[int] | range | list[int], file: Path) -> int:
    """Kill at each of `numbers` until one lies beyond the program's last call; how many killed it."""
    promised: list[UUID] = []
    killed = 0
    for number in numbers:
        code, output = _record_under(file, f"{calls}:signal=SIGKILL:when={number}")
        promised += _promised(output)
        _is_kept(file, promised)
        if code == 0:
            break
        killed += 1
    return killed


@needs_strace
@pytest.mark.fault(2)
@pytest.mark.parametrize(
    ("calls", "points"), [("pwrite64", 6), ("fsync,fdatasync", 4), ("ftruncate,unlink", 2)]
)
def test_a_process_that_is_killed_at_a_call_keeps_its_promises(
    enrolled: Path, calls: str, points: int
) -> None:
    others = random.Random(SEED).sample(range(2, points * 3), points - 1)
    numbers = [1, *sorted(others)]  # the first is always there; a day's others may lie beyond the last
    assert _kill_at(calls, numbers, enrolled) >= 1


@needs_strace
@pytest.mark.soak
@pytest.mark.fault(2)
@pytest.mark.parametrize("calls", ["pwrite64", "fsync,fdatasync", "ftruncate,unlink", "pread64"])
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "used"])
def test_a_process_that_is_killed_at_every_call_in_turn(enrolled: Path, calls: str, fresh: bool) -> None:
    killed = 0
    with folder_in_memory() as folder:
        for number in range(1, 1000):
            file = folder / "journal.db"
            if fresh:
                for old in folder.iterdir():
                    old.unlink()
            elif not file.exists():
                shutil.copy(enrolled, file)
            code, output = _record_under(file, f"{calls}:signal=SIGKILL:when={number}")
            opened = Journal.open_or_replace(file, KEY, SystemClock())
            with opened.journal as journal:
                assert [one for one in _promised(output) if journal.entries.by_id(one) is None] == []
                assert journal.verify().ok
                assert opened.replaced is None or "ready" not in output
            if code == 0:
                break
            killed += 1
    print(f"\n{calls}, {'fresh' if fresh else 'used'}: killed at each of {killed} calls")
    assert killed >= 1


@needs_strace
@pytest.mark.fault(12)
@pytest.mark.parametrize("number", [1, 2, 4, 7])
def test_a_page_that_cannot_be_read_once_is_not_taken_for_an_empty_journal(
    enrolled: Path, number: int
) -> None:
    with Journal.open(enrolled, KEY, SystemClock()) as journal:
        promised = [journal.entries.record(a_case()).entry_id for _ in range(20)]
    _, output = _record_under(enrolled, f"pread64:error=EIO:when={number}")
    _is_kept(enrolled, promised + _promised(output))


@needs_strace
@pytest.mark.fault(12)
def test_a_disk_that_reads_nothing_any_more_refuses_and_replaces_nothing(enrolled: Path) -> None:
    with Journal.open(enrolled, KEY, SystemClock()) as journal:
        promised = [journal.entries.record(a_case()).entry_id for _ in range(5)]
    code, output = _record_under(enrolled, "pread64:error=EIO:when=6+")
    assert _promised(output) == []
    assert (code, "fault" in output) != (0, False)
    assert sorted(file.name for file in enrolled.parent.glob("*damaged*")) == []
    _is_kept(enrolled, promised)


@needs_strace
@pytest.mark.fault(21)
def test_a_disk_that_syncs_slowly_is_waited_for_before_anything_is_promised(
    enrolled: Path, tmp_path: Path
) -> None:
    log, delay_s = tmp_path / "calls", 0.25
    injection = f"fsync,fdatasync:delay_exit={round(delay_s * 1e6)}"
    strace = [
        "strace",
        "-f",
        "-qq",
        "-ttt",
        "-o",
        str(log),
        "-e",
        "trace=fsync,fdatasync,write",
        "-e",
        f"inject={injection}",
    ]
    program = [sys.executable, str(second_process.__file__), "record", str(enrolled), "3"]
    done = subprocess.run(
        [*strace, *program], env=_environment(), capture_output=True, text=True, check=True, timeout=60
    )
    promised = _promised(done.stdout)
    assert len(promised) == 3
    synced_at: list[float] = []
    told = 0
    for line in log.read_text("ascii").splitlines():
        at = re.match(r"\d+ +(\d+\.\d+) (\w+)\(", line)
        if at is None:
            continue
        if at[2] != "write":
            synced_at.append(float(at[1]))
        elif '"receipt ' in line:
            told += 1
            assert float(at[1]) - synced_at[-1] >= delay_s * 0.9, "told before the sync returned"
    assert (told, len(synced_at) >= 3) == (3, True)
    _is_kept(enrolled, promised)


# ---------------------------------------------------------------------------------------------------------------------
# Files that went away, readers that stay, another library


@pytest.mark.fault(16)
def test_a_log_that_was_deleted_leaves_an_older_journal_whose_chain_ends_earlier(enrolled: Path) -> None:
    with Journal.open(enrolled, KEY, SystemClock()) as journal:
        kept = [journal.entries.record(a_case()).entry_id for _ in range(5)]
        journal.checkpoint()
        lost = [journal.entries.record(a_case()).entry_id for _ in range(5)]
        main, log = enrolled.read_bytes(), enrolled.with_name("journal.db-wal")
        assert log.stat().st_size > 0
    for file in enrolled.parent.iterdir():
        file.unlink()
    enrolled.write_bytes(main)
    opened = Journal.open_or_replace(enrolled, KEY, SystemClock())
    assert opened.replaced is None
    with opened.journal as journal:
        # Nothing here can know: the older journal is whole. The platform sees the sequence go back.
        assert journal.verify().ok
        assert all(journal.entries.by_id(one) is not None for one in kept)
        assert all(journal.entries.by_id(one) is None for one in lost)
        last = journal.entries.last()
        assert last is not None
        assert last.receipt.sequence == 5


@pytest.mark.fault(20)
def test_no_descriptor_left_is_refused_in_words_and_passes(enrolled: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Journal.open(enrolled, KEY, SystemClock()) as journal:
        promised = [journal.entries.record(a_case()).entry_id]
    faults = []
    used = max(map(int, os.listdir("/proc/self/fd"))) + 1
    gaps: list[int] = []  # the limit is on the number of a descriptor, and the numbers in use have gaps
    while not gaps or gaps[-1] < used - 1:
        gaps.append(os.open("/dev/null", os.O_RDONLY))
    used = gaps[-1] + 1
    for spare in range(8):
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + spare, hard))
        try:
            with Journal.open_or_replace(enrolled, KEY, SystemClock()).journal as journal:
                promised.append(journal.entries.record(a_case()).entry_id)
        except JournalError as error:
            faults.append(error.fault)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for descriptor in gaps:
        os.close(descriptor)
    assert set(faults) == {JournalFault.NO_DESCRIPTORS}
    assert len(faults) >= 2
    assert list(enrolled.parent.glob("*damaged*")) == []
    _is_kept(enrolled, promised)


@pytest.mark.fault(20)
def test_a_journal_that_is_open_records_on_when_no_descriptor_is_left(enrolled: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Journal.open(enrolled, KEY, SystemClock()) as journal:
        promised = [journal.entries.record(a_case()).entry_id]
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 8, hard))
        taken: list[int] = []
        try:
            with pytest.raises(OSError) as caught:
                while True:
                    taken.append(os.open("/dev/null", os.O_RDONLY))
            promised.append(journal.entries.record(a_case()).entry_id)
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert caught.value.errno == errno.EMFILE
    _is_kept(enrolled, promised)


@pytest.mark.fault(22)
def test_a_writer_that_never_lets_go_makes_the_other_busy_and_loses_nothing(
    enrolled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    with (
        Journal.open(enrolled, KEY, SystemClock()) as journal,
        Journal.open(enrolled, KEY, SystemClock()) as other,
    ):
        case = a_case()
        with other._database.transaction():
            with pytest.raises(JournalError) as caught:
                journal.entries.record(case)
            assert caught.value.fault is JournalFault.BUSY
            assert journal.usable
        receipt = journal.entries.record(case)
    _is_kept(enrolled, [receipt.entry_id])


@pytest.mark.fault(23)
def test_a_reader_that_never_ends_lets_the_log_grow_and_when_it_ends_the_log_is_cut_again(
    enrolled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "LOG_ALARM_BYTES", JOURNAL_SIZE_LIMIT_BYTES)
    log = enrolled.with_name("journal.db-wal")
    with Journal.open(enrolled, KEY, SystemClock()) as journal:
        reader = Database(enrolled, KEY)
        promised = [journal.entries.record(a_case()).entry_id for _ in range(3)]
        held = reader.connection
        held.execute("BEGIN").fetchall()
        held.execute("SELECT count(*) FROM entry").fetchall()
        count = 0
        while not log.exists() or log.stat().st_size < JOURNAL_SIZE_LIMIT_BYTES + 1_000_000:
            promised.append(journal.entries.record(a_case(20_000)).entry_id)
            count += 1
            if count % 100 == 0:
                journal.checkpoint()
            assert count < 2000
        held.execute("COMMIT").fetchall()
        reader.close()
        assert journal.log_bytes() > JOURNAL_SIZE_LIMIT_BYTES
        stuck = journal.log_is_stuck
        journal.checkpoint()
        promised.append(journal.entries.record(a_case()).entry_id)  # begins the log again, and cuts it
        assert log.stat().st_size <= JOURNAL_SIZE_LIMIT_BYTES
        assert (stuck, journal.log_is_stuck) == (True, False)
    _is_kept(enrolled, promised)


@pytest.mark.fault(24)
def test_an_old_sqlite_of_the_system_in_front_is_refused_or_not_used(enrolled: Path) -> None:
    old = next(iter(sorted(Path("/usr/lib").rglob("libsqlite3.so.0"))), None)
    if old is None:
        pytest.skip("the system has no SQLite of its own")
    code = (
        "import sys; from pathlib import Path\n"
        "from kiosk.clock import SystemClock\n"
        "from kiosk.errors import JournalError\n"
        "from kiosk.journal.journal import Journal\n"
        "try:\n"
        "    with Journal.open(Path(sys.argv[1]), bytes(range(32)), SystemClock()) as journal:\n"
        "        print(*journal._database.row('SELECT sqlite_version()'))\n"
        "except JournalError as error: print(error.fault)\n"
    )
    for variable, value in (("LD_PRELOAD", str(old)), ("LD_LIBRARY_PATH", str(old.parent))):
        done = subprocess.run(
            [sys.executable, "-c", code, str(enrolled)],
            env={**_environment(), variable: value},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        said = done.stdout.strip()
        if said != JournalFault.UNSAFE_SQLITE:
            database.require_safe_sqlite(said)
