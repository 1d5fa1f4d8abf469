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
from devices.identity_contract import (
    READ_S,
    ending,
    lift,
    next_card,
    one_read_a_placing,
    put,
    read_card,
    unnoticed,
)
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.device_settings import IdCardReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.domain.resident import IdentityDocument
from kiosk.ports import CardFault, CardNotRead, CardRead, IdCardReader


def _on(line: Path | TcpFarEnd, folder: Path) -> AbstractContextManager[Stage]:
    return played(IdCardReaderSimulator(line), folder, lambda: IdCardReaderSettings(port=str(line)))


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


CONTRACT: Contract[IdCardReader] = Contract(
    device=DeviceClass.ID_CARD_READER,
    work=Work(
        prepare=put,
        run=read_card,
        succeeded=lambda outcome: isinstance(outcome, CardRead),
        lie=_lie,
        finish=lift,
        timeout_s=READ_S,
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


one_read_a_placing(CONTRACT, "一张卡放着不动，只读一次", "A card that stays on the plate is read once")
next_card(
    CONTRACT,
    [name for name, card in PRACTICE_CARDS.items() if not isinstance(parse_identity(card.text), CardFault)],
    _lie,
)


@CONTRACT.check("lifted", "读到一半拿走卡，不给身份", "Lifted while being read, it gives no identity")
def _lifted(rig: Rig[IdCardReader]) -> Evidence:
    faults: dict[str, int] = {}
    for byte in range(1, 1400, 100):
        with rig.opened() as driver:
            put(rig.hands)
            rig.hands.fault("lift", at=f"byte {byte}")
            outcome = read_card(driver, 3.0, threading.Event())
            require(not isinstance(outcome, CardRead) or byte > 1295, f"an identity from {byte} bytes")
            faults[ending(outcome)] = faults.get(ending(outcome), 0) + 1
        rig.hands.do("heal")
        lift(rig.hands)
    return dict(faults)


@CONTRACT.check("verdicts", "读卡器的每种拒绝都说得清", "Each refusal of the reader has its own outcome")
def _verdicts(rig: Rig[IdCardReader]) -> Evidence:
    seen: dict[str, str] = {}
    for answer in ("31", "32", "33", "40", "41", "60", "66"):
        with rig.opened() as driver:
            put(rig.hands)
            rig.hands.fault("answer", sw3=answer)
            outcome = driver.read(3.0, threading.Event(), unnoticed)
            require(not isinstance(outcome, CardRead), f"an identity in spite of {answer}")
            seen[answer] = outcome.fault.value if isinstance(outcome, CardNotRead) else "no card"
        rig.hands.do("heal")
        lift(rig.hands)
    return dict(seen)
