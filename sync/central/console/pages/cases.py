"""Cases: found, moved, and looked into with a reason."""

from __future__ import annotations

import re

from starlette.responses import Response

from kiosk.domain.case import PlatformState
from kiosk.domain.receipt import is_receipt_number
from sync.central.console.acts import Act
from sync.central.console.case_facts import NEXT, WITH_WORDS, CaseFacts, CaseLook
from sync.central.console.pages.fleet import page_number
from sync.central.console.roles import Right
from sync.central.console.visit import Refused, Visit, Way
from sync.central.reclaim import Reclaims
from sync.wire import MAX_WORDS

_MOVED_MEANWHILE = "办件刚被别人变更过，请看清现在的状态再处理。"
_SHORTEST_REASON = 4
_LOOKS_PERSONAL = re.compile(r"(\d[\s-]?){11,}")
"""A telephone or document number; the record of acts must hold neither."""


def cases(visit: Visit) -> Response:
    """By receipt number, or by terminal and day; else the newest."""
    look = CaseLook(visit.desk.platform.store)
    receipt = "".join(visit.asked("receipt").split())
    terminal_id, day = visit.asked("terminal"), visit.asked_day("day")
    trouble = ""
    if receipt:
        if look.by_receipt(receipt) is not None:
            return visit.go(f"/cases/{receipt}")
        known_shape = is_receipt_number(receipt)
        trouble = (
            "没有这个收件号的办件。" if known_shape else "收件号不对：应为 16 位数字，请对照凭条再输一次。"
        )
        return visit.page(
            "cases.html",
            404,
            rows=[],
            more=False,
            trouble=trouble,
            receipt=receipt,
            terminal="",
            day="",
            page=1,
        )
    page = page_number(visit)
    if terminal_id:
        terminal_id = _terminal_id(visit, terminal_id)
        day = day or visit.today()
        rows, more = look.of_day(terminal_id, day, page)
    else:
        rows, more = look.newest(), False
    return visit.page(
        "cases.html",
        rows=rows,
        more=more,
        trouble=trouble,
        receipt="",
        terminal=visit.asked("terminal"),
        day=day.isoformat() if day else "",
        page=page,
    )


def case(visit: Visit) -> Response:
    """One case, masked."""
    return _case_page(visit, _found(visit), shown=False)


def move(visit: Visit) -> Response:
    """The operator's word on a case, told to the terminal."""
    facts = _found(visit)
    now = PlatformState(facts.row.state)
    try:
        state = PlatformState(visit.filled("state"))
    except ValueError as error:
        raise Refused(422, "没有这种状态。") from error
    path = f"/cases/{facts.row.receipt_number}"
    if state is now:
        return visit.go(path, done="same")
    if visit.filled("seen", 20) not in ("", now.value):
        return _case_page(visit, facts, False, _MOVED_MEANWHILE, 409)
    words = visit.filled("words", MAX_WORDS)
    if state not in NEXT[now]:
        return _case_page(visit, facts, False, "办件现在的状态不能这样变更。", 409)
    if state in WITH_WORDS and not words:
        return _case_page(visit, facts, False, "请写明原因：群众要凭它补正。", 422)
    visit.note(Act.CASE_MOVED, facts.row.receipt_number, f"{now.value} -> {state.value}")
    if not visit.desk.platform.cases.change_state(facts.row.receipt_number, state, now, words, visit.name):
        return _case_page(visit, _found(visit), False, _MOVED_MEANWHILE, 409)
    return visit.go(path, done="moved")


def show(visit: Visit) -> Response:
    """The content unmasked: this once, with a reason, on record."""
    facts = _found(visit)
    reason = visit.filled("reason", 100)
    if len(reason) < _SHORTEST_REASON:
        return _case_page(visit, facts, False, "请写明查看的理由，至少四个字。", 422)
    if _LOOKS_PERSONAL.search(reason):
        return _case_page(visit, facts, False, "理由会记入操作记录，不要写证件号和电话号码。", 422)
    visit.note(Act.CASE_SHOWN, facts.row.receipt_number, reason)
    return _case_page(visit, facts, shown=True)


def _case_page(visit: Visit, facts: CaseFacts, shown: bool, trouble: str = "", status: int = 200) -> Response:
    content = CaseLook(visit.desk.platform.store).content(facts.row, shown)
    paper = Reclaims(visit.desk.platform.store).of(facts.row.receipt_number)
    return visit.page(
        "case.html",
        status,
        facts=facts,
        row=facts.row,
        content=content,
        contradicted=paper is not None and not paper.agrees,
        shown=shown,
        trouble=trouble,
        moves=NEXT[PlatformState(facts.row.state)],
        with_words=[state.value for state in WITH_WORDS],
    )


def _found(visit: Visit) -> CaseFacts:
    facts = CaseLook(visit.desk.platform.store).by_receipt(visit.place("receipt"))
    if facts is None:
        raise Refused(404, "没有这个收件号的办件。")
    return facts


def _terminal_id(visit: Visit, asked: str) -> str:
    """The terminal's id, also when its six-digit number was given."""
    with visit.desk.platform.store.reading() as run:
        row = run.execute("select terminal_id from terminal where terminal_number = ?", (asked,)).fetchone()
    return str(row[0]) if row else asked


WAYS = (
    Way("GET", "/cases", Right.CASES, cases),
    Way("GET", "/cases/{receipt}", Right.CASES, case),
    Way("POST", "/cases/{receipt}/state", Right.MOVE, move),
    Way("POST", "/cases/{receipt}/show", Right.SHOW, show),
)
