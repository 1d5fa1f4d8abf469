"""Who is there: a card is laid down or a code shown, and the first whole identity ends the question.

Whether a code may be shown, and which, is for the `CodeDesk` to say.
"""

from __future__ import annotations

from kiosk.domain.presented_code import CodeRefusal
from kiosk.domain.resident import IdentityDocument
from kiosk.flow.code_desk import CodeDesk
from kiosk.flow.effects import Effect, StartReading, StartScanning, StopReading, StopScanning
from kiosk.flow.journey import Journey, Stage
from kiosk.ports import CardFault


def ask(journey: Journey, codes: CodeDesk) -> list[Effect]:
    """The page that asks for the card, with nothing left of an earlier try."""
    journey.reading, journey.card_fault = False, None
    journey.code_refusal, journey.identity_try = None, ""
    journey.stage = Stage.IDENTIFY
    return [StartReading(), *([StartScanning()] if codes.takes_identity(journey) else [])]


def stop(journey: Journey, codes: CodeDesk) -> list[Effect]:
    """Nobody is asked any more: neither cards nor codes, and an answer that is still to come counts for nothing."""
    journey.code_refusal, journey.identity_try = None, ""
    return [StopReading(), *([StopScanning()] if codes.takes_identity(journey) else [])]


def deny(journey: Journey, codes: CodeDesk) -> list[Effect]:
    """It is somebody else: forget them and ask again."""
    if journey.stage is not Stage.IDENTITY:
        return []
    journey.resident, journey.proofs = None, frozenset()
    return ask(journey, codes)


def card_found(journey: Journey) -> None:
    """What was said of an earlier card or code is past."""
    if journey.stage is Stage.IDENTIFY:
        journey.reading, journey.card_fault = True, None
        journey.code_refusal = None


def card_not_read(fault: CardFault, journey: Journey) -> None:
    """The page stays, with the reason."""
    if journey.stage is Stage.IDENTIFY:
        journey.reading, journey.card_fault = False, fault


def card_read(document: IdentityDocument, journey: Journey, codes: CodeDesk) -> list[Effect]:
    """A card laid down on another page is nobody's."""
    return _identified(document, journey, codes) if journey.stage is Stage.IDENTIFY else []


def told(try_id: str, document: IdentityDocument, journey: Journey, codes: CodeDesk) -> list[Effect]:
    """Only the answer to the present try counts."""
    if journey.stage is not Stage.IDENTIFY or not _is_present(try_id, journey):
        return []
    return _identified(document, journey, codes)


def not_told(try_id: str, refusal: CodeRefusal, journey: Journey) -> None:
    """The page stays, with the reason, and takes another code."""
    if _is_present(try_id, journey):
        journey.identity_try, journey.code_refusal = "", refusal


def _is_present(try_id: str, journey: Journey) -> bool:
    return bool(try_id) and try_id == journey.identity_try


def _identified(document: IdentityDocument, journey: Journey, codes: CodeDesk) -> list[Effect]:
    journey.resident = document
    journey.reading, journey.card_fault = False, None
    journey.stage = Stage.IDENTITY
    return stop(journey, codes)
