"""What every reader of identity cards promises, whatever the card: ID cards on a plate, social-security cards in a slot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from devices.contract import Contract, Evidence, Hands, Rig, require
from kiosk.domain.device_status import DeviceState
from kiosk.ports import CardNotRead, CardOutcome, CardRead, IdCardReader, NoCard

READ_S: Final = 6.0
_LOOK_S: Final = 0.02


def read_card(driver: IdCardReader, timeout_s: float, cancel: threading.Event) -> CardOutcome:
    """As the device thread does for a new session: look until a card is there."""
    driver.forget()
    late = threading.Event()
    timer = threading.Timer(timeout_s, late.set)
    timer.start()
    try:
        while True:
            outcome = driver.read(timeout_s, cancel, unnoticed)
            if not isinstance(outcome, NoCard) or cancel.is_set() or late.is_set():
                return outcome
            if driver.status().state is not DeviceState.ONLINE:
                return outcome
            late.wait(_LOOK_S)
    finally:
        timer.cancel()


def unnoticed() -> None:
    """Nobody looks at the page that says "reading"."""


def put(hands: Hands, **card: Any) -> None:
    """Lay a card there."""
    hands.do("place_card", **card)


def lift(hands: Hands) -> None:
    """Take it away."""
    hands.do("lift_card")


def ending(outcome: CardOutcome) -> str:
    """What an outcome is called in a report."""
    return outcome.fault.value if isinstance(outcome, CardNotRead) else type(outcome).__name__


def one_read_a_placing(contract: Contract[IdCardReader], promise_zh: str, promise_en: str) -> None:
    """Add the promise that a card which stays is not read again."""

    @contract.check("one-read-a-placing", promise_zh, promise_en)
    def _one_read(rig: Rig[IdCardReader]) -> Evidence:
        with rig.opened() as driver:
            put(rig.hands)
            first = read_card(driver, READ_S, threading.Event())
            again = [driver.read(1.0, threading.Event(), unnoticed) for _ in range(5)]
            lift(rig.hands)
        require(isinstance(first, CardRead), "was not read at all")
        require(all(isinstance(outcome, NoCard) for outcome in again), "was read again")
        return {"looks": len(again)}


def next_card(
    contract: Contract[IdCardReader], names: Iterable[str], lie: Callable[[Any, Hands], str]
) -> None:
    """Add the promise that each of these practice cards is read as itself."""

    @contract.check("next-card", "换一张卡，读到的是新卡", "Another card is another identity")
    def _next_card(rig: Rig[IdCardReader]) -> Evidence:
        read = 0
        with rig.opened() as driver:
            for name in names:
                put(rig.hands, card=name)
                outcome = read_card(driver, READ_S, threading.Event())
                told = lie(outcome, rig.hands) if rig.hands.simulated else ""
                require(not told, told)
                read += isinstance(outcome, CardRead)
                lift(rig.hands)
                driver.read(1.0, threading.Event(), unnoticed)
                if not rig.hands.simulated:
                    break
        require(read > 0, "no card was read")
        return {"cards": read}
