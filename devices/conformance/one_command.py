"""One ordinary command, and whether what came of it is true: what most checks are made of."""

from __future__ import annotations

import threading
from typing import Any

from devices.contract import OPENED, Broken, Evidence, Rig, Work, require
from kiosk.ports import DevicePort
from kiosk.ports.completion import completion_of

GRACE_S = 1.0
"""A call may last this much longer than its timeout."""


def work_once(rig: Rig[Any], driver: DevicePort, work: Work[Any]) -> Evidence:
    work.prepare(rig.hands)
    outcome, seconds = rig.timed(lambda: work.run(driver, work.timeout_s, threading.Event()))
    code = completion_of(outcome)
    require_truth(rig, work, outcome)
    require(work.succeeded(outcome), f"ended as {code}")
    work.finish(rig.hands)
    return {"completion": code, "seconds": round(seconds, 2)}


def require_truth(rig: Rig[Any], work: Work[Any], outcome: Any) -> None:
    completion_of(outcome)
    if rig.hands.simulated and (lie := work.lie(outcome, rig.hands)):
        raise Broken(lie)


def works_again(rig: Rig[Any], driver: DevicePort, work: Work[Any]) -> None:
    """After trouble a driver may need to be opened again, as its thread would."""
    for attempt in range(3):
        if driver.status().state not in OPENED:
            rig.open(driver)
        try:
            work_once(rig, driver, work)
        except Broken:
            work.finish(rig.hands)
            if attempt == 2:
                raise
        else:
            return
