"""How far a session has come in its service, as the pages count it."""

from __future__ import annotations

from kiosk.catalogue.pack import ServiceKind
from kiosk.domain.trust import Rung
from kiosk.flow.journey import Journey, Stage


def step_of(journey: Journey) -> tuple[int, int]:
    """(this step, all steps) of the service, or (0, 0) where there is nothing to count."""
    pack = journey.pack
    if pack is None or pack.kind is not ServiceKind.CASE:
        return (0, 0)
    identity = 0 if pack.rung is Rung.NONE else 1
    total = identity + len(pack.fields) + 1
    position = {
        Stage.IDENTIFY: 1,
        Stage.IDENTITY: 1,
        Stage.QUESTION: identity + journey.question_index + 1,
        Stage.REVIEW: total,
        Stage.RECORDING: total,
    }.get(journey.stage, 0)
    return (position, total) if position else (0, 0)
