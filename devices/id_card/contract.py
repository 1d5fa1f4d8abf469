"""What a reader of ID cards promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from devices.id_card.practice_cards import PRACTICE_CARDS, Card
from devices.id_card.simulator import IdCardReaderSimulator
from devices.id_card.text_block import parse_identity
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.device_settings import IdCardReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.domain.resident import IdentityDocument
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, IdCardReader, NoCard

_READ_S = 6.0


def _on(line: Path | TcpFarEnd, folder: Path) -> AbstractContextManager[Stage]:
    return played(IdCardReaderSimulator(line), folder, lambda: IdCardReaderSettings(port=str(line)))


def _read(driver: IdCardReader, timeout_s: float, cancel: threading.Event) -> CardOutcome:
    """As the device thread does for a new session: look until a card is there."""
    driver.forget()
    deadline = threading.Event()
    timer = threading.Timer(timeout_s, deadline.set)
    timer.start()
    try:
        while True:
            outcome = driver.read(timeout_s, cancel, _unnoticed)
            if not isinstance(outcome, NoCard) or cancel.is_set() or deadline.is_set():
                return outcome
            if driver.status().state != "online":
                return outcome
    finally:
        timer.cancel()


def _unnoticed() -> None:
    """Nobody looks at the page that says "reading"."""


def _lie(outcome: Any, hands: Hands) -> str:
    if not isinstance(outcome, CardRead):
        return ""
    label = hands.state().get("card")
    card = PRACTICE_CARDS.get(str(label))
    return (
        ""
        if card is not None and _same(outcome.document, card)
        else "gave an identity that no card on the plate has"
    )


def _same(document: IdentityDocument, card: Card) -> bool:
    truth = parse_identity(card.text)
    return not isinstance(truth, CardFault) and (document.name, document.number) == (truth.name, truth.number)


def _put(hands: Hands, **card: Any) -> None:
    hands.do("place_card", **card)


def _lift(hands: Hands) -> None:
    hands.do("lift_card")


CONTRACT: Contract[IdCardReader] = Contract(
    device=DeviceClass.ID_CARD_READER,
    work=Work(
        prepare=_put,
        run=_read,
        succeeded=lambda outcome: isinstance(outcome, CardRead),
        lie=_lie,
        finish=_lift,
        timeout_s=_READ_S,
        wire_bytes=1400,
    ),
    stages={
        "sdt": lambda folder: _on(folder / "reader", folder),
        "sdt/tcp": lambda folder: _on(TcpFarEnd(), folder),
    },
    asked={
        "place_card": ("请把身份证放在读卡区，放平", "Lay an ID card on the reader"),
        "lift_card": ("请把卡拿走", "Take the card away"),
    },
)


@CONTRACT.check(
    "one-read-a-placing", "一张卡放着不动，只读一次", "A card that stays on the plate is read once"
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
    names = [
        name for name, card in PRACTICE_CARDS.items() if not isinstance(parse_identity(card.text), CardFault)
    ]
    read = 0
    with rig.opened() as driver:
        for name in names:
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


@CONTRACT.check("lifted", "读到一半拿走卡，不给身份", "Lifted while being read, it gives no identity")
def _lifted(rig: Rig[IdCardReader]) -> Evidence:
    faults: dict[str, int] = {}
    for byte in range(1, 1400, 100):
        with rig.opened() as driver:
            _put(rig.hands)
            rig.hands.fault("lift", at=f"byte {byte}")
            outcome = _read(driver, 3.0, threading.Event())
            require(not isinstance(outcome, CardRead) or byte > 1295, f"an identity from {byte} bytes")
            name = outcome.fault.value if isinstance(outcome, CardNotRead) else type(outcome).__name__
            faults[name] = faults.get(name, 0) + 1
        rig.hands.do("heal")
        _lift(rig.hands)
    return dict(faults)


@CONTRACT.check("verdicts", "读卡器的每种拒绝都说得清", "Each refusal of the reader has its own outcome")
def _verdicts(rig: Rig[IdCardReader]) -> Evidence:
    seen: dict[str, str] = {}
    for answer in ("31", "32", "33", "40", "41", "60", "66"):
        with rig.opened() as driver:
            _put(rig.hands)
            rig.hands.fault("answer", sw3=answer)
            outcome = driver.read(3.0, threading.Event(), _unnoticed)
            require(not isinstance(outcome, CardRead), f"an identity in spite of {answer}")
            seen[answer] = outcome.fault.value if isinstance(outcome, CardNotRead) else "no card"
        rig.hands.do("heal")
        _lift(rig.hands)
    return dict(seen)
