"""Journals put back from their own backups, platforms put back from theirs, and two processes where one should be."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.config import Settings, load
from kiosk.domain.enrolment import Standing
from kiosk.domain.entry import iso_utc
from kiosk.errors import JournalError, JournalFault
from kiosk.ipc import IpcClient
from kiosk.journal import backup
from sync.central.standing import Standings
from sync.central.successors import UnknownTerminal, add_code
from sync.identity import enrol_again
from tests.identity.terminal_world import HOUR, ROOT, SyncProcess, World, journal_of, record, standing

Run = Callable[[Settings, str], SyncProcess]


def _ring(settings: Settings) -> Path:
    return settings.paths.state_dir / backup.FOLDER


def _back_up(settings: Settings) -> None:
    with journal_of(settings) as journal:
        journal.back_up(_ring(settings), 3)


def _put_back(settings: Settings) -> None:
    """What somebody does by hand who finds the ring: the newest copy over the journal."""
    newest = next(backup.newest_first(_ring(settings)))
    for suffix in ("-wal", "-shm"):
        settings.journal_file.with_name(settings.journal_file.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(newest, settings.journal_file)


def _age(world: World) -> None:
    """What is here for minutes has overtaken no heartbeat."""
    with world.platform.store.transaction() as run:
        run.execute("update entry set stored_at = ?", (iso_utc(datetime.now(UTC) - timedelta(minutes=3)),))


def _wake(settings: Settings) -> None:
    with contextlib.suppress(Exception), IpcClient(settings.sync_socket) as face:
        face.call("wake")


@pytest.mark.fault(17)
def test_the_ring_is_put_back_and_the_terminal_goes_on(world: World, run_sync: Run) -> None:
    """Seen at the next heartbeat, stopped, said in a sentence, and one command later nothing is lost or twice."""
    settings = world.settings
    world.enrol(settings)
    before = record(settings, 2)
    world.deliver(settings)
    _back_up(settings)
    delivered = record(settings, 2)
    world.deliver(settings)
    _age(world)
    _put_back(settings)
    process = run_sync(settings, "terminal")
    process.until(lambda status: status["standing"] == "rolled_back")
    with pytest.raises(JournalError) as refused:
        record(settings)
    assert refused.value.fault is JournalFault.STOPPED
    said = world.command("queue", "status").output
    assert "an old disk was put back" in said
    assert "kiosk enrol CODE --again" in said
    assert "terminal 100002" in world.command("enrol", world.code("100001"), "--again").output
    process.until(lambda status: status["terminal_number"] == "100002" and status["standing"] == "ok")
    after = record(settings, 2)
    _wake(settings)
    process.until(lambda status: status["pending"] == 0 and len(world.stored()) == 6)
    assert world.stored() == {
        **{one.number: "100001" for one in before + delivered},
        **{one.number: "100002" for one in after},
    }
    assert world.command("queue", "verify").exit_code == 0


@pytest.mark.fault(17, 25)
def test_the_ring_is_put_back_and_continued_before_the_platform_hears_of_it(
    world: World, run_sync: Run
) -> None:
    """A fork: the new entries stand where others stood. They are kept for a person, and nothing is lost."""
    settings = world.settings
    world.enrol(settings)
    before = record(settings, 2)
    world.deliver(settings)
    _back_up(settings)
    delivered = record(settings, 3)
    world.deliver(settings)
    _age(world)
    _put_back(settings)
    forked = record(settings, 2)  # the line was down: nobody could say that this is an old disk
    process = run_sync(settings, "terminal")
    process.until(lambda status: status["standing"] in ("cloned", "rolled_back") and status["pending"] == 0)
    with pytest.raises(JournalError):
        record(settings)
    assert "--again" in world.command("queue", "status").output
    assert "terminal 100002" in world.command("enrol", world.code("100001"), "--again").output
    process.until(lambda status: status["terminal_number"] == "100002" and status["standing"] == "ok")
    after = record(settings, 1)
    _wake(settings)
    process.until(lambda status: status["pending"] == 0 and after[0].number in world.stored())
    assert world.stored() == {
        **{one.number: "100001" for one in before + delivered},
        **{one.number: "100002" for one in after},
    }
    with world.platform.store.reading() as run:
        apart = {
            row[0]
            for row in run.execute("select receipt_number from entry where result = 'quarantined'").fetchall()
        }
    assert apart == {one.number for one in forked}
    # A person releases them, and each counts once.
    with journal_of(settings) as journal:
        assert journal.outbox.summary().parked == len(forked)


@pytest.mark.fault(17, 125)
def test_a_copy_from_before_the_terminal_was_enrolled_again_is_put_back(world: World, run_sync: Run) -> None:
    """Its number is the old one, and the key that is there is not that one's."""
    settings = world.settings
    world.enrol(settings)
    first = record(settings, 1)
    _back_up(settings)
    process = run_sync(settings, "terminal")
    process.until(lambda status: status["state"] == "online" and status["pending"] == 0)
    assert "terminal 100002" in world.command("enrol", world.code("100001"), "--again").output
    process.until(lambda status: status["terminal_number"] == "100002" and status["state"] == "online")
    second = record(settings, 2)
    _wake(settings)
    process.until(lambda status: len(world.stored()) == 3)
    process.close()
    _put_back(settings)
    again = run_sync(settings, "terminal")
    again.until(lambda status: status["standing"] == "key_lost")
    with pytest.raises(JournalError) as refused:
        record(settings)
    assert refused.value.fault is JournalFault.STOPPED
    assert "--again" in world.command("queue", "status").output
    assert "terminal 100003" in world.command("enrol", world.code("100002"), "--again").output
    again.until(lambda status: status["terminal_number"] == "100003" and status["standing"] == "ok")
    third = record(settings, 2)
    _wake(settings)
    again.until(lambda status: status["pending"] == 0 and len(world.stored()) == 5)
    assert world.stored() == {
        first[0].number: "100001",
        **{one.number: "100002" for one in second},
        **{one.number: "100003" for one in third},
    }


