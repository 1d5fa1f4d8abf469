"""Which lights at the front shine: where a hand is wanted now, and whether the terminal works at all.

The light and the picture on the screen point to the same place, so nothing shines for a device that cannot be used.
"""

from __future__ import annotations

from kiosk.domain.device_status import DeviceClass
from kiosk.domain.trust import Rung
from kiosk.flow.availability import Situation
from kiosk.flow.journey import Journey, SlipState, Stage
from kiosk.ports import FlashRate, LightPosition

_DEVICES = {
    LightPosition.ID_CARD_READER: DeviceClass.ID_CARD_READER,
    LightPosition.SOCIAL_CARD_READER: DeviceClass.SOCIAL_CARD_READER,
    LightPosition.BARCODE_SCANNER: DeviceClass.BARCODE_SCANNER,
    LightPosition.RECEIPT_PRINTER: DeviceClass.RECEIPT_PRINTER,
}
_SLIP_WAITS = frozenset({SlipState.PRINTING, SlipState.PRINTED, SlipState.UNCONFIRMED})
"""Paper comes, or may lie in the mouth."""


def lights(stage: Stage, journey: Journey, situation: Situation) -> dict[LightPosition, FlashRate]:
    """Every light that shines, and how; what is not named is dark."""
    shine = {
        position: FlashRate.SLOW
        for position in _wanted(stage, journey, situation)
        if situation.usable(_DEVICES[position]) or position is LightPosition.RECEIPT_PRINTER
    }
    if stage is not Stage.OUT_OF_SERVICE and not situation.on_battery:
        shine[LightPosition.STATUS] = FlashRate.CONTINUOUS
    return shine


def _wanted(stage: Stage, journey: Journey, situation: Situation) -> tuple[LightPosition, ...]:
    """Where the page asks for a hand."""
    match stage:
        case Stage.IDENTIFY if not journey.identity_try:
            cards = (LightPosition.ID_CARD_READER, LightPosition.SOCIAL_CARD_READER)
            shown = journey.pack is not None and journey.pack.rung is Rung.CODE and situation.takes_codes
            return (*cards, LightPosition.BARCODE_SCANNER) if shown else cards
        case Stage.LOOKUP:
            return (LightPosition.BARCODE_SCANNER,)
        case Stage.RESULT if journey.slip in _SLIP_WAITS:
            return (LightPosition.RECEIPT_PRINTER,)
        case _:
            return ()
