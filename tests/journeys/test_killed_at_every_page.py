"""Each of the three processes is killed on each page: back within 2 s, no dead end, each case exactly once."""

import pytest

from kiosk.catalogue.pack import Pack
from tests.journeys.terminal import Terminal

PAGES = ("attract", "home", "service", "identify", "identity", "question", "review", "recording", "result")
BACK_WITHIN_S = 2.0


class Assassin:
    """Kills one process the first time the resident arrives at one page."""

    def __init__(self, terminal: Terminal, process: str, page: str) -> None:
        self._terminal, self._process, self._page = terminal, process, page
        self.done = False

    def on_page(self, page: str) -> None:
        if page == self._page and not self.done:
            self.strike()

    def strike(self) -> None:
        self.done = True
        self._terminal.kill(self._process)


@pytest.mark.fault(29, 84)
@pytest.mark.slow
@pytest.mark.parametrize("process", ["devices", "sync"])
def test_hands_or_line_killed_on_every_page(terminal: Terminal, pension: Pack, process: str) -> None:
    receipts = []
    for page in PAGES:
        assassin = Assassin(terminal, process, page)
        resident = terminal.resident
        resident.pages.clear()
        resident.on_page = assassin.on_page
        if page == "recording":
            receipts.append(resident.do_case(pension, before_confirm=assassin.strike))
        else:
            receipts.append(resident.do_case(pension))
        assert assassin.done
        assert terminal.seconds_until_back(process) < BACK_WITHIN_S
        resident.on_page = None
        resident.press(resident.name("done"))
        resident.wait_for("attract")
    check_exactly_once(terminal, receipts)


@pytest.mark.fault(26)
@pytest.mark.slow
def test_face_killed_on_every_page(terminal: Terminal, pension: Pack) -> None:
    receipts = []
    for page in PAGES:
        shown = do_case_until(terminal, pension, page)
        terminal.kill("ui")
        assert terminal.seconds_until_back("ui") < BACK_WITHIN_S
        resident = terminal.resident
        # A result that was on the screen comes back: a killed face must not be a dead end for its owner.
        # At `recording` the kill may have come before or after the commit; either page is honest then.
        pages = {"result": ("result",), "recording": ("attract", "result")}.get(page, ("attract",))
        if resident.wait_for(*pages) == "result":
            number = resident.shown_number()
            assert shown in (None, number)
            receipts.append(number)
            resident.press(resident.name("done"))
            resident.wait_for("attract")
        else:
            assert shown is None
        receipts.append(resident.do_case(pension))
        resident.press(resident.name("done"))
    check_exactly_once(terminal, receipts)


def do_case_until(terminal: Terminal, pension: Pack, page: str) -> str | None:
    """Go through the service as far as `page`; the receipt number if one was shown there."""

    class Arrived(Exception):
        pass

    def stop(seen: str) -> None:
        if seen == page:
            raise Arrived

    def submit_and_stop() -> None:
        if page == "recording":
            terminal.resident.press(terminal.resident.name("submit"))
            raise Arrived

    resident = terminal.resident
    resident.pages.clear()
    resident.on_page = stop
    try:
        resident.do_case(pension, before_confirm=submit_and_stop)
    except Arrived:
        pass
    finally:
        resident.on_page = None
        resident.lift_card()
    return resident.shown_number() if page == "result" else None


def check_exactly_once(terminal: Terminal, receipts: list[str]) -> None:
    """Every receipt that was shown is in the journal and on the platform, once; nothing else is."""
    assert len(set(receipts)) == len(receipts)
    terminal.wait_until_stored(len(receipts))
    for number in receipts:
        assert terminal.on_platform(number)["cases"] == 1
    everything = terminal.on_platform()
    terminal.wait_until_acknowledged(everything["cases"])
    journal = terminal.in_journal()
    assert journal["verified"]
    assert everything["quarantined"] == 0
    assert everything["cases"] == journal["acknowledged"]
    assert journal["acknowledged"] >= len(receipts)