@pytest.mark.fault(65)
def test_a_platform_that_was_put_back_stops_nobody(world: World, run_sync: Run) -> None:
    settings = world.settings
    world.enrol(settings)
    early = record(settings, 2)
    world.deliver(settings)
    late = record(settings, 3)
    world.deliver(settings)
    numbers = [one.number for one in late]
    with world.platform.store.transaction() as run:  # a copy of an hour ago
        for number in numbers:
            run.execute("delete from case_record where receipt_number = ?", (number,))
            run.execute("delete from entry where receipt_number = ?", (number,))
        run.execute("delete from opening")
        run.execute("update terminal set high_water = 2")
    world.platform.store.begin_epoch("restored")
    process = run_sync(settings, "terminal")
    process.until(lambda status: len(world.stored()) == 5 and status["pending"] == 0)
    assert set(world.stored()) == {one.number for one in early + late}
    assert standing(settings) is Standing.OK
    record(settings)


@pytest.mark.fault(65)
def test_a_stop_that_the_platform_forgot_is_lifted_by_itself(world: World, run_sync: Run) -> None:
    """Told STOPPED; then the platform is put back to before it thought so, or an operator lifts it."""
    settings = world.settings
    world.enrol(settings)
    record(settings, 1)
    world.deliver(settings)
    with journal_of(settings) as journal:
        enrolment = journal.settings.enrolment()
    assert enrolment is not None
    standings = Standings(world.platform.store)
    standings.suspend(enrolment.terminal_id)
    process = run_sync(settings, "terminal")
    process.until(lambda status: status["standing"] == "suspended")
    with pytest.raises(JournalError):
        record(settings)
    with world.platform.store.transaction() as run:
        run.execute("update terminal set standing = 'ok', standing_since = null")
    world.platform.store.begin_epoch("restored")
    process.until(lambda status: status["standing"] == "ok")
    record(settings)
    for stop, lift in (("cloned", True), ("rolled_back", True)):
        with world.platform.store.transaction() as run:
            run.execute("update terminal set standing = ?", (stop,))
        process.until(lambda status, stop=stop: status["standing"] == stop)  # type: ignore[misc]
        assert standings.restore(enrolment.terminal_id) is lift
        process.until(lambda status: status["standing"] == "ok")
        record(settings)


def _forget(world: World, number: str, epoch: str = "restored") -> None:
    """Put the platform back to before the terminal of that number was enrolled."""
    with world.platform.store.transaction() as run:
        for table in (
            "opening",
            "case_history",
            "case_record",
            "entry",
            "heartbeat",
            "succession",
            "slip_key",
        ):
            run.execute(f"delete from {table} where terminal_id like ?", (f"t{number}-%",))
        run.execute("delete from succession_code")
        run.execute("delete from terminal where terminal_number = ?", (number,))
        run.execute("update terminal set standing = 'ok', standing_since = null")
    world.platform.store.begin_epoch(epoch)


