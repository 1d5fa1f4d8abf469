"""The case as it would be handed in now: what a session has gathered, as the value that the journal keeps."""

from __future__ import annotations

from kiosk.domain.case import Case
from kiosk.flow.journey import Journey


def case_of(journey: Journey, language: str) -> Case | None:
    """None where no service has been begun; key and time of a case are noted together, at its beginning."""
    pack, entry_id, started_at = journey.pack, journey.entry_id, journey.started_at
    if pack is None or entry_id is None or started_at is None:
        return None
    return Case(
        entry_id=entry_id,
        service_code=pack.code,
        pack_version=pack.revision,
        started_at=started_at,
        answers=dict(journey.answers),
        resident=journey.resident,
        proofs=journey.proofs,
        language=language,
    )
