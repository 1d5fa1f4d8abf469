"""The fleet and one terminal of it."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from kiosk.domain.enrolment import Standing
from sync.central.console.acts import Act
from sync.central.console.chart import Plot, plots
from sync.central.console.figures import phrase_in
from sync.central.console.fleet import ALERTS, ORDERS, PAGE, SILENT_MINUTES, Fleet, FleetWish
from sync.central.console.roles import Right
from sync.central.console.terminal_facts import TerminalLook
from sync.central.console.visit import Refused, Visit, Way

_MAX_PAGE = 100_000


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
    return _stand(visit, Standing.SUSPENDED, Act.TERMINAL_SUSPENDED, "suspended")


def lift(visit: Visit) -> Response:
    """It is in service again."""
    return _stand(visit, Standing.OK, Act.TERMINAL_LIFTED, "lifted")


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


def _stand(visit: Visit, standing: Standing, act: Act, done: str) -> Response:
    terminal_id = visit.place("terminal")
    look = TerminalLook(visit.desk.platform.store)
    facts = look.facts(terminal_id)
    if facts is None:
        raise Refused(404, "没有这台终端。")
    visit.note(act, terminal_id, f"{facts.standing} -> {standing.value}")
    look.set_standing(terminal_id, standing)
    return visit.go(f"/terminals/{terminal_id}", done=done)


WAYS = (
    Way("GET", "/terminals", Right.FLEET, fleet),
    Way("GET", "/terminals/{terminal}", Right.FLEET, terminal),
    Way("POST", "/terminals/{terminal}/suspend", Right.STANDING, suspend),
    Way("POST", "/terminals/{terminal}/lift", Right.STANDING, lift),
    Way("POST", "/terminals/{terminal}/place", Right.STANDING, name_place),
)
