"""The promises of `kiosk.ports.device`, which every class makes, tried with the ordinary command of the class."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from devices.contract import (
    OPENED,
    Broken,
    Check,
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
from kiosk.ports import DevicePort
from kiosk.ports.completion import completion_of

_GRACE_S = 1.0
"""A call may last this much longer than its timeout."""
_CANCEL_WITHIN_S = 1.0
_BACK_WITHIN_S = 2.0
_CUTS = 24
"""How many places of a command the cable is pulled at."""
_CYCLES = 15
_SCRIPTS = Path(__file__).resolve().parent / "scripts"
"""`CLASS/MISHAP.yaml`, in the language of `devices.fault_script`; also for `kiosk simulate DEVICE --script`."""

Run = Callable[[Rig[Any]], Evidence]


def checks_for(contract: Contract[Any]) -> list[Check[Any]]:
    """What every device promises, then what this class promises."""
    work = contract.work
    checks = [
        _check("opens", "插好后能打开，说得出自己的状态", "Plugged in, it opens and says how it is", _opens),
        _check("works", "做一次本职工作", "It does its ordinary work once", lambda rig: _works(rig, work)),
        _check(
            "completes-once",
            "没有可做的时候按时结束，不说做成了",
            "With nothing to do it ends in time and claims nothing",
            lambda rig: _idle(rig, work),
        ),
        _check("cancel", "取消立刻生效", "A cancel ends the command at once", lambda rig: _cancel(rig, work)),
        _check(
            "close-twice", "关两次、没开就关都不出错", "Closing twice, or unopened, is harmless", _close_twice
        ),
        _check(
            "reopen", "关了再开照常工作", "Closed and opened again it works", lambda rig: _reopen(rig, work)
        ),
        _check("status-in-time", "问状态一秒内有回答", "Its status comes within a second", _status_in_time),
        _check("absent", "没插上就说没有，不出错", "Absent, it says so, and raises nothing", _absent),
        _check("unplugged-idle", "空闲时拔掉，能发现", "Unplugged while idle, it notices", _unplugged_idle),
        _check(
            "replug",
            "插回来两秒内自己恢复，不用重启",
            "Plugged in again it recovers within two seconds, without a restart",
            lambda rig: _replug(rig, contract.device),
        ),
        _check(
            "cut-anywhere",
            "做到任何一处拔线，都如实结束",
            "Cut off anywhere in its work, it ends with the truth",
            lambda rig: _cut_anywhere(rig, work),
        ),
        _check(
            "silence",
            "不回话：按时结束",
            "Silent, it ends in time",
            lambda rig: _misbehaves(rig, work, "silence"),
        ),
        _check(
            "noise",
            "线上有杂音：不当真",
            "Noise on the line is believed by nobody",
            lambda rig: _noise(rig, work),
        ),
        _check(
            "slow",
            "一个字节一个字节地来也能读",
            "Byte by byte is still understood",
            lambda rig: _slow(rig, work),
        ),
        _check(
            "fault-scripts",
            "各种故障剧本都如实结束，事后照常工作",
            "After every scripted mishap it has told the truth, and works again",
            lambda rig: _scripts(rig, contract),
        ),
        _check("no-leak", "反复拔插不漏线程和文件", "Nothing leaks over many plugs", _no_leak),
    ]
    if contract.exclusive:
        checks.insert(
            1,
            _check("exclusive", "别的程序抢不走端口", "A second program is kept out of the port", _exclusive),
        )
    return [*checks, *contract.checks]


def _check(name: str, chinese: str, english: str, run: Run) -> Check[Any]:
    return Check(name=name, promise=(chinese, english), run=run)


# -- opening ---------------------------------------------------------------------------------------------------


def _opens(rig: Rig[Any]) -> Evidence:
    driver = rig.make()
    try:
        status, seconds = rig.timed(lambda: rig.open(driver))
        told = driver.capabilities()
        require(not driver.events(), "tells events before anything happened")
    finally:
        driver.close()
    return {
        "state": status.state,
        "seconds": round(seconds, 2),
        "model": told.model,
        "firmware": told.firmware,
    }


def _exclusive(rig: Rig[Any]) -> Evidence:
    with rig.opened():
        second = rig.make()
        try:
            status = second.open()
        finally:
            second.close()
    require(status.state not in OPENED, f"a second opening got {status.state}")
    return {"second": f"{status.state}, {status.detail}"}


def _close_twice(rig: Rig[Any]) -> Evidence:
    driver = rig.make()
    driver.close()
    rig.open(driver)
    driver.close()
    driver.close()
    return {}


def _reopen(rig: Rig[Any], work: Work[Any]) -> Evidence:
    with rig.opened() as driver:
        driver.close()
        rig.open(driver)
        return _work_once(rig, driver, work)


def _status_in_time(rig: Rig[Any]) -> Evidence:
    slowest = 0.0
    with rig.opened() as driver:
        for _ in range(5):
            status, seconds = rig.timed(driver.status)
            require(isinstance(status, DeviceStatus), "status() returned something else")
            slowest = max(slowest, seconds)
    require(slowest <= 1.0 + _GRACE_S, f"took {slowest:.2f} s")
    return {"slowest_s": round(slowest, 3)}


# -- working ---------------------------------------------------------------------------------------------------


def _works(rig: Rig[Any], work: Work[Any]) -> Evidence:
    with rig.opened() as driver:
        return _work_once(rig, driver, work)


def _work_once(rig: Rig[Any], driver: DevicePort, work: Work[Any]) -> Evidence:
    work.prepare(rig.hands)
    outcome, seconds = rig.timed(lambda: work.run(driver, work.timeout_s, threading.Event()))
    code = completion_of(outcome)
    _require_truth(rig, work, outcome)
    require(work.succeeded(outcome), f"ended as {code}")
    work.finish(rig.hands)
    return {"completion": code, "seconds": round(seconds, 2)}


def _require_truth(rig: Rig[Any], work: Work[Any], outcome: Any) -> None:
    completion_of(outcome)
    if rig.hands.simulated and (lie := work.lie(outcome, rig.hands)):
        raise Broken(lie)


def _idle(rig: Rig[Any], work: Work[Any]) -> Evidence:
    with rig.opened() as driver:
        outcome, seconds = rig.timed(lambda: work.run(driver, 1.0, threading.Event()))
    if work.succeeded(outcome):
        _require_truth(rig, work, outcome)
    require(seconds <= 1.0 + _GRACE_S, f"took {seconds:.2f} s with a timeout of 1 s")
    return {"completion": completion_of(outcome), "seconds": round(seconds, 2)}


def _cancel(rig: Rig[Any], work: Work[Any]) -> Evidence:
    cancel = threading.Event()
    canceled_at: list[float] = []

    def press() -> None:
        canceled_at.append(rig.clock.monotonic())
        cancel.set()

    with rig.opened() as driver:
        timer = threading.Timer(0.15, press)
        timer.start()
        try:
            outcome = work.run(driver, 10.0, cancel)
            ended = rig.clock.monotonic()
        finally:
            timer.join()
        _require_truth(rig, work, outcome)
        late_s = max(ended - canceled_at[0], 0.0)
        require(late_s <= _CANCEL_WITHIN_S, f"went on for {late_s:.2f} s after the cancel")
        _, seconds = rig.timed(lambda: work.run(driver, 10.0, cancel))
        require(seconds <= _CANCEL_WITHIN_S, f"took {seconds:.2f} s although canceled before it began")
    return {"after_cancel_s": round(late_s, 3)}


# -- the plug --------------------------------------------------------------------------------------------------


def _absent(rig: Rig[Any]) -> Evidence:
    rig.hands.do("unplug")
    driver = rig.make()
    try:
        status, seconds = rig.timed(driver.open)
    finally:
        driver.close()
    require(status.state in (DeviceState.NO_DEVICE, DeviceState.OFFLINE), f"calls itself {status.state}")
    require(seconds <= 3.0, f"took {seconds:.1f} s to say so")
    return {"state": status.state, "seconds": round(seconds, 2)}


def _unplugged_idle(rig: Rig[Any]) -> Evidence:
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


def _replug(rig: Rig[Any], device: DeviceClass) -> Evidence:
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


def _cut_anywhere(rig: Rig[Any], work: Work[Any]) -> Evidence:
    if not rig.hands.simulated or not work.wire_bytes:
        raise NotRun("bytes can only be counted on a simulator's wire")
    cuts = sorted({1, *(round(n * work.wire_bytes / _CUTS) for n in range(1, _CUTS))})
    ended: dict[str, int] = {}
    for byte in cuts:
        with rig.opened() as driver:
            rig.hands.fault("unplug", at=f"byte {byte}")
            work.prepare(rig.hands)
            outcome = work.run(driver, work.timeout_s, threading.Event())
            _require_truth(rig, work, outcome)
            code = completion_of(outcome)
            ended[code] = ended.get(code, 0) + 1
        rig.hands.do("heal")
        work.finish(rig.hands)
    with rig.opened() as driver:
        _work_once(rig, driver, work)
    return {"cuts": len(cuts), **ended}


# -- bad lines -------------------------------------------------------------------------------------------------


def _misbehaves(rig: Rig[Any], work: Work[Any], fault: str) -> Evidence:
    with rig.opened() as driver:
        rig.hands.fault(fault)
        work.prepare(rig.hands)
        outcome, seconds = rig.timed(lambda: work.run(driver, work.timeout_s, threading.Event()))
        require(seconds <= work.timeout_s + _GRACE_S, f"took {seconds:.1f} s, {work.timeout_s} s were given")
        _require_truth(rig, work, outcome)
        rig.hands.do("heal")
        work.finish(rig.hands)
        _works_again(rig, driver, work)
    return {"completion": completion_of(outcome), "seconds": round(seconds, 2)}


def _works_again(rig: Rig[Any], driver: DevicePort, work: Work[Any]) -> None:
    """After trouble a driver may need to be opened again, as its thread would."""
    for attempt in range(3):
        if driver.status().state not in OPENED:
            rig.open(driver)
        try:
            _work_once(rig, driver, work)
        except Broken:
            work.finish(rig.hands)
            if attempt == 2:
                raise
        else:
            return


def _noise(rig: Rig[Any], work: Work[Any]) -> Evidence:
    endings: list[str] = []
    with rig.opened() as driver:
        for at in (None, "command 1", "command 2"):
            rig.hands.fault("garbage", at=at)
            work.prepare(rig.hands)
            outcome = work.run(driver, work.timeout_s, threading.Event())
            _require_truth(rig, work, outcome)
            endings.append(completion_of(outcome))
            rig.hands.do("heal")
            work.finish(rig.hands)
        _works_again(rig, driver, work)
    return {"completions": ", ".join(endings)}


def _slow(rig: Rig[Any], work: Work[Any]) -> Evidence:
    with rig.opened() as driver:
        rig.hands.fault("dribble", gap_s=0.001)
        work.prepare(rig.hands)
        outcome, seconds = rig.timed(lambda: work.run(driver, work.timeout_s, threading.Event()))
        require(seconds <= work.timeout_s + _GRACE_S, f"took {seconds:.1f} s")
        _require_truth(rig, work, outcome)
        rig.hands.do("heal")
    return {"completion": completion_of(outcome), "seconds": round(seconds, 2)}


def _scripts(rig: Rig[Any], contract: Contract[Any]) -> Evidence:
    work, endings = contract.work, {}
    for script in sorted((_SCRIPTS / contract.device.value).glob("*.yaml")):
        with rig.opened() as driver:
            for entry in yaml.safe_load(script.read_text(encoding="utf-8")):
                rig.hands.do("fault", **entry)
            work.prepare(rig.hands)
            outcome, seconds = rig.timed(partial(work.run, driver, work.timeout_s, threading.Event()))
            require(seconds <= work.timeout_s + _GRACE_S, f"{script.stem}: took {seconds:.1f} s")
            _require_truth(rig, work, outcome)
            endings[script.stem] = completion_of(outcome).value
            rig.hands.do("heal")
            work.finish(rig.hands)
            _works_again(rig, driver, work)
    if not endings:
        raise NotRun("no script for this class")
    return endings


# -- leaks -----------------------------------------------------------------------------------------------------


def _no_leak(rig: Rig[Any]) -> Evidence:
    threads, files = threading.active_count(), _open_files()
    for cycle in range(_CYCLES):
        with rig.opened() as driver:
            driver.status()
            if cycle % 3 == 0:
                rig.hands.do("unplug")
                driver.status()
                rig.hands.do("plug")
    left_files = _open_files() - files
    left_threads = threading.active_count() - threads
    require(left_threads <= 0, f"{left_threads} threads left")
    require(left_files <= 1, f"{left_files} files left open")
    return {"cycles": _CYCLES, "files": left_files, "threads": left_threads}


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count; entries vanish while being listed
