"""What a reader of social-security cards promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from devices.social_card.practice_cards import PRACTICE_CARDS
from devices.social_card.protocol import parse_identity, wanted_records
from devices.social_card.simulator import SocialCardReaderSimulator
from kiosk.device_settings import SocialCardReaderSettings
from kiosk.domain.device_status import DeviceClass, DeviceState
from kiosk.domain.resident import IdentityDocument
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, IdCardReader, NoCard

_READ_S = 6.0
_LOOK_S = 0.02
_COMMANDS = 11
"""Of one read, when the card hands out its data at once."""
_ANSWER_BYTES = 142


def _on_socket(folder: Path) -> AbstractContextManager[Stage]:
    slot = folder / "slot"
    settings = SocialCardReaderSettings(reader=f"sim:{slot}")
    return played(SocialCardReaderSimulator(slot), folder, lambda: settings)


def _read(driver: IdCardReader, timeout_s: float, cancel: threading.Event) -> CardOutcome:
    """As the device thread does: look until a card is there."""
    late = threading.Event()
    timer = threading.Timer(timeout_s, late.set)
    timer.start()
    try:
        while True:
            outcome = driver.read(timeout_s, cancel, _unnoticed)
            if not isinstance(outcome, NoCard) or cancel.is_set() or late.is_set():
                return outcome
            if driver.status().state is not DeviceState.ONLINE:
                return outcome
            late.wait(_LOOK_S)
    finally:
        timer.cancel()


def _unnoticed() -> None:
    """Nobody looks at the page that says "reading"."""


def _truth(label: str) -> IdentityDocument | CardFault:
    return parse_identity(wanted_records(PRACTICE_CARDS[label].records))


def _lie(outcome: Any, hands: Hands) -> str:
    if not isinstance(outcome, CardRead):
        return ""
    label = str(hands.state().get("card"))
    told = label in PRACTICE_CARDS and _truth(label) == outcome.document
    return "" if told else "gave an identity that no card in the slot has"


def _put(hands: Hands, **card: Any) -> None:
    hands.do("place_card", **card)


def _lift(hands: Hands) -> None:
    hands.do("lift_card")


CONTRACT: Contract[IdCardReader] = Contract(
    device=DeviceClass.SOCIAL_CARD_READER,
    work=Work(
        prepare=_put,
        run=_read,
        succeeded=lambda outcome: isinstance(outcome, CardRead),
        lie=_lie,
        finish=_lift,
        timeout_s=_READ_S,
        wire_bytes=_ANSWER_BYTES,
    ),
    stages={"pcsc-social-card": _on_socket},
    asked={
        "place_card": ("请把社保卡插进读卡器，芯片朝前", "Put a social-security card in, chip first"),
        "lift_card": ("请把卡拿走", "Take the card away"),
    },
    # The reader is shared (badges may lie in the same slot); a card is held for one driver while it is read.
    exclusive=False,
)


@CONTRACT.check(
    "one-read-a-placing", "一张卡插着不动，只读一次", "A card that stays in the slot is read once"
)
def _one_read(rig: Rig[IdCardReader]) -> Evidence:
    with rig.opened() as driver:
        _put(rig.hands)
        first = _read(driver, _READ_S, threading.Event())
        again = [driver.read(1.0, threading.Event(), _unnoticed) for _ in range(5)]
        _lift(rig.hands)
    require(isinstance(first, CardRead), "was not read at all")
    require(all(isinstance(outcome, NoCard) for outcome in again), "was read again")
    return {"looks": len(again)}


@CONTRACT.check("next-card", "换一张卡，读到的是新卡", "Another card is another identity")
def _next_card(rig: Rig[IdCardReader]) -> Evidence:
    read = 0
    with rig.opened() as driver:
        for name in PRACTICE_CARDS:
            _put(rig.hands, card=name)
            outcome = _read(driver, _READ_S, threading.Event())
            lie = _lie(outcome, rig.hands) if rig.hands.simulated else ""
            require(not lie, lie)
            read += isinstance(outcome, CardRead)
            _lift(rig.hands)
            driver.read(1.0, threading.Event(), _unnoticed)
            if not rig.hands.simulated:
                break
    require(read > 0, "no card was read")
    return {"cards": read}


@CONTRACT.check("lifted", "读到一半拔卡，不给身份", "Pulled while being read, it gives no identity")
def _lifted(rig: Rig[IdCardReader]) -> Evidence:
    faults: dict[str, int] = {}
    for command in range(1, _COMMANDS + 1):
        with rig.opened() as driver:
            rig.hands.fault("lift", at=f"command {command}")
            _put(rig.hands)
            outcome = _read(driver, 3.0, threading.Event())
            require(not isinstance(outcome, CardRead), f"an identity from {command - 1} answers")
            name = outcome.fault.value if isinstance(outcome, CardNotRead) else type(outcome).__name__
            faults[name] = faults.get(name, 0) + 1
        rig.hands.do("heal")
        _lift(rig.hands)
    return dict(faults)


@CONTRACT.check("manners", "卡怎么交数据都读得出", "However a card hands out its data, it is read")
def _manners(rig: Rig[IdCardReader]) -> Evidence:
    manners = ("61xx", "6Cxx", "6Cxx 61xx", "plain")
    for manner in manners:
        with rig.opened() as driver:
            rig.hands.do("set", answers=manner)
            _put(rig.hands)
            outcome = _read(driver, _READ_S, threading.Event())
            require(isinstance(outcome, CardRead), f"was not read by {manner}")
            _lift(rig.hands)
    return {"manners": len(manners)}


@CONTRACT.check("refusals", "卡的每种拒绝都说得清", "Each refusal of the card has its own outcome")
def _refusals(rig: Rig[IdCardReader]) -> Evidence:
    seen: dict[str, str] = {}
    for word in ("6A82", "6982", "6985", "6700", "6F00", "6281", "6283", "6E00"):
        with rig.opened() as driver:
            rig.hands.fault("answer", sw=word)
            _put(rig.hands)
            outcome = _read(driver, 3.0, threading.Event())
            require(isinstance(outcome, CardNotRead), f"no fault in spite of {word}")
            assert isinstance(outcome, CardNotRead)
            seen[word] = outcome.fault.value
        rig.hands.do("heal")
        _lift(rig.hands)
    return dict(seen)
