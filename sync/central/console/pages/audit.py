"""The record of acts, and whether it is whole."""

from __future__ import annotations

from starlette.responses import Response

from sync.central.console.acts import Act, ActLine
from sync.central.console.figures import moment, phrase_in
from sync.central.console.ledger import csv_pieces
from sync.central.console.pages.ledger import csv_answer
from sync.central.console.roles import Right
from sync.central.console.visit import Visit, Way
from sync.central.console.words import word, words

_PAGE = 100


def audit(visit: Visit) -> Response:
    """The newest acts, or those before a number."""
    before = visit.asked("before", 18)
    number = int(before) if before.isascii() and before.isdigit() else None
    operator, act = visit.asked("operator"), visit.asked("act")
    lines = visit.desk.acts.newest(_PAGE + 1, number, operator, act)
    return visit.page(
        "audit.html",
        lines=lines[:_PAGE],
        more=len(lines) > _PAGE,
        told=lambda line: told(line, visit.language),
        who=operator,
        act=act,
        acts=words("act"),
        checked=visit.asked("check") == "1",
        broken=visit.desk.acts.first_broken() if visit.asked("check") == "1" else None,
    )


def told(line: ActLine, language: str) -> str:
    """The detail of an act in words, where it is made of codes."""
    table = {"case_moved": "state", "account_added": "role", "role_changed": "role"}.get(line.act)
    table = "standing" if line.act in ("terminal_suspended", "terminal_lifted") else table
    if table is None:
        return line.detail
    return " → ".join(word(table, part, language) for part in line.detail.split(" -> "))


def audit_file(visit: Visit) -> Response:
    """The whole record as CSV."""
    visit.note(Act.AUDIT_READ)
    say = phrase_in(visit.language)
    heads = [say(head) for head in ("编号", "时间", "操作人", "操作", "对象", "说明", "摘要")]
    rows = (
        [
            str(line.number),
            moment(line.at),
            line.operator,
            word("act", line.act, visit.language),
            line.subject,
            told(line, visit.language),
            line.digest,
        ]
        for line in visit.desk.acts.whole()
    )
    return csv_answer("linban-acts", csv_pieces(heads, rows))


WAYS = (
    Way("GET", "/audit", Right.AUDIT, audit),
    Way("GET", "/audit.csv", Right.AUDIT, audit_file),
)
