"""Cases made known again from the signed code of a slip, and those whose content is still missing."""

from __future__ import annotations

from starlette.responses import Response

from sync.central.console.acts import Act
from sync.central.console.roles import Right
from sync.central.console.visit import Visit, Way
from sync.central.console.words import word
from sync.central.reclaim import ReclaimRefused, Reclaims
from sync.paper_wire import ReclaimAnswer

_MAX_TEXT = 1024


def reclaims(visit: Visit) -> Response:
    """What waits for its content, and the form."""
    return _page(visit)


def reclaim(visit: Visit) -> Response:
    """Judge a slip; what it led to, on this page."""
    text = visit.filled("text", _MAX_TEXT + 1)
    if not text:
        return _page(visit, trouble="请扫描凭条上的二维码。", status=422)
    try:
        found = Reclaims(visit.desk.platform.store).reclaim(
            text,
            visit.name,
            lambda run, told: visit.noting(
                Act.CASE_RECLAIMED, told.receipt_number, told.result.value if told.agrees else "contradicted"
            )(run),
        )
    except ReclaimRefused as refused:
        visit.note(Act.RECLAIM_REFUSED, "", refused.word)
        return _page(visit, trouble=word("reclaim_refused", refused.word, visit.language), status=422)
    return _page(visit, found)


def _page(visit: Visit, found: ReclaimAnswer | None = None, trouble: str = "", status: int = 200) -> Response:
    return visit.page(
        "reclaims.html",
        status,
        rows=Reclaims(visit.desk.platform.store).without_body(),
        found=found,
        trouble=trouble,
    )


WAYS = (
    Way("GET", "/reclaims", Right.RECLAIM, reclaims),
    Way("POST", "/reclaims", Right.RECLAIM, reclaim),
)
