"""Cases of invented residents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kiosk.domain.case import Case, new_entry_id
from kiosk.journal.journal import Journal


def invented_case(**changes: Any) -> Case:
    """A case as it is recorded when nothing is said about it."""
    case = Case(
        entry_id=new_entry_id(),
        service_code="pension-certification",
        pack_version="1.0.0",
        started_at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
        answers={"phone": "13900000000", "household": "same", "note": "住址未变，本人到场办理。"},
    )
    return replace(case, **changes)


def case_with(journal: Journal, *contents: bytes) -> Case:
    """A case whose attachments this journal holds already, as the face has it before it is recorded."""
    entry_id = new_entry_id()
    attachments = tuple(journal.attachments.put(entry_id, "image/jpeg", content) for content in contents)
    return invented_case(entry_id=entry_id, attachments=attachments)
