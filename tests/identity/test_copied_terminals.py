"""A terminal that was copied, or is an old disk put back: who keeps the place, and what becomes of the cases."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.config import Settings
from kiosk.domain.case import PlatformState
from kiosk.domain.enrolment import Standing
from kiosk.domain.entry import iso_utc
from kiosk.errors import (
    JournalError,
    JournalFault,
)
from kiosk.ipc import IpcClient
from sync.central.standing import Standings
from sync.identity import enrol_again
from tests.identity.terminal_world import CLOCK, SyncProcess, World, journal_of, record


@pytest.mark.fault(25)
def test_word_reaches_the_original_when_a_copy_got_a_place_of_its_own(world: World) -> None:
    world.enrol(world.settings)
    copy = world.settings_of("copy")
    shutil.rmtree(copy.paths.state_dir)
    shutil.copytree(world.settings.paths.state_dir, copy.paths.state_dir)
    (receipt,) = record(world.settings)
    world.deliver(world.settings)
    enrol_again(copy, CLOCK, world.code("100001"))
    with journal_of(world.settings) as journal:
        original = journal.settings.enrolment()
    assert original is not None
    Standings(world.platform.store).restore(original.terminal_id)
    assert world.platform.cases.change_state(receipt.number, PlatformState.CONCLUDED)
    (message,) = world.platform.cases.inbox(original.terminal_id, 0).messages
    assert message.receipt_number == receipt.number


@pytest.mark.fault(17)
def test_old_disk_is_put_back_and_enrolled_again(world: World) -> None:
    settings = world.settings
    world.enrol(settings)
    first = record(settings, 2)
    world.deliver(settings)
    shutil.copytree(settings.paths.state_dir, world.folder / "image")
    forgotten = record(settings, 2)
    world.deliver(settings)
    shutil.rmtree(settings.paths.state_dir)
    (world.folder / "image").rename(settings.paths.state_dir)
    with journal_of(settings) as journal:
        journal.settings.set_standing(Standing.ROLLED_BACK)  # what the next heartbeat's answer does
    enrol_again(settings, CLOCK, world.code("100001"))
    later = record(settings, 2)
    world.deliver(settings)
    assert world.stored() == {
        **{one.number: "100001" for one in first + forgotten},
        **{one.number: "100002" for one in later},
    }


@pytest.mark.fault(25, 124)
def test_copied_terminal_both_copies_go_on_in_places_of_their_own(world: World) -> None:
    original = world.settings
    world.enrol(original)
    record(original)
    world.deliver(original)
    copy = world.settings_of("copy")
    shutil.rmtree(copy.paths.state_dir)
    shutil.copytree(original.paths.state_dir, copy.paths.state_dir)
    mine, theirs = record(original, 2), record(copy, 2)
    world.deliver(original)
    # The platform sees the fork; a person decides which machine keeps the place, the other gets its own.
    enrol_again(copy, CLOCK, world.code("100001"))
    after = record(copy, 1)
    world.deliver(copy)
    stored = world.stored()
    assert {one.number for one in mine} <= set(stored)
    assert stored[after[0].number] == "100002"
    # The copy's own old entries are kept apart for a person: two journals wrote the same places.
    assert not {one.number for one in theirs} & set(stored)
    with journal_of(copy) as journal:
        assert journal.outbox.summary().parked == 2
    with world.platform.store.reading() as run:
        apart = run.execute("select receipt_number from entry where result = 'quarantined'").fetchall()
    assert {row[0] for row in apart} == {one.number for one in theirs}


@pytest.mark.fault(17)
def test_old_disk_is_noticed_stopped_and_enrolled_again_by_the_running_process(
    world: World, run_sync: Callable[[Settings, str], SyncProcess]
) -> None:
    settings = world.settings
    world.enrol(settings)
    sent = record(settings, 1)
    world.deliver(settings)
    shutil.copytree(settings.paths.state_dir, world.folder / "image")
    forgotten = record(settings, 2)
    first = run_sync(settings, "terminal")
    first.until(lambda status: status["pending"] == 0 and status["state"] == "online")
    first.close()
    with world.platform.store.transaction() as run:  # what is here for minutes has overtaken no heartbeat
        run.execute("update entry set stored_at = ?", (iso_utc(datetime.now(UTC) - timedelta(minutes=3)),))
    shutil.rmtree(settings.paths.state_dir)
    (world.folder / "image").rename(settings.paths.state_dir)

    second = run_sync(settings, "terminal")
    second.until(lambda status: status["standing"] == "rolled_back")
    with pytest.raises(JournalError) as refused:
        record(settings)
    assert refused.value.fault is JournalFault.STOPPED
    assert "an old disk was put back" in world.command("queue", "status").output
    assert "terminal 100002" in world.command("enrol", world.code("100001"), "--again").output
    second.until(lambda status: status["terminal_number"] == "100002" and status["state"] == "online")
    later = record(settings, 1)
    with IpcClient(settings.sync_socket) as face:
        face.call("wake")
    second.until(lambda status: status["pending"] == 0 and later[0].number in world.stored())
    assert world.stored() == {
        **{one.number: "100001" for one in sent + forgotten},
        later[0].number: "100002",
    }
    second.until(lambda status: status["standing"] == "ok")
