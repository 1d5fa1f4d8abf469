"""Two processes on one journal, and processes that are killed: what was promised is there afterwards."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.domain.case import DeliveryState
from kiosk.journal.journal import Journal
from tests.journal.conftest import MakeCase, Place

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("second_process.py")
STRACE = shutil.which("strace")


def _start(*arguments: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, sys.executable, str(SCRIPT), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def _receipts(output: str) -> list[str]:
    """The numbers in whole lines only: a killed process may leave half a line."""
    lines = output.split("\n")[:-1]
    return [line.split()[1] for line in lines if line.startswith("receipt ")]


@pytest.fixture
def enrolled(place: Place) -> Place:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
    return place


def _check(place: Place, promised: list[str]) -> None:
    with Journal.open(place.file, place.key, SystemClock()) as journal:
        missing = [number for number in promised if journal.entries.by_number(number) is None]
        assert missing == []
        assert len(promised) == len(set(promised))
        verification = journal.verify()
        assert verification.ok, verification


def test_two_processes_record_while_a_third_sends_and_acknowledges(enrolled: Place) -> None:
    each = 60
    recorders = [_start("record", enrolled.file, each) for _ in range(2)]
    sender = _start("drain", enrolled.file, each * 2)
    promised: list[str] = []
    for process in recorders:
        output, _ = process.communicate(timeout=40)
        assert process.returncode == 0
        promised += _receipts(output)
    output, _ = sender.communicate(timeout=40)
    assert output.split()[-1] == str(each * 2)
    assert len(promised) == each * 2
    _check(enrolled, promised)
    with enrolled.open() as journal:
        assert journal.outbox.summary().acknowledged == each * 2
        assert journal.outbox.listing(DeliveryState.RECORDED) == []


@pytest.mark.fault(22)
def test_two_processes_that_create_the_journal_at_once_both_get_it(place: Place) -> None:
    both = [_start("record", place.file, 0) for _ in range(2)]
    for process in both:
        output, _ = process.communicate(timeout=20)
        assert (process.returncode, output.strip()) == (0, "ready")
    with place.open() as journal:
        assert journal.verify().ok


@pytest.mark.fault(2)
def test_every_receipt_survives_a_kill_at_any_moment(enrolled: Place) -> None:
    random.seed(4)
    promised: list[str] = []
    for _ in range(12):
        process = _start("record", enrolled.file, 100_000)
        assert process.stdout is not None
        # So many receipts are in somebody's hand, and the kill comes at any moment of the next one.
        output = "".join(process.stdout.readline() for _ in range(random.randrange(8, 25)))
        time.sleep(random.uniform(0, 0.003))
        process.kill()
        with process.stdout as rest:
            output += rest.read()
        process.wait(timeout=10)
        promised += _receipts(output)
        _check(enrolled, promised)
    assert len(promised) > 80


POINTS = [1, 2, 3, 5, 8, 13]
SYNCS = [1, 2, 3, 4]
"""The wheel's SQLite calls fsync, a distribution's fdatasync."""

INJECTIONS = (
    [f"pwrite64:signal=SIGKILL:when={n}" for n in POINTS]
    + [f"pwrite64:error=EIO:when={n}" for n in POINTS]
    + [f"pwrite64:error=ENOSPC:when={n}" for n in POINTS]
    + [f"pwrite64:retval=100:when={n}" for n in (2, 5)]
    + [f"fsync,fdatasync:signal=SIGKILL:when={n}" for n in SYNCS]
    + [f"fsync,fdatasync:error=EIO:when={n}" for n in SYNCS]
    + ["pwrite64:error=EIO:when=3+", "pwrite64:error=ENOSPC:when=3+", "fsync,fdatasync:error=EIO:when=2+"]
)


@pytest.mark.fault(2, 6, 10, 11, 13)
@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("injection", INJECTIONS)
def test_what_was_promised_survives_a_fault_at_each_write_and_sync(enrolled: Place, injection: str) -> None:
    assert STRACE is not None
    call = injection.split(":", maxsplit=1)[0]
    before = (STRACE, "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={injection}")
    process = _start("record", enrolled.file, 4, before=before)
    output, _ = process.communicate(timeout=30)
    promised = _receipts(output)
    if "KILL" not in injection and not injection.endswith("+"):
        assert len(promised) == 4, output  # a passing fault costs nobody a receipt
    _check(enrolled, promised)


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_a_recorded_case_costs_exactly_one_sync(enrolled: Place, tmp_path: Path) -> None:
    assert STRACE is not None
    log, count = tmp_path / "calls", 20
    calls = "trace=fdatasync,fsync,sync_file_range,msync,write"
    process = _start(
        "record", enrolled.file, count, before=(STRACE, "-f", "-qq", "-o", str(log), "-e", calls)
    )
    process.communicate(timeout=30)
    syncs_before_each: list[int] = []
    syncs = 0
    for line in log.read_text().splitlines():
        if "sync(" in line:
            syncs += 1
        elif '"receipt ' in line:
            syncs_before_each.append(syncs)
            syncs = 0
    assert len(syncs_before_each) == count
    # The first commit after an open also syncs the fresh log's header and the folder that names it.
    assert set(syncs_before_each[1:]) == {1}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(place: Place, make_case: MakeCase) -> None:
    small = place.file.parent / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not allow mounting a tmpfs")
    try:
        _fill_the_disk(Place(small / "journal.db", place.key, place.clock, place.enrolment, b""), make_case)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def _fill_the_disk(place: Place, make_case: MakeCase) -> None:
    from kiosk.errors import JournalError, JournalFault

    ballast = place.file.with_name("ballast")
    ballast.write_bytes(bytes(400_000))
    promised: list[str] = []
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        refused = make_case()
        for _ in range(2000):
            try:
                promised.append(journal.entries.record(refused).number)
            except JournalError as error:
                assert error.fault is JournalFault.DISK_FULL
                break
            refused = make_case()
        else:
            pytest.fail("the disk never got full")
        assert journal.usable
        assert journal.entries.count() == len(promised)
        ballast.unlink()
        promised.append(journal.entries.record(refused).number)
        assert journal.entries.count() == len(promised)
    _check(place, promised)


def test_a_signal_that_python_handles_does_not_cut_a_commit_in_two(enrolled: Place) -> None:
    process = _start("record", enrolled.file, 100_000)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    _check(enrolled, _receipts(output))
