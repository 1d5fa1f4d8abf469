"""What a reader of staff badges promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.badge.simulator import BadgeReaderSimulator
from devices.chip_card.chip import BADGES
from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from kiosk.device_settings import BadgeReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import BadgeRead, BadgeReader

_WAIT_S = 3.0


def _on_socket(folder: Path) -> AbstractContextManager[Stage]:
    slot = folder / "slot"
    return played(BadgeReaderSimulator(slot), folder, lambda: BadgeReaderSettings(reader=f"sim:{slot}"))


def _lie(outcome: Any, hands: Hands) -> str:
    if not isinstance(outcome, BadgeRead):
        return ""
    chip = BADGES.get(str(hands.state().get("card")))
    shown = chip is not None and chip.uid.hex().upper() == outcome.token
    return "" if shown else "gave a badge that was not shown"


def _show(hands: Hands, **card: Any) -> None:
    hands.do("place_card", **card)


def _take(hands: Hands) -> None:
    hands.do("lift_card")


def _wait(driver: BadgeReader, timeout_s: float, cancel: threading.Event) -> BadgeRead | None:
    return driver.read(timeout_s, cancel)


CONTRACT: Contract[BadgeReader] = Contract(
    device=DeviceClass.BADGE_READER,
    work=Work(
        prepare=_show,
        run=_wait,
        succeeded=lambda outcome: isinstance(outcome, BadgeRead),
        lie=_lie,
        finish=_take,
        timeout_s=_WAIT_S,
        wire_bytes=11,
    ),
    stages={"pcsc-badge": _on_socket},
    asked={
        "place_card": ("请把工作证放到读卡器上", "Hold a staff badge to the reader"),
        "lift_card": ("请把工作证拿走", "Take the badge away"),
    },
    # The reader is shared (social-security cards may lie in the same slot).
    exclusive=False,
)


@CONTRACT.check("once-a-showing", "一张工作证放着不动，只报一次", "A badge that stays there is told once")
def _once(rig: Rig[BadgeReader]) -> Evidence:
    with rig.opened() as driver:
        _show(rig.hands)
        first = driver.read(_WAIT_S, threading.Event())
        again = [driver.read(0.2, threading.Event()) for _ in range(3)]
        _take(rig.hands)
        driver.read(0.2, threading.Event())
        _show(rig.hands)
        anew = driver.read(_WAIT_S, threading.Event())
    require(first is not None, "was not told at all")
    require(not any(again), "was told again")
    require(anew is not None, "shown anew, it was not told")
    return {"looks": len(again)}


@CONTRACT.check("next-badge", "换一张工作证，报的是新的", "Another badge is another token")
def _next_badge(rig: Rig[BadgeReader]) -> Evidence:
    told = 0
    with rig.opened() as driver:
        for name in BADGES:
            _show(rig.hands, card=name)
            outcome = driver.read(_WAIT_S, threading.Event())
            require(outcome is not None, "a badge was not told")
            lie = _lie(outcome, rig.hands) if rig.hands.simulated else ""
            require(not lie, lie)
            told += 1
            _take(rig.hands)
            driver.read(0.1, threading.Event())
            if not rig.hands.simulated:
                break
    return {"badges": told}


@CONTRACT.check("no-badge", "别的卡不当工作证", "Another card is no badge")
def _no_badge(rig: Rig[BadgeReader]) -> Evidence:
    with rig.opened() as driver:
        for name in ("bank", "mute"):
            _show(rig.hands, card=name)
            require(driver.read(0.5, threading.Event()) is None, "another card was told as a badge")
            _take(rig.hands)
            driver.read(0.1, threading.Event())
    return {"cards": 2}
