"""The sync process of a terminal without its key: it says so, and is enrolled again by command."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk.config import Settings
from kiosk.domain.enrolment import Standing
from tests.identity.conftest import SoftTpm
from tests.identity.terminal_world import SyncProcess, World, record, standing


@pytest.mark.fault(125)
def test_process_without_its_key_says_so_and_is_enrolled_by_command(
    world: World, run_sync: Callable[[Settings, str], SyncProcess]
) -> None:
    settings = world.settings
    world.enrol(settings)
    unsent = record(settings, 2)
    settings.terminal_key_file.unlink()
    process = run_sync(settings, "terminal")
    process.until(lambda status: status["standing"] == "key_lost")

    plain = world.command("enrol", world.code())
    assert (plain.exit_code, "--again" in plain.output) == (1, True)
    wrong = world.command("enrol", world.code(), "--again")
    assert (wrong.exit_code, "ask for one for the place" in wrong.output) == (1, True)
    done = world.command("enrol", world.code("100001"), "--again")
    assert (done.exit_code, "registered as terminal 100002" in done.output) == (0, True)
    process.until(lambda status: status["terminal_number"] == "100002" and status["pending"] == 0)
    assert world.stored() == {one.number: "100001" for one in unsent}
    assert standing(settings) is Standing.OK


@pytest.mark.fault(125)
def test_process_finds_the_cleared_tpm_and_starts_afresh(
    world: World, tpm: SoftTpm, run_sync: Callable[[Settings, str], SyncProcess]
) -> None:
    settings = world.settings_of("sealed", tpm.address)
    world.enrol(settings)
    record(settings)
    tpm.clear()
    process = run_sync(settings, "sealed")
    process.until(lambda status: status["standing"] == "key_lost")
    done = world.command("enrol", world.code("100001"), "--again", name="sealed")
    assert "terminal 100002" in done.output
    process.until(lambda status: status["terminal_number"] == "100002" and status["state"] == "online")
    record(settings)
