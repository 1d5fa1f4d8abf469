"""Lights and switches over a real pty, with pymodbus' server at the far end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from devices.board.driver import ModbusBoard
from devices.board.protocol import with_sum
from devices.board.simulator import INPUTS, LIGHTS, WATCHDOG_REGISTER, IoBoardSimulator
from devices.board.wiring import Wiring, wiring_of
from devices.fault_script import Fault
from devices.transport.address import port_at
from kiosk.device_settings import IoBoardSettings
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import CompletionCode, DeviceDetail, DeviceState
from kiosk.errors import ConfigError
from kiosk.ports import FlashRate, Input, LightPosition

CARD, STATUS = LightPosition.ID_CARD_READER, LightPosition.STATUS


@pytest.fixture
def board_sim(port: Path) -> Iterator[IoBoardSimulator]:
    with IoBoardSimulator(port) as simulator:
        simulator.start()
        yield simulator


def board_at(port: Path, **wiring: Any) -> ModbusBoard:
    return ModbusBoard(port_at(str(port), 9600), 1, Wiring(**{"lights": LIGHTS, "inputs": INPUTS, **wiring}))


@pytest.fixture
def board(port: Path, board_sim: IoBoardSimulator) -> Iterator[ModbusBoard]:
    driver = board_at(port)
    assert driver.open().state is DeviceState.ONLINE
    yield driver
    driver.close()


def test_only_the_light_that_is_asked_for_shines(board: ModbusBoard, board_sim: IoBoardSimulator) -> None:
    board_sim.memory.coils = 1 << 12  # somebody else's relay
    assert board.set_light(CARD, FlashRate.CONTINUOUS) is CompletionCode.SUCCESS
    assert board_sim.memory.coils == 1 << 12 | 1 << LIGHTS[CARD]
    board.close()
    assert board_sim.memory.coils == 1 << 12


def test_a_slow_light_is_on_half_of_the_time(board: ModbusBoard, board_sim: IoBoardSimulator) -> None:
    board.set_light(CARD, FlashRate.SLOW)
    seen = []
    pause = threading.Event()
    ends = time.monotonic() + 2.0
    while time.monotonic() < ends:
        assert board.read() is not None
        seen.append(board_sim.lit(CARD))
        pause.wait(0.05)
    assert 0.35 < seen.count(True) / len(seen) < 0.65
    changes = sum(now is not before for before, now in pairwise(seen))
    assert 3 <= changes <= 5


def test_a_light_that_is_not_wired_is_refused(port: Path, board_sim: IoBoardSimulator) -> None:
    driver = board_at(port, lights={CARD: 0})
    driver.open()
    assert driver.set_light(STATUS, FlashRate.CONTINUOUS) is CompletionCode.UNSUPPORTED_DATA
    assert board_sim.memory.coils == 0
    driver.close()


def test_a_coil_that_the_board_has_not_is_refused_once_and_not_asked_again(
    port: Path, board_sim: IoBoardSimulator
) -> None:
    driver = board_at(port, lights={CARD: 0, STATUS: 300})
    assert driver.open().state is DeviceState.ONLINE
    assert driver.set_light(STATUS, FlashRate.CONTINUOUS) is CompletionCode.UNSUPPORTED_DATA
    driver.read()
    before = board_sim.requests
    driver.read()
    assert board_sim.requests == before + 1
    assert driver.set_light(CARD, FlashRate.CONTINUOUS) is CompletionCode.SUCCESS
    driver.close()


def test_inputs_that_the_board_has_not_are_a_wrong_device(port: Path, board_sim: IoBoardSimulator) -> None:
    status = board_at(port, inputs={Input.DOOR_OPEN: 300}).open()
    assert (status.state, status.detail) == (DeviceState.OFFLINE, DeviceDetail.WRONG_DEVICE)


def test_a_board_that_says_it_is_broken_needs_an_engineer(
    board: ModbusBoard, board_sim: IoBoardSimulator
) -> None:
    board_sim.arm(Fault(do="exception", options={"code": 4}))
    assert board.status().state is DeviceState.HARDWARE_ERROR
    assert board.open().state is DeviceState.ONLINE


def test_a_busy_board_is_asked_once_more(board: ModbusBoard, board_sim: IoBoardSimulator) -> None:
    board_sim.arm(Fault(do="exception", options={"code": 6}))
    assert board.status().state is DeviceState.ONLINE


def test_another_unit_is_not_heard(port: Path, board_sim: IoBoardSimulator) -> None:
    driver = ModbusBoard(port_at(str(port), 9600), 2, Wiring(lights=LIGHTS, inputs=INPUTS))
    assert driver.open().state is DeviceState.OFFLINE


@pytest.mark.parametrize(
    "fault",
    [
        Fault(do="bad_sum"),
        Fault(do="late", for_s=0.6),
        Fault(do="answer", options={"bytes_hex": "010101009188"}),
        Fault(do="answer", options={"bytes_hex": "00FF13AAAA"}),
    ],
    ids=["bad sum", "late", "another question's answer", "junk"],
)
def test_a_false_answer_is_no_reading_and_the_next_one_is(
    board: ModbusBoard, board_sim: IoBoardSimulator, fault: Fault
) -> None:
    board_sim.feel(Input.HELP_BUTTON, True)
    board_sim.arm(fault)
    started = time.monotonic()
    assert board.read() is None
    assert time.monotonic() - started < 0.6
    assert board.status().state is DeviceState.ONLINE
    assert board.events() == []
    reading = board.read()
    assert reading is not None and reading.inputs[Input.HELP_BUTTON]
    assert board.events() == [DeviceEvent.HELP_PRESSED]


def test_a_light_whose_answer_is_lost_is_not_said_to_shine(
    board: ModbusBoard, board_sim: IoBoardSimulator
) -> None:
    board_sim.arm(Fault(do="silence"))
    assert board.set_light(CARD, FlashRate.CONTINUOUS) is CompletionCode.TIMED_OUT
    board_sim.memory.coils = 0
    board_sim.heal()
    board.read()
    assert board_sim.lit(CARD), "what was wanted is shown when the board answers again"


def test_a_cable_pulled_in_the_middle_of_an_answer(board: ModbusBoard, board_sim: IoBoardSimulator) -> None:
    for byte in range(1, 6):
        board_sim.arm(Fault(do="unplug", byte=byte))
        assert board.read() is None
        assert board.status().state is DeviceState.NO_DEVICE
        assert board.set_light(CARD, FlashRate.CONTINUOUS) is CompletionCode.DEVICE_NOT_READY
        board_sim.heal()
        assert board.open().state is DeviceState.ONLINE
        assert board.read() is not None
        assert board_sim.lit(CARD)


def test_bouncing_contacts_are_one_press(board: ModbusBoard, board_sim: IoBoardSimulator) -> None:
    board.read()
    board_sim.arm(Fault(do="bounce", options={"input": "help_button", "times": 9, "gap_s": 0.004}))
    pause = threading.Event()
    for _ in range(12):
        board.read()
        pause.wait(0.01)
    assert board.events() == [DeviceEvent.HELP_PRESSED]


def test_what_is_felt_once_alone_is_not_so(board: ModbusBoard, board_sim: IoBoardSimulator) -> None:
    pressed = with_sum(b"\x01\x02\x01\x01")
    board_sim.arm(Fault(do="answer", options={"bytes_hex": pressed.hex()}))
    reading = board.read()
    assert reading is not None and not reading.inputs[Input.HELP_BUTTON]
    assert board.events() == []


def test_a_board_that_was_off_for_a_moment_shows_its_lights_again(
    board: ModbusBoard, board_sim: IoBoardSimulator
) -> None:
    board.set_light(CARD, FlashRate.CONTINUOUS)
    board_sim.arm(Fault(do="silence"))
    board_sim.memory.coils = 0
    assert board.read() is None
    board_sim.heal()
    assert board.read() is not None
    assert board_sim.lit(CARD)


def test_a_door_switch_that_opens_with_the_door(port: Path, board_sim: IoBoardSimulator) -> None:
    driver = board_at(port, inverted=frozenset({Input.DOOR_OPEN}))
    driver.open()
    reading = driver.read()
    assert reading is not None and reading.inputs[Input.DOOR_OPEN]
    assert driver.events() == [DeviceEvent.DOOR_OPENED]
    board_sim.feel(Input.DOOR_OPEN, True)
    driver.read()
    assert driver.events() == [DeviceEvent.DOOR_CLOSED]
    driver.close()


def test_what_changed_while_unplugged_is_told_afterwards(
    board: ModbusBoard, board_sim: IoBoardSimulator
) -> None:
    board_sim.feel(Input.PRESENCE, True)
    board.read()
    assert board.events() == [DeviceEvent.PERSON_CAME]
    board_sim.unplug()
    assert board.read() is None
    board_sim.feel(Input.PRESENCE, False)
    board_sim.plug()
    board.open()
    board.read()
    assert board.events() == [DeviceEvent.PERSON_LEFT]


def test_a_board_of_lights_alone_is_asked_what_shines(port: Path, board_sim: IoBoardSimulator) -> None:
    driver = board_at(port, inputs={})
    assert driver.open().state is DeviceState.ONLINE
    driver.set_light(STATUS, FlashRate.CONTINUOUS)
    board_sim.memory.coils = 0  # its supply failed for a moment
    reading = driver.read()
    assert reading is not None and reading.inputs == {}
    assert board_sim.lit(STATUS)
    driver.close()


def test_fifty_openings_leave_nothing_behind(port: Path, board_sim: IoBoardSimulator) -> None:
    driver = board_at(port)
    driver.open()
    driver.close()
    files = len(os.listdir("/proc/self/fd"))
    threads = threading.active_count()
    for cycle in range(50):
        assert driver.open().state is DeviceState.ONLINE
        if cycle % 5 == 0:
            board_sim.unplug()
            assert driver.status().state is DeviceState.NO_DEVICE
            board_sim.plug()
        driver.close()
    assert len(os.listdir("/proc/self/fd")) == files
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("lights", "inputs", "says"),
    [
        ({}, {}, "at least one"),
        ({"disco": 0}, {}, "one of id_card_reader"),
        ({"status": 0, "id_card_reader": 0}, {}, "no address twice"),
        ({"status": 70000}, {}, "0 to 65535"),
        ({}, {"presence": 0, "door_open": 9000}, "within 2000"),
    ],
)
def test_settings_that_cannot_be_true_are_named(
    lights: dict[str, int], inputs: dict[str, int], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        wiring_of(IoBoardSettings(port="/dev/null", lights=lights, inputs=inputs))


_KILLED = """
import sys
from devices.board.driver import ModbusBoard
from devices.board.protocol import with_sum
from devices.board.simulator import INPUTS, LIGHTS
from devices.board.wiring import Wiring
from devices.transport.address import port_at
from kiosk.ports import FlashRate, LightPosition
register = int(sys.argv[2]) if sys.argv[2] else None
wiring = Wiring(lights=LIGHTS, inputs=INPUTS, watchdog_register=register, watchdog_value=5)
board = ModbusBoard(port_at(sys.argv[1], 9600), 1, wiring)
board.open()
board.set_light(LightPosition.STATUS, FlashRate.CONTINUOUS)
print("lit", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("watchdog", [True, False])
def test_the_process_is_killed_while_a_light_shines(
    port: Path, board_sim: IoBoardSimulator, watchdog: bool, eventually: Callable[..., None]
) -> None:
    register = str(WATCHDOG_REGISTER) if watchdog else ""
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(port), register], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == b"lit\n"
    assert board_sim.lit(STATUS)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=5)
    process.stdin.close()
    process.stdout.close()
    if watchdog:
        eventually(lambda: not board_sim.lit(STATUS), 2.0)
    else:
        threading.Event().wait(0.8)
        assert board_sim.lit(STATUS), "a board without a watchdog cannot know"
        driver = board_at(port)
        driver.open()
        assert not board_sim.lit(STATUS), "put off as soon as the process is back"
        driver.close()
