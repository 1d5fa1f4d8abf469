"""What a fingerprint module promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from devices.fingerprint.simulator import TEMPLATE_BYTES, FingerprintReaderSimulator
from kiosk.device_settings import FingerprintReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import FingerprintFault, FingerprintReader, FingerprintTaken

_WAIT_S = 5.0
_WIRE_BYTES = 1180
"""Five acknowledgements, and twice a template in four packets."""


def _stage(folder: Path) -> AbstractContextManager[Stage]:
    link = folder / "finger"
    return played(FingerprintReaderSimulator(link), folder, lambda: FingerprintReaderSettings(port=str(link)))


def _take(
    driver: FingerprintReader, timeout_s: float, cancel: threading.Event
) -> FingerprintTaken | FingerprintFault:
    return driver.take(timeout_s, cancel)


def _lie(outcome: Any, hands: Hands) -> str:
    if not isinstance(outcome, FingerprintTaken):
        return ""
    if len(outcome.template) != TEMPLATE_BYTES:
        return "gave a part of a template"
    return "" if hands.state()["finger"] else "gave a template without a finger"


CONTRACT: Contract[FingerprintReader] = Contract(
    device=DeviceClass.FINGERPRINT_READER,
    work=Work(
        prepare=lambda hands: _do(hands, "place_finger"),
        run=_take,
        succeeded=lambda outcome: isinstance(outcome, FingerprintTaken),
        lie=_lie,
        finish=lambda hands: _do(hands, "lift_finger"),
        timeout_s=_WAIT_S,
        wire_bytes=_WIRE_BYTES,
    ),
    stages={"fingerprint-module": _stage},
    asked={
        "place_finger": ("请把手指按在指纹仪上", "Press a finger on the reader"),
        "place_other_finger": ("请换一个手指按在指纹仪上", "Press another finger on the reader"),
        "lift_finger": ("请把手指拿开", "Take the finger away"),
    },
)


def _do(hands: Hands, action: str) -> None:
    if hands.simulated and action == "place_other_finger":
        hands.do("place_finger", finger="测试乙")
    else:
        hands.do(action)


def _taken(rig: Rig[FingerprintReader], driver: FingerprintReader, action: str) -> FingerprintTaken:
    _do(rig.hands, action)
    outcome = driver.take(_WAIT_S, threading.Event())
    _do(rig.hands, "lift_finger")
    require(isinstance(outcome, FingerprintTaken), f"ended as {outcome}")
    assert isinstance(outcome, FingerprintTaken)
    return outcome


@CONTRACT.check(
    "same-finger", "同一个手指认得出，别的手指认不成", "Knows a finger again, and takes no other for it"
)
def _same_finger(rig: Rig[FingerprintReader]) -> Evidence:
    with rig.opened() as driver:
        first, again, other = (
            _taken(rig, driver, action) for action in ("place_finger", "place_finger", "place_other_finger")
        )
        (same, seconds), different = (
            rig.timed(lambda: driver.matches(first.template, again.template)),
            driver.matches(first.template, other.template),
        )
        for taken in (first, again, other):
            taken.wipe()
    require(same is True, "does not know the same finger again")
    require(different is False, "takes another finger for it")
    return {"seconds": round(seconds, 2)}


@CONTRACT.check("hidden", "模板不出现在任何文字里", "A template is shown in no text")
def _hidden(rig: Rig[FingerprintReader]) -> Evidence:
    with rig.opened() as driver:
        taken = _taken(rig, driver, "place_finger")
    shown = repr(taken) + str(taken)
    require(repr(taken.template)[12:40] not in shown, "shows it")
    taken.wipe()
    require(not any(taken.template), "is not wiped")
    return {}
