"""Lights and switches as the peers of the devices process see them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from devices.board.simulator import INPUTS, LIGHTS, IoBoardSimulator
from devices.host import Host
from kiosk.clock import SystemClock
from kiosk.config import PathSettings, Settings
from kiosk.device_settings import DeviceSettings, IoBoardSettings
from kiosk.ipc import IpcClient, Message
from kiosk.ports import Input, LightPosition

CARD, STATUS = LightPosition.ID_CARD_READER, LightPosition.STATUS


class BoardRig:
    """A host with a simulated board, and one peer."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.sim = stack.enter_context(IoBoardSimulator(folder / "board"))
        self.sim.start()
        self.settings = Settings(
            paths=PathSettings(state_dir=folder, run_dir=folder),
            devices=DeviceSettings(
                io_board=IoBoardSettings(
                    port=str(folder / "board"),
                    lights={position.value: coil for position, coil in LIGHTS.items()},
                    inputs={name.value: address for name, address in INPUTS.items()},
                )
            ),
        )
        self.host = Host(self.settings)
        self.host.start()
        stack.callback(self.host.close)
        self.peer = IpcClient(self.settings.devices_socket)
        stack.callback(self.peer.close)
        self.wait("device.status", device="io_board", status="online")

    def wait(self, method: str, timeout_s: float = 4.0, **wanted: Any) -> Message:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for message in self.peer.notifications(0.05):
                params = {
                    key: value["state"] if key == "status" else value for key, value in message.params.items()
                }
                if message.method == method and wanted.items() <= params.items():
                    return message
        raise AssertionError(f"no {method} with {wanted}")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[BoardRig]:
    with ExitStack() as stack:
        yield BoardRig(tmp_path, stack)


def test_everything_that_is_felt_is_told_at_once(rig: BoardRig) -> None:
    slowest = 0.0
    for name, active, event in [
        (Input.PRESENCE, True, "person_came"),
        (Input.HELP_BUTTON, True, "help_pressed"),
        (Input.HELP_BUTTON, False, "help_released"),
        (Input.DOOR_OPEN, True, "door_opened"),
        (Input.DOOR_OPEN, False, "door_closed"),
        (Input.PRESENCE, False, "person_left"),
    ]:
        rig.sim.feel(name, active)
        started = time.monotonic()
        rig.wait("device.event", device="io_board", event=event)
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < 0.5
    assert rig.peer.call("board.inputs")["inputs"] == dict.fromkeys(
        ["help_button", "door_open", "presence"], False
    )


def test_a_session_lights_its_way_and_another_session_puts_it_out(rig: BoardRig) -> None:
    rig.peer.call("lights.set", session="s1", position="id_card_reader", rate="continuous")
    rig.wait("lights.outcome", session="s1", completion="success")
    assert rig.sim.lit(CARD)
    rig.peer.call("lights.set", session="s2", position="receipt_printer", rate="continuous")
    rig.wait("lights.outcome", session="s2", position="receipt_printer", completion="success")
    assert not rig.sim.lit(CARD) and rig.sim.lit(LightPosition.RECEIPT_PRINTER)


def test_lights_go_out_with_the_session(rig: BoardRig, eventually: Callable[..., None]) -> None:
    rig.peer.call("lights.set", session="s1", position="status", rate="slow")
    eventually(lambda: rig.sim.lit(STATUS))
    rig.peer.call("lights.stop", session="s1")
    eventually(lambda: not rig.sim.lit(STATUS), 0.5)
    threading.Event().wait(1.2)
    assert not rig.sim.lit(STATUS)


def test_lights_go_out_when_the_peer_hangs_up(rig: BoardRig, eventually: Callable[..., None]) -> None:
    other = IpcClient(rig.settings.devices_socket)
    other.call("lights.set", session="s1", position="status", rate="continuous")
    eventually(lambda: rig.sim.lit(STATUS))
    other.close()
    eventually(lambda: not rig.sim.lit(STATUS), 1.0)


def test_lights_go_out_when_the_process_is_told_to_end(tmp_path: Path) -> None:
    with ExitStack() as stack:
        rig = BoardRig(tmp_path, stack)
        rig.peer.call("lights.set", session="s1", position="status", rate="continuous")
        rig.wait("lights.outcome", completion="success")
        assert rig.sim.lit(STATUS)
    assert not rig.sim.lit(STATUS)


def test_a_light_shines_again_within_two_seconds_of_the_plug(
    rig: BoardRig, eventually: Callable[..., None]
) -> None:
    rig.peer.call("lights.set", session="s1", position="status", rate="continuous")
    eventually(lambda: rig.sim.lit(STATUS))
    rig.sim.unplug()
    rig.wait("device.status", 2.0, device="io_board", status="no_device")
    assert rig.peer.call("board.inputs")["inputs"] is None
    rig.sim.plug()
    eventually(lambda: rig.sim.lit(STATUS), 2.0)


def test_a_light_asked_for_while_unplugged_is_answered_and_shines_later(
    rig: BoardRig, eventually: Callable[..., None]
) -> None:
    rig.sim.unplug()
    rig.wait("device.status", 2.0, device="io_board", status="no_device")
    rig.peer.call("lights.set", session="s1", position="status", rate="continuous")
    rig.wait("lights.outcome", 2.0, session="s1", completion="device_not_ready")
    rig.sim.plug()
    eventually(lambda: rig.sim.lit(STATUS), 2.5)


def test_lights_of_a_session_that_ended_while_unplugged_stay_out(
    rig: BoardRig, eventually: Callable[..., None]
) -> None:
    rig.peer.call("lights.set", session="s1", position="status", rate="continuous")
    eventually(lambda: rig.sim.lit(STATUS))
    rig.sim.unplug()
    rig.wait("device.status", 2.0, device="io_board", status="no_device")
    rig.peer.call("lights.stop", session="s1")
    rig.sim.plug()
    rig.wait("device.status", 3.0, device="io_board", status="online")
    before = rig.sim.requests
    eventually(lambda: rig.sim.requests > before + 5)
    assert not rig.sim.lit(STATUS)


@pytest.mark.parametrize("bad", [{}, {"session": "s", "position": "disco", "rate": "slow"}])
def test_a_light_that_nobody_knows_is_refused(rig: BoardRig, bad: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"text is needed|disco"):
        rig.peer.call("lights.set", **bad)


def test_feeling_ten_times_a_second_is_cheap(rig: BoardRig) -> None:
    before, cpu = rig.sim.requests, time.process_time()
    threading.Event().wait(2.0)
    asked = rig.sim.requests - before
    assert 12 <= asked <= 22
    # Simulator, its server and the host share this process: the driver alone is a part of it.
    share = (time.process_time() - cpu) / 2.0
    print(f"{share:.1%} of a processor")
    assert share < 0.1


def test_a_terminal_without_a_board_says_so(tmp_path: Path) -> None:
    settings = Settings(paths=PathSettings(state_dir=tmp_path, run_dir=tmp_path))
    host = Host(settings, SystemClock())
    host.start()
    peer = IpcClient(settings.devices_socket)
    peer.call("lights.set", session="s1", position="status", rate="slow")
    told = [message.params for message in peer.notifications(0.3) if message.method == "lights.outcome"]
    assert [outcome["completion"] for outcome in told] == ["device_not_ready"]
    peer.close()
    host.close()
