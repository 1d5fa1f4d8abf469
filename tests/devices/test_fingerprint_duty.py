"""Fingerprints as the peers of the devices process see them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from devices.fingerprint.protocol import Command
from devices.fingerprint.simulator import FingerprintReaderSimulator
from devices.host import Host
from kiosk.config import PathSettings, Settings
from kiosk.device_settings import DeviceSettings, FingerprintReaderSettings
from kiosk.ipc import IpcClient


class FingerRig:
    """A host with a simulated module, and one peer."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.sim = stack.enter_context(FingerprintReaderSimulator(folder / "finger"))
        self.sim.start()
        self.settings = Settings(
            paths=PathSettings(state_dir=folder, run_dir=folder),
            devices=DeviceSettings(fingerprint_reader=FingerprintReaderSettings(port=str(folder / "finger"))),
        )
        host = Host(self.settings)
        host.start()
        stack.callback(host.close)
        self.peer = IpcClient(self.settings.devices_socket)
        stack.callback(self.peer.close)
        self.wait_status("online")

    def wait_status(self, state: str, timeout_s: float = 4.0) -> float:
        started = time.monotonic()
        while True:
            if self.peer.call("status")["fingerprint_reader"]["state"] == state:
                return time.monotonic() - started
            assert time.monotonic() - started < timeout_s, f"never {state}"
            list(self.peer.notifications(0.02))

    def outcomes(self, for_s: float, enough: int = 1) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + for_s
        while len(found) < enough and time.monotonic() < deadline:
            for message in self.peer.notifications(0.05):
                if message.method == "fingerprint.outcome":
                    found.append(message.params)
        return found


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[FingerRig]:
    with ExitStack() as stack:
        yield FingerRig(tmp_path, stack)


def test_a_session_is_told_once_that_a_finger_was_taken_and_nothing_of_it(rig: FingerRig) -> None:
    rig.peer.call("fingerprint.start", session="s1")
    rig.sim.place_finger()
    assert rig.outcomes(3.0) == [{"session": "s1", "quality": None}]
    count = len(rig.sim.commands)
    assert rig.outcomes(1.2) == []
    assert rig.sim.commands[count:].count(Command.GET_IMAGE) == 0


def test_a_bad_image_is_told_and_the_session_may_ask_again(rig: FingerRig) -> None:
    rig.sim.place_finger(clear=False)
    rig.peer.call("fingerprint.start", session="s1")
    assert rig.outcomes(3.0) == [{"session": "s1", "fault": "bad_image"}]
    rig.sim.place_finger()
    rig.peer.call("fingerprint.start", session="s1")
    assert rig.outcomes(3.0) == [{"session": "s1", "quality": None}]


def test_nobody_looks_for_a_finger_outside_a_session(rig: FingerRig) -> None:
    rig.sim.place_finger()
    threading.Event().wait(0.5)
    assert Command.GET_IMAGE not in rig.sim.commands


def test_stopped_without_an_outcome(rig: FingerRig, eventually: Callable[..., None]) -> None:
    rig.peer.call("fingerprint.start", session="s1")
    eventually(lambda: Command.GET_IMAGE in rig.sim.commands)
    rig.peer.call("fingerprint.stop")
    rig.sim.place_finger()
    assert rig.outcomes(0.8) == []


def test_it_ends_with_the_peer_that_wanted_it(rig: FingerRig, eventually: Callable[..., None]) -> None:
    other = IpcClient(rig.settings.devices_socket)
    other.call("fingerprint.start", session="s1")
    eventually(lambda: Command.GET_IMAGE in rig.sim.commands)
    other.close()
    threading.Event().wait(1.4)
    rig.sim.place_finger()
    count = len(rig.sim.commands)
    assert rig.outcomes(0.6) == []
    assert Command.GET_IMAGE not in rig.sim.commands[count:]


def test_unplugged_while_waiting_is_told_and_it_is_back_in_two_seconds(rig: FingerRig) -> None:
    rig.peer.call("fingerprint.start", session="s1")
    threading.Event().wait(0.2)
    rig.sim.unplug()
    assert rig.outcomes(2.0) == [{"session": "s1", "fault": "no_answer"}]
    rig.wait_status("no_device")
    rig.sim.place_finger()
    rig.sim.plug()
    assert rig.wait_status("online") < 2.0
    rig.peer.call("fingerprint.start", session="s2")
    assert rig.outcomes(3.0) == [{"session": "s2", "quality": None}]


def test_a_terminal_without_a_module_answers_at_once(tmp_path: Path) -> None:
    settings = Settings(paths=PathSettings(state_dir=tmp_path, run_dir=tmp_path))
    host = Host(settings)
    host.start()
    peer = IpcClient(settings.devices_socket)
    peer.call("fingerprint.start", session="s1")
    told = [message.params for message in peer.notifications(0.3) if message.method == "fingerprint.outcome"]
    assert told == [{"session": "s1", "fault": "no_answer"}]
    peer.close()
    host.close()