@pytest.mark.fault(65)
def test_a_platform_put_back_to_before_this_terminal_was_enrolled(world: World, run_sync: Run) -> None:
    """It does not know the terminal: that keeps what it has, and one code and one command bring all of it."""
    other = world.settings_of("other")
    world.enrol(other)
    settings = world.settings
    world.enrol(settings)
    delivered = record(settings, 3)
    world.deliver(settings)
    _forget(world, "100002")
    waiting = record(settings, 2)
    process = run_sync(settings, "terminal")
    process.until(lambda status: status["fault"] == "not_authorised")
    with pytest.raises(UnknownTerminal):
        world.code("100002")
    for wrong in ("000001", "999999", "10000x", "1000022"):
        with pytest.raises(UnknownTerminal):
            add_code(world.platform.store, "wrong-code", HOUR, wrong, forgotten=True)
    add_code(world.platform.store, "right-code", HOUR, "100002", forgotten=True)
    assert "terminal 101002" in world.command("enrol", "right-code", "--again").output
    process.until(lambda status: status["terminal_number"] == "101002" and status["standing"] == "ok")
    later = record(settings, 1)
    _wake(settings)
    process.until(lambda status: status["pending"] == 0 and len(world.stored()) == 6)
    assert world.stored() == {
        **{one.number: "100002" for one in delivered + waiting},
        later[0].number: "101002",
    }
    record(other)
    world.deliver(other)


@pytest.mark.fault(65)
def test_who_is_new_after_a_restore_gets_no_number_that_was_forgotten(world: World) -> None:
    """Its receipts would carry the number of slips that residents already hold."""
    world.enrol(world.settings_of("other"))
    world.enrol(world.settings)
    _forget(world, "100002")
    stranger = world.settings_of("stranger")
    world.enrol(stranger)
    receipts = record(stranger, 1)
    assert receipts[0].number.startswith("101002")
    add_code(world.platform.store, "right-code", HOUR, "100002", forgotten=True)
    enrol_again(world.settings, SystemClock(), "right-code")
    later = record(world.settings, 1)
    world.deliver(world.settings)
    world.deliver(stranger)
    stored = world.stored()
    assert (stored[receipts[0].number], stored[later[0].number]) == ("101002", "101003")


@pytest.mark.fault(65)
def test_a_platform_put_back_to_before_this_terminal_was_enrolled_again(world: World, run_sync: Run) -> None:
    settings = world.settings
    world.enrol(settings)
    first = record(settings, 2)
    world.deliver(settings)
    process = run_sync(settings, "terminal")
    process.until(lambda status: status["state"] == "online")
    assert "terminal 100002" in world.command("enrol", world.code("100001"), "--again").output
    process.until(lambda status: status["terminal_number"] == "100002" and status["state"] == "online")
    second = record(settings, 2)
    _wake(settings)
    process.until(lambda status: status["pending"] == 0)
    _forget(world, "100002")
    _wake(settings)
    process.until(lambda status: status["fault"] == "not_authorised")
    third = record(settings, 1)
    add_code(world.platform.store, "right-code", HOUR, "100002", forgotten=True)
    assert "terminal 101002" in world.command("enrol", "right-code", "--again").output
    process.until(lambda status: status["terminal_number"] == "101002" and status["standing"] == "ok")
    process.until(lambda status: status["pending"] == 0 and len(world.stored()) == 5)
    assert world.stored() == {
        **{one.number: "100001" for one in first},
        **{one.number: "100002" for one in second + third},
    }


@pytest.mark.fault(22, 124)
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_two_senders_that_do_not_see_each_other_work_on_one_journal(world: World, run_sync: Run) -> None:
    """Two containers with run folders and process numbers of their own: no entry is lost, none stored twice."""
    settings = world.settings
    world.enrol(settings)
    if subprocess.run(["unshare", "-p", "-f", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("may not unshare here")
    text = (world.folder / "terminal.toml").read_text()
    (world.folder / "second.toml").write_text(text.replace("terminal-run", "second-run"))
    second_settings = load(world.folder / "second.toml")
    first, second = run_sync(settings, "terminal"), _SyncInANamespace(world, second_settings, "second")
    try:
        _both_deliver(world, first, second)
    finally:
        second.close()
    assert standing(settings) is Standing.OK
    with journal_of(settings) as journal:
        assert journal.verify().ok
        assert journal.outbox.summary().acknowledged == 50


class _SyncInANamespace(SyncProcess):
    """As process 1 of its own."""

    def __init__(self, world: World, settings: Settings, name: str) -> None:
        command = [sys.executable, "-m", "sync", "--config", str(world.folder / f"{name}.toml")]
        self.settings = settings
        self.process = subprocess.Popen(
            ["unshare", "-p", "-f", "--kill-child", *command],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        self.process.kill()  # what waits for its child heeds no gentler word; the child goes with it
        self.process.wait(10)


def _both_deliver(world: World, first: SyncProcess, second: SyncProcess) -> None:
    for process in (first, second):
        process.until(lambda status: status["state"] == "online")
    receipts = []
    for _ in range(10):
        receipts += record(first.settings, 5)
        for process in (first, second):
            _wake(process.settings)
    for process in (first, second):
        process.until(lambda status: status["pending"] == 0)
    assert set(world.stored()) == {one.number for one in receipts}
