"""What a reader of social-security cards promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from devices.identity_contract import READ_S, ending, lift, next_card, one_read_a_placing, put, read_card
from devices.social_card.practice_cards import PRACTICE_CARDS
from devices.social_card.protocol import parse_identity, wanted_records
from devices.social_card.simulator import SocialCardReaderSimulator
from kiosk.device_settings import SocialCardReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.domain.resident import IdentityDocument
from kiosk.ports import CardFault, CardNotRead, CardRead, IdCardReader

_COMMANDS = 11
"""Of one read, when the card hands out its data at once."""
_ANSWER_BYTES = 142


def _on_socket(folder: Path) -> AbstractContextManager[Stage]:
    slot = folder / "slot"
    settings = SocialCardReaderSettings(reader=f"sim:{slot}")
    return played(SocialCardReaderSimulator(slot), folder, lambda: settings)


def _truth(label: str) -> IdentityDocument | CardFault:
    return parse_identity(wanted_records(PRACTICE_CARDS[label].records))


def _lie(outcome: Any, hands: Hands) -> str:
    if not isinstance(outcome, CardRead):
        return ""
    label = str(hands.state().get("card"))
    told = label in PRACTICE_CARDS and _truth(label) == outcome.document
    return "" if told else "gave an identity that no card in the slot has"


CONTRACT: Contract[IdCardReader] = Contract(
    device=DeviceClass.SOCIAL_CARD_READER,
    work=Work(
        prepare=put,
        run=read_card,
        succeeded=lambda outcome: isinstance(outcome, CardRead),
        lie=_lie,
        finish=lift,
        timeout_s=READ_S,
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


one_read_a_placing(CONTRACT, "一张卡插着不动，只读一次", "A card that stays in the slot is read once")
next_card(CONTRACT, PRACTICE_CARDS, _lie)


@CONTRACT.check("lifted", "读到一半拔卡，不给身份", "Pulled while being read, it gives no identity")
def _lifted(rig: Rig[IdCardReader]) -> Evidence:
    faults: dict[str, int] = {}
    for command in range(1, _COMMANDS + 1):
        with rig.opened() as driver:
            rig.hands.fault("lift", at=f"command {command}")
            put(rig.hands)
            outcome = read_card(driver, 3.0, threading.Event())
            require(not isinstance(outcome, CardRead), f"an identity from {command - 1} answers")
            faults[ending(outcome)] = faults.get(ending(outcome), 0) + 1
        rig.hands.do("heal")
        lift(rig.hands)
    return dict(faults)


@CONTRACT.check("manners", "卡怎么交数据都读得出", "However a card hands out its data, it is read")
def _manners(rig: Rig[IdCardReader]) -> Evidence:
    manners = ("61xx", "6Cxx", "6Cxx 61xx", "plain")
    for manner in manners:
        with rig.opened() as driver:
            rig.hands.do("set", answers=manner)
            put(rig.hands)
            outcome = read_card(driver, READ_S, threading.Event())
            require(isinstance(outcome, CardRead), f"was not read by {manner}")
            lift(rig.hands)
    return {"manners": len(manners)}


@CONTRACT.check("refusals", "卡的每种拒绝都说得清", "Each refusal of the card has its own outcome")
def _refusals(rig: Rig[IdCardReader]) -> Evidence:
    seen: dict[str, str] = {}
    for word in ("6A82", "6982", "6985", "6700", "6F00", "6281", "6283", "6E00"):
        with rig.opened() as driver:
            rig.hands.fault("answer", sw=word)
            put(rig.hands)
            outcome = read_card(driver, 3.0, threading.Event())
            require(isinstance(outcome, CardNotRead), f"no fault in spite of {word}")
            assert isinstance(outcome, CardNotRead)
            seen[word] = outcome.fault.value
        rig.hands.do("heal")
        lift(rig.hands)
    return dict(seen)
