"""Every simulated device is pulled out and put back, all of them again and again, under the real devices process.

Each time every one is usable again within two seconds of being back, and in the end the process has no more
threads, files or memory than in the beginning. Fifteen times in `make test`, a thousand times in `make soak`.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kiosk.demo.world import World, make_world, processes
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient

BACK_WITHIN_S = 2.0
_START_S = 30.0
_LEFT_OUT = frozenset({"ui", "sync", "platform", "line", "bench-window"})
_OPENED = ("online", "busy", "user_error")
_MIB = 1024 * 1024


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[World, int]]:
    """Every device of the demonstration, and the process that drives them: its number is the second value."""
    world = make_world(tmp_path / "w", bench_window=True)
    with ExitStack() as stack:
        number = 0
        for spec in processes(world):
            if spec.name in _LEFT_OUT:
                continue
            log = stack.enter_context((tmp_path / f"{spec.name}.log").open("wb"))
            child = subprocess.Popen(
                spec.arguments, stdout=log, stderr=log, env=os.environ | dict(spec.environment)
            )
            stack.callback(child.wait, 10)
            stack.callback(child.terminate)
            if spec.name == "devices":
                number = child.pid
        yield world, number


class Terminal:
    """The devices process seen from outside, and hands for each of its devices."""

    def __init__(self, world: World, number: int, stack: ExitStack) -> None:
        self.number = number
        self.client = stack.enter_context(_connect(world.run_dir / "devices.sock"))
        self.client.call("status")
        self.hands = {
            device: stack.enter_context(_connect(world.simulator_socket(device)))
            for device in DeviceClass
            if device is not DeviceClass.SHEET_PRINTER or _can_play_sheets()
        }

    def states(self) -> dict[str, str]:
        told = self.client.call("status")
        return {device.value: told[device.value]["state"] for device in self.hands}

    def look(self) -> None:
        """As udev's hint does on a real machine: look now instead of after the pause."""
        self.client.call("readiness", patience_s=15)

    def wait_for(self, fact: Callable[[str], bool], within_s: float) -> dict[str, float]:
        """Until every device's state is so; the seconds that each took."""
        started = time.monotonic()
        took: dict[str, float] = {}
        while len(took) < len(self.hands):
            for device, state in self.states().items():
                if device not in took and fact(state):
                    took[device] = time.monotonic() - started
            if time.monotonic() - started > within_s:
                missing = {device: state for device, state in self.states().items() if device not in took}
                raise AssertionError(f"not within {within_s} s: {missing}")
            threading.Event().wait(0.02)
        return took

    def footprint(self) -> tuple[int, int, int]:
        """Threads, open files, bytes of memory."""
        place = Path(f"/proc/{self.number}")
        pages = int((place / "statm").read_text().split()[1])
        return (
            len(list((place / "task").iterdir())),
            len(os.listdir(place / "fd")),
            pages * os.sysconf("SC_PAGE_SIZE"),
        )


def _connect(path: Path) -> IpcClient:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            return IpcClient(path, timeout_s=10)
        except (IpcError, OSError):
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.05)


def _can_play_sheets() -> bool:
    from devices.sheet_printer.printer_process import missing_programs

    return not missing_programs()


def _replug(world: World, number: int, cycles: int) -> str:
    with ExitStack() as stack:
        terminal = Terminal(world, number, stack)
        terminal.wait_for(lambda state: state in _OPENED, _START_S)
        slowest: dict[str, float] = {}
        before = terminal.footprint()
        for cycle in range(cycles):
            if cycle == min(10, cycles // 2):
                before = terminal.footprint()
            for hand in terminal.hands.values():
                hand.call("unplug")
            terminal.look()
            terminal.wait_for(lambda state: state not in _OPENED, 12)
            plugged_at = time.monotonic()
            for hand in terminal.hands.values():
                hand.call("plug")
            plugging_s = time.monotonic() - plugged_at
            for device, seconds in terminal.wait_for(lambda state: state in _OPENED, 10).items():
                slowest[device] = max(slowest.get(device, 0.0), seconds + plugging_s)
        threads, files, memory = (
            after - was for after, was in zip(terminal.footprint(), before, strict=True)
        )
    late = {device: round(seconds, 2) for device, seconds in slowest.items() if seconds > BACK_WITHIN_S}
    assert not late
    assert threads <= 0, f"{threads} threads left"
    assert files <= 0, f"{files} files left"
    # A thousand lost status values would be some 200 kB; allocators breathe by more.
    assert memory <= 12 * _MIB, f"grew by {memory / _MIB:.1f} MiB"
    told = ", ".join(f"{device} {seconds:.2f}" for device, seconds in slowest.items())
    return (
        f"{cycles} cycles of {len(slowest)} devices; {memory / _MIB:+.1f} MiB; back after at most (s): {told}"
    )


@pytest.mark.slow
def test_fifteen_replugs_of_every_device(world: tuple[World, int]) -> None:
    print(_replug(*world, 15))


@pytest.mark.soak
def test_a_thousand_replugs_of_every_device(world: tuple[World, int]) -> None:
    print(_replug(*world, 1000))
