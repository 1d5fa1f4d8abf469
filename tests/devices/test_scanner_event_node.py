"""The scanner that types, at an event node which keeps the kernel's rules: its grab, its hang-up, its new number."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.fault_script import Fault
from devices.scanner.keyboard_player import KeyboardScannerSimulator
from kiosk.domain.device_status import DeviceDetail, DeviceState
from kiosk.ports import ScanFault
from tests.devices import stage_hands

TEXT = "https://example.cn/r/410722360815?A=b&C=~D"


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[KeyboardScannerSimulator]:
    stage_hands.require_stage()
    with KeyboardScannerSimulator(tmp_path / "keys") as simulator:
        simulator.start()
        yield simulator


@pytest.fixture
def stage(scanner: KeyboardScannerSimulator, tmp_path: Path) -> Iterator[stage_hands.Stage]:
    with stage_hands.staged_keyboard(tmp_path / "keys") as made:
        yield made


def seat_at(stage: stage_hands.Stage) -> stage_hands.Seat:
    return stage.seat(stage_hands.EVENT_NODE, "event_node_seat.py")


def test_a_program_that_opened_the_node_first_hears_no_key_of_ours(
    scanner: KeyboardScannerSimulator, stage: stage_hands.Stage
) -> None:
    stranger, seat = seat_at(stage), seat_at(stage)
    stranger.ask("intrude")
    assert seat.ask("open")["state"] == DeviceState.ONLINE
    scanner.scan(TEXT.encode())
    assert seat.ask("scan 5") == {"text": TEXT}
    assert stranger.ask("overhear") == {"heard": 0, "errno": errno.EAGAIN}
    seat.ask("close")
    scanner.scan(b"nobody waits")
    stage.lines.until("heard")
    assert stranger.ask("overhear")["heard"] > 0


def test_a_second_program_is_refused_and_gets_the_node_when_the_first_has_ended(
    stage: stage_hands.Stage,
) -> None:
    first, second = seat_at(stage), seat_at(stage)
    assert first.ask("open")["state"] == DeviceState.ONLINE
    assert second.ask("open")["detail"] == DeviceDetail.PORT_IN_USE
    # Killed, it cannot let go; the kernel does it.
    first.close()
    stage.lines.until("release")
    assert second.ask("open")["state"] == DeviceState.ONLINE


def test_unplugged_in_the_middle_of_a_code_and_back_under_another_number(
    scanner: KeyboardScannerSimulator, stage: stage_hands.Stage
) -> None:
    seat = seat_at(stage)
    assert seat.ask("open")["state"] == DeviceState.ONLINE
    scanner.arm(Fault(do="unplug", byte=1000))
    scanner.scan(TEXT.encode())
    assert seat.ask("scan 5") == {"text": None}
    assert seat.ask("status")["state"] == DeviceState.NO_DEVICE
    stage.lines.until("unplugged")
    scanner.plug()
    stage.lines.until("plugged event8")
    assert seat.ask("open")["state"] == DeviceState.ONLINE
    scanner.scan(b"after")
    assert seat.ask("scan 5") == {"text": "after"}


def test_typed_chinese_is_refused_at_the_node_too(
    scanner: KeyboardScannerSimulator, stage: stage_hands.Stage
) -> None:
    seat = seat_at(stage)
    seat.ask("open")
    scanner.scan("社保卡号".encode())
    assert seat.ask("scan 5") == {"fault": ScanFault.UNDECODABLE}


def test_its_coming_and_going_is_told_on_udevs_line(
    scanner: KeyboardScannerSimulator, stage: stage_hands.Stage
) -> None:
    seat = seat_at(stage)
    assert seat.ask("watch") == {"watching": True}
    scanner.unplug()
    stage.lines.until("unplugged")
    assert seat.answer() == {"moved": True}
    scanner.plug()
    assert seat.answer() == {"moved": True}
