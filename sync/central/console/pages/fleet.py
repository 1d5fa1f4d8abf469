"""The fleet and one terminal of it."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from starlette.responses import Response

from kiosk.domain.enrolment import Standing
from sync.central.alarms import close_alarm
from sync.central.console.acts import Act
from sync.central.console.chart import Plot, plots
from sync.central.console.figures import phrase_in
from sync.central.console.fleet import ALERTS, ORDERS, PAGE, SILENT_MINUTES, Fleet, FleetWish
from sync.central.console.roles import Right
from sync.central.console.terminal_facts import TerminalLook
from sync.central.console.visit import Refused, Visit, Way
from sync.central.standing import Standings

_MAX_PAGE = 100_000
_NUMBER = re.compile(r"[0-9]{1,15}")


def fleet(visit: Visit) -> Response:
    """Every terminal, worst first."""
    wish = FleetWish(
        visit.asked("search"), visit.asked("alert"), visit.asked("order") or "worst", page_number(visit)
    )
    look = Fleet(visit.desk.platform.store)
    rows, found = look.page(wish)

    def address(**changes: object) -> str:
        asked = {"search": wish.search, "alert": wish.alert, "order": wish.order, "page": wish.page} | changes
        usual = {"search": "", "alert": "", "order": "worst", "page": 1}
        kept = {name: value for name, value in asked.items() if value != usual[name]}
        return f"{visit.root}/terminals" + (f"?{urlencode(kept)}" if kept else "")

    return visit.page(
        "fleet.html",
        rows=rows,
        found=found,
        count=look.count(),
        wish=wish,
        alerts=ALERTS,
        orders=ORDERS,
        pages=max((found + PAGE - 1) // PAGE, 1),
        address=address,
        silent_minutes=SILENT_MINUTES,
    )


def terminal(visit: Visit) -> Response:
    """One terminal: how it is and how it was."""
    terminal_id = visit.place("terminal")
    facts = TerminalLook(visit.desk.platform.store).facts(terminal_id)
    row = Fleet(visit.desk.platform.store).one(terminal_id)
    if facts is None or row is None:
        raise Refused(404, "没有这台终端。")
    drawn: list[Plot] = plots(facts.history, phrase_in(visit.language))
    return visit.page("terminal.html", facts=facts, row=row, plots=drawn, ok=Standing.OK.value)


def suspend(visit: Visit) -> Response:
    """It takes no new cases from its next heartbeat on."""
    terminal_id = _noted(visit, Act.TERMINAL_SUSPENDED)
    Standings(visit.desk.platform.store).suspend(terminal_id)
    return visit.go(f"/terminals/{terminal_id}", done="suspended")


def lift(visit: Visit) -> Response:
    """It is in service again, and what was noted against its chain counts no more."""
    terminal_id = _noted(visit, Act.TERMINAL_LIFTED)
    Standings(visit.desk.platform.store).restore(terminal_id)
    return visit.go(f"/terminals/{terminal_id}", done="lifted")


def close(visit: Visit) -> Response:
    """Somebody has looked into an alarm."""
    terminal_id, number = visit.place("terminal"), visit.place("number")
    visit.note(Act.ALARM_CLOSED, terminal_id, number)
    store = visit.desk.platform.store
    with store.transaction(terminal_id) as run:
        if not _NUMBER.fullmatch(number) or not close_alarm(run, terminal_id, int(number), store.now()):
            raise Refused(404, "没有这条报警，或已了结。")
    return visit.go(f"/terminals/{terminal_id}", done="closed")


def name_place(visit: Visit) -> Response:
    """Where it stands."""
    terminal_id = visit.place("terminal")
    place = visit.filled("place", 60)
    visit.note(Act.PLACE_NAMED, terminal_id)
    if not TerminalLook(visit.desk.platform.store).set_place(terminal_id, place, visit.name):
        raise Refused(404, "没有这台终端。")
    return visit.go(f"/terminals/{terminal_id}", done="placed")


def page_number(visit: Visit) -> int:
    """The page that was asked for."""
    text = visit.asked("page", 7)
    return min(max(int(text), 1), _MAX_PAGE) if text.isascii() and text.isdigit() else 1


def _noted(visit: Visit, act: Act) -> str:
    """The terminal that an act is about, once the act is on record with what was before."""
    terminal_id = visit.place("terminal")
    facts = TerminalLook(visit.desk.platform.store).facts(terminal_id)
    if facts is None:
        raise Refused(404, "没有这台终端。")
    visit.note(act, terminal_id, facts.standing)
    return terminal_id


WAYS = (
    Way("GET", "/terminals", Right.FLEET, fleet),
    Way("GET", "/terminals/{terminal}", Right.FLEET, terminal),
    Way("POST", "/terminals/{terminal}/suspend", Right.STANDING, suspend),
    Way("POST", "/terminals/{terminal}/lift", Right.STANDING, lift),
    Way("POST", "/terminals/{terminal}/alarms/{number}/close", Right.STANDING, close),
    Way("POST", "/terminals/{terminal}/place", Right.STANDING, name_place),
)
