"""Enrolment codes."""

from __future__ import annotations

from starlette.responses import Response

from kiosk.domain.entry import iso_utc
from sync.central.console.acts import Act
from sync.central.console.enrolment_codes import VALID_HOURS, EnrolmentCodes
from sync.central.console.roles import Right
from sync.central.console.visit import Refused, Visit, Way
from sync.central.successors import UnknownTerminal


def codes(visit: Visit) -> Response:
    """Those that are open, and the form for a new one."""
    return _page(visit)


def make(visit: Visit) -> Response:
    """A new code, on this page and never again."""
    label = visit.filled("label", 60)
    hours = visit.filled("hours")
    if hours not in map(str, VALID_HOURS):
        raise Refused(422, "请从列出的时限里选一个。")
    if not label:
        return _page(visit, trouble="请填写终端要放在哪里。", status=422)
    successor_of = visit.filled("successor_of", 6)
    forgotten = bool(visit.filled("forgotten", 1))
    visit.note(Act.CODE_MADE, successor_of, f"{hours} h, forgotten" if forgotten else f"{hours} h")
    try:
        code, expires_at = EnrolmentCodes(visit.desk.platform.store).make(
            label, visit.name, int(hours), successor_of or None, forgotten
        )
    except UnknownTerminal:
        unknown = "" if forgotten else successor_of
        return _page(
            visit, label=label, unknown=unknown, unknown_hours=hours, trouble="没有这台终端。", status=422
        )
    return _page(visit, code=code, expires_at=iso_utc(expires_at), label=label, successor_of=successor_of)


def revoke(visit: Visit) -> Response:
    """The code is void."""
    code_hash = visit.place("code")
    visit.note(Act.CODE_REVOKED, code_hash[:16])
    if not EnrolmentCodes(visit.desk.platform.store).revoke(code_hash):
        raise Refused(404, "这个登记码已经用过或已失效。")
    return visit.go("/codes", done="revoked")


def _page(
    visit: Visit,
    code: str = "",
    expires_at: str = "",
    label: str = "",
    successor_of: str = "",
    unknown: str = "",
    unknown_hours: str = "",
    trouble: str = "",
    status: int = 200,
) -> Response:
    return visit.page(
        "codes.html",
        status,
        rows=EnrolmentCodes(visit.desk.platform.store).open(),
        hours=VALID_HOURS,
        code=code,
        expires_at=expires_at,
        label=label,
        successor_of=successor_of,
        unknown=unknown,
        unknown_hours=unknown_hours,
        trouble=trouble,
    )


WAYS = (
    Way("GET", "/codes", Right.ENROL, codes),
    Way("POST", "/codes", Right.ENROL, make),
    Way("POST", "/codes/{code}/revoke", Right.ENROL, revoke),
)
