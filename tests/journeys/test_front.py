"""The front of a whole terminal: the simulated board's lights and button, and mains that fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from kiosk.catalogue.pack import Pack
from kiosk.demo.world import World, make_world
from kiosk.domain.device_status import DeviceClass
from kiosk.flow.availability import Obstacle
from kiosk.flow.power_notice import PowerNotice
from kiosk.sentences import sentence
from tests.journeys.terminal import Terminal, pause, tell, to_identify

BOARD, SUPPLY = DeviceClass.IO_BOARD, DeviceClass.POWER_SUPPLY
_GLANCES = 100


@pytest.fixture
def world_maker() -> Callable[..., World]:
    return partial(make_world, bench_window=True)


def board(terminal: Terminal) -> dict[str, Any]:
    state: dict[str, Any] = terminal.resident.world_call(terminal.world.simulator_socket(BOARD), "state")
    return state


def wait_for_lights(terminal: Terminal, wanted: set[str]) -> None:
    """Until each of `wanted` was seen lit, and nothing else is."""
    seen: list[set[str]] = []
    for _ in range(_GLANCES):
        seen.append({name for name, lit in board(terminal)["lights"].items() if lit})
        # A slow light is dark half of the time: a second and a half of glances show all that shine.
        if set().union(*seen[-15:]) == wanted and len(seen) >= 15:
            return
        pause(0.1)
    raise AssertionError(f"wanted {wanted}, seen last: {seen[-15:]}")


def test_the_boards_lights_lead_and_come_back_after_the_devices_process_died(
    terminal: Terminal, pension: Pack
) -> None:
    to_identify(terminal, pension)
    wanted = {"status", "id_card_reader", "social_card_reader"}
    wait_for_lights(terminal, wanted)
    terminal.kill("devices")
    terminal.seconds_until_back("devices")
    wait_for_lights(terminal, wanted)
    terminal.resident.lay_card()
    terminal.resident.wait_for("identity")
    wait_for_lights(terminal, {"status"})


def test_the_button_at_the_front_calls_the_help_page(terminal: Terminal) -> None:
    terminal.resident.wait_for("attract")
    tell(terminal, BOARD, "press_help")
    terminal.resident.wait_for("help")
    tell(terminal, BOARD, "release_help")
    terminal.resident.press("回去接着办")
    terminal.resident.wait_for("attract")


@pytest.mark.fault(130)
def test_mains_that_fail_in_the_middle(terminal: Terminal, pension: Pack) -> None:
    to_identify(terminal, pension)
    tell(terminal, SUPPLY, "cut_mains")
    terminal.resident.see("停电了，在用电池")
    tell(terminal, SUPPLY, "battery_low")
    terminal.resident.see(sentence(PowerNotice.FINISH_NOW, "zh_CN"))
    terminal.resident.lay_card()
    terminal.resident.wait_for("identity")
    tell(terminal, SUPPLY, "mains_back")
    terminal.resident.press(terminal.resident.name("it_is_me"))
    terminal.resident.wait_for("question")


@pytest.mark.fault(130)
def test_mains_that_are_gone_before_the_start(terminal: Terminal) -> None:
    resident = terminal.resident
    resident.wait_for("attract")
    tell(terminal, SUPPLY, "cut_mains")
    resident.press(resident.name("start"))
    resident.see(sentence(Obstacle.ON_BATTERY, "zh_CN"))
