"""The promises of `kiosk.ports.device`, which every class makes, tried with the ordinary command of the class."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from devices.conformance import mishaps
from devices.conformance.one_command import GRACE_S, require_truth, work_once
from devices.contract import (
    OPENED,
    Check,
    Contract,
    Evidence,
    Rig,
    Work,
    require,
)
from kiosk.domain.device_status import DeviceStatus
from kiosk.ports.completion import completion_of

_CANCEL_WITHIN_S = 1.0
Run = Callable[[Rig[Any]], Evidence]


def checks_for(contract: Contract[Any]) -> list[Check[Any]]:
    """What every device promises, then what this class promises."""
    checks = [*_ordinary(contract.work), *_mishaps(contract), *contract.checks]
    if contract.exclusive:
        checks.insert(
            1,
            _check("exclusive", "别的程序抢不走端口", "A second program is kept out of the port", _exclusive),
        )
    return checks


def _ordinary(work: Work[Any]) -> list[Check[Any]]:
    return [
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
    ]


def _mishaps(contract: Contract[Any]) -> list[Check[Any]]:
    work = contract.work
    return [
        _check("absent", "没插上就说没有，不出错", "Absent, it says so, and raises nothing", mishaps.absent),
        _check(
            "unplugged-idle", "空闲时拔掉，能发现", "Unplugged while idle, it notices", mishaps.unplugged_idle
        ),
        _check(
            "replug",
            "插回来两秒内自己恢复，不用重启",
            "Plugged in again it recovers within two seconds, without a restart",
            lambda rig: mishaps.replug(rig, contract.device),
        ),
        _check(
            "cut-anywhere",
            "做到任何一处拔线，都如实结束",
            "Cut off anywhere in its work, it ends with the truth",
            lambda rig: mishaps.cut_anywhere(rig, work),
        ),
        _check(
            "silence",
            "不回话：按时结束",
            "Silent, it ends in time",
            lambda rig: mishaps.misbehaves(rig, work, "silence"),
        ),
        _check(
            "noise",
            "线上有杂音：不当真",
            "Noise on the line is believed by nobody",
            lambda rig: mishaps.noise(rig, work),
        ),
        _check(
            "slow",
            "一个字节一个字节地来也能读",
            "Byte by byte is still understood",
            lambda rig: mishaps.slow(rig, work),
        ),
        _check(
            "fault-scripts",
            "各种故障剧本都如实结束，事后照常工作",
            "After every scripted mishap it has told the truth, and works again",
            lambda rig: mishaps.scripts(rig, contract),
        ),
        _check("no-leak", "反复拔插不漏线程和文件", "Nothing leaks over many plugs", mishaps.no_leak),
    ]


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
        return work_once(rig, driver, work)


def _status_in_time(rig: Rig[Any]) -> Evidence:
    slowest = 0.0
    with rig.opened() as driver:
        for _ in range(5):
            status, seconds = rig.timed(driver.status)
            require(isinstance(status, DeviceStatus), "status() returned something else")
            slowest = max(slowest, seconds)
    require(slowest <= 1.0 + GRACE_S, f"took {slowest:.2f} s")
    return {"slowest_s": round(slowest, 3)}


# -- working ---------------------------------------------------------------------------------------------------


def _works(rig: Rig[Any], work: Work[Any]) -> Evidence:
    with rig.opened() as driver:
        return work_once(rig, driver, work)


def _idle(rig: Rig[Any], work: Work[Any]) -> Evidence:
    with rig.opened() as driver:
        outcome, seconds = rig.timed(lambda: work.run(driver, 1.0, threading.Event()))
    if work.succeeded(outcome):
        require_truth(rig, work, outcome)
    require(seconds <= 1.0 + GRACE_S, f"took {seconds:.2f} s with a timeout of 1 s")
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
        require_truth(rig, work, outcome)
        late_s = max(ended - canceled_at[0], 0.0)
        require(late_s <= _CANCEL_WITHIN_S, f"went on for {late_s:.2f} s after the cancel")
        _, seconds = rig.timed(lambda: work.run(driver, 10.0, cancel))
        require(seconds <= _CANCEL_WITHIN_S, f"took {seconds:.2f} s although canceled before it began")
    return {"after_cancel_s": round(late_s, 3)}
