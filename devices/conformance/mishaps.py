"""What goes wrong with every device: the plug, the line, and mishaps from a script."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from devices.conformance.one_command import GRACE_S, require_truth, work_once, works_again
from devices.contract import (
    OPENED,
    Broken,
    Contract,
    Evidence,
    NotRun,
    Rig,
    Work,
    require,
)
from devices.device_thread import DeviceThread
from devices.duty import Desk, Duty, Method
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus
from kiosk.ports.completion import completion_of

_BACK_WITHIN_S = 2.0
_CYCLES = 15
_SETTLED_WITHIN_S = 2.0
_SCRIPTS = Path(__file__).resolve().parent / "scripts"
"""`CLASS/MISHAP.yaml`, in the language of `devices.fault_script`; also for `kiosk simulate DEVICE --script`."""


# -- the plug --------------------------------------------------------------------------------------------------


def absent(rig: Rig[Any]) -> Evidence:
    rig.hands.do("unplug")
    driver = rig.make()
    try:
        status, seconds = rig.timed(driver.open)
    finally:
        driver.close()
    require(status.state in (DeviceState.NO_DEVICE, DeviceState.OFFLINE), f"calls itself {status.state}")
    require(seconds <= 3.0, f"took {seconds:.1f} s to say so")
    return {"state": status.state, "seconds": round(seconds, 2)}


def unplugged_idle(rig: Rig[Any]) -> Evidence:
    with rig.opened() as driver:
        rig.hands.do("unplug")
        started = rig.clock.monotonic()
        status = driver.status()
        while status.state in OPENED and rig.clock.monotonic() - started < _BACK_WITHIN_S:
            rig.wait(0.1)
            status = driver.status()
        require(status.state not in OPENED, f"still calls itself {status.state}")
    return {"state": status.state, "seconds": round(rig.clock.monotonic() - started, 2)}


class _NoDuty(Duty[Any]):
    """A device thread that is asked for nothing."""

    def methods(self) -> dict[str, Method]:
        return {}

    def wanted(self, is_open: bool) -> bool:
        return False

    def step(self, driver: Any) -> float:
        return 0.0

    def cancel(self) -> None:
        """Nothing is being done."""


def watched(rig: Rig[Any], device: DeviceClass) -> tuple[DeviceThread[Any], Callable[[bool], float]]:
    """The real device thread around the driver, and a wait for "usable" or "not", in seconds."""
    changed = threading.Event()

    def publish(_device: DeviceClass, _status: DeviceStatus) -> None:
        changed.set()

    desk = Desk(
        device=device,
        attached=True,
        notify=lambda _method, _params: None,
        tell_busy=lambda: None,
        clock=rig.clock,
        run_dir=Path(os.devnull),
    )
    thread: DeviceThread[Any] = DeviceThread(device, rig.make(), _NoDuty(desk), rig.clock, publish)

    def until(usable: bool) -> float:
        started = rig.clock.monotonic()
        while (thread.status.state in OPENED) is not usable:
            if rig.clock.monotonic() - started > 10:
                raise Broken(f"stays {thread.status.state}")
            rig.clock.wait(changed, 0.1)
            changed.clear()
        return rig.clock.monotonic() - started

    return thread, until


def replug(rig: Rig[Any], device: DeviceClass) -> Evidence:
    thread, until = watched(rig, device)
    thread.start()
    noticed, back = [], []
    try:
        until(True)
        for _ in range(3):
            rig.hands.do("unplug")
            noticed.append(until(False))
            rig.hands.do("plug")
            back.append(until(True))
    finally:
        thread.stop()
        thread.join(3.0)
    require(max(back) <= _BACK_WITHIN_S, f"took {max(back):.2f} s to come back")
    return {"noticed_s": round(max(noticed), 2), "back_s": round(max(back), 2)}


def cut_anywhere(rig: Rig[Any], work: Work[Any]) -> Evidence:
    wire_bytes = work.wire_bytes if rig.wire_bytes is None else rig.wire_bytes
    if not rig.hands.simulated or not wire_bytes:
        raise NotRun("bytes can only be counted on a simulator's wire")
    cuts = sorted({1, *(round(n * wire_bytes / rig.cuts) for n in range(1, rig.cuts))})
    ended: dict[str, int] = {}
    for byte in cuts:
        with rig.opened() as driver:
            rig.hands.fault("unplug", at=f"byte {byte}")
            work.prepare(rig.hands)
            outcome = work.run(driver, work.timeout_s, threading.Event())
            require_truth(rig, work, outcome)
            code = completion_of(outcome)
            ended[code] = ended.get(code, 0) + 1
        rig.hands.do("heal")
        work.finish(rig.hands)
    with rig.opened() as driver:
        work_once(rig, driver, work)
    return {"cuts": len(cuts), **ended}


# -- bad lines -------------------------------------------------------------------------------------------------


def misbehaves(rig: Rig[Any], work: Work[Any], fault: str) -> Evidence:
    with rig.opened() as driver:
        rig.hands.fault(fault)
        work.prepare(rig.hands)
        outcome, seconds = rig.timed(lambda: work.run(driver, work.timeout_s, threading.Event()))
        require(seconds <= work.timeout_s + GRACE_S, f"took {seconds:.1f} s, {work.timeout_s} s were given")
        require_truth(rig, work, outcome)
        rig.hands.do("heal")
        work.finish(rig.hands)
        works_again(rig, driver, work)
    return {"completion": completion_of(outcome), "seconds": round(seconds, 2)}


def noise(rig: Rig[Any], work: Work[Any]) -> Evidence:
    endings: list[str] = []
    with rig.opened() as driver:
        for at in (None, "command 1", "command 2"):
            rig.hands.fault("garbage", at=at)
            work.prepare(rig.hands)
            outcome = work.run(driver, work.timeout_s, threading.Event())
            require_truth(rig, work, outcome)
            endings.append(completion_of(outcome))
            rig.hands.do("heal")
            work.finish(rig.hands)
        works_again(rig, driver, work)
    return {"completions": ", ".join(endings)}


def slow(rig: Rig[Any], work: Work[Any]) -> Evidence:
    with rig.opened() as driver:
        rig.hands.fault("dribble", gap_s=0.001)
        work.prepare(rig.hands)
        outcome, seconds = rig.timed(lambda: work.run(driver, work.timeout_s, threading.Event()))
        require(seconds <= work.timeout_s + GRACE_S, f"took {seconds:.1f} s")
        require_truth(rig, work, outcome)
        rig.hands.do("heal")
    return {"completion": completion_of(outcome), "seconds": round(seconds, 2)}


def scripts(rig: Rig[Any], contract: Contract[Any]) -> Evidence:
    work = contract.work
    endings: dict[str, str] = {}
    not_played: dict[str, str] = {}
    for script in sorted((_SCRIPTS / contract.device.value).glob("*.yaml")):
        with rig.opened() as driver:
            try:
                for entry in yaml.safe_load(script.read_text(encoding="utf-8")):
                    rig.hands.do("fault", **entry)
            except NotRun as reason:
                not_played[script.stem] = f"not played: {reason}"
                rig.hands.do("heal")
                continue
            work.prepare(rig.hands)
            outcome, seconds = rig.timed(partial(work.run, driver, work.timeout_s, threading.Event()))
            require(seconds <= work.timeout_s + GRACE_S, f"{script.stem}: took {seconds:.1f} s")
            require_truth(rig, work, outcome)
            endings[script.stem] = completion_of(outcome).value
            rig.hands.do("heal")
            work.finish(rig.hands)
            works_again(rig, driver, work)
    if not endings:
        raise NotRun("; ".join(sorted(set(not_played.values()))) or "no script for this class")
    return {**endings, **not_played}


# -- leaks -----------------------------------------------------------------------------------------------------


def no_leak(rig: Rig[Any]) -> Evidence:
    threads, files = threading.active_count(), _open_files()
    for cycle in range(_CYCLES):
        with rig.opened() as driver:
            driver.status()
            if cycle % 3 == 0:
                rig.hands.do("unplug")
                driver.status()
                rig.hands.do("plug")
    # The simulator's threads share this process, and notice in their own time that the last line is closed.
    settled_by = rig.clock.monotonic() + _SETTLED_WITHIN_S
    while threading.active_count() > threads and rig.clock.monotonic() < settled_by:
        rig.wait(0.05)
    left_files = _open_files() - files
    left_threads = threading.active_count() - threads
    require(left_threads <= 0, f"{left_threads} threads left")
    require(left_files <= 1, f"{left_files} files left open")
    return {"cycles": _CYCLES, "files": left_files, "threads": left_threads}


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count; entries vanish while being listed
