"""The line fails in every way while residents come and go: queued, retried, exactly once on the platform."""

import pytest

from kiosk.catalogue.pack import Pack
from kiosk.domain.case import PlatformState
from kiosk.domain.receipt import qr_text
from kiosk.flow.availability import LineState, Obstacle
from kiosk.flow.journey import Delivery
from kiosk.sentences import sentence
from tests.journeys.terminal import Terminal
from tests.journeys.test_killed_at_every_page import check_exactly_once


@pytest.mark.fault(51)
@pytest.mark.slow
def test_every_answer_of_the_platform_is_lost_once(terminal: Terminal, pension: Pack) -> None:
    """Each request arrives and is acted on, and its answer never comes back; then the line is good again."""
    receipts = []
    resident = terminal.resident
    for _ in range(3):
        # At the last moment: a heartbeat that is lost before would tell the sender to wait for the line.
        receipts.append(resident.do_case(pension, before_confirm=lambda: resident.set_line("lose_answer")))
        terminal.wait_until_stored(len(receipts))
        assert terminal.on_platform(receipts[-1])["cases"] == 1
        assert terminal.in_journal()["acknowledged"] == len(receipts) - 1
        resident.set_line("up")
        resident.see(sentence(Delivery.DELIVERED, resident.language), patience_s=20)
        assert terminal.on_platform(receipts[-1])["received"] >= 2
        resident.press(resident.name("done"))
    check_exactly_once(terminal, receipts)


@pytest.mark.fault(40, 45, 54, 59)
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["cut", "portal", "error500", "blackhole"])
def test_line_in_trouble_during_a_case(terminal: Terminal, pension: Pack, mode: str) -> None:
    resident = terminal.resident
    receipt = resident.do_case(pension, before_confirm=lambda: resident.set_line(mode))
    assert terminal.on_platform(receipt)["cases"] == 0
    assert terminal.in_journal()["acknowledged"] == 0
    resident.set_line("up")
    resident.see(sentence(Delivery.DELIVERED, resident.language), patience_s=40)
    check_exactly_once(terminal, [receipt])


def test_progress_cannot_be_asked_without_a_line_and_says_so_before(terminal: Terminal) -> None:
    resident = terminal.resident
    resident.wait_for("attract")
    resident.set_line("cut")
    resident.press(resident.name("start"))
    resident.wait_for("home")
    resident.see(sentence(LineState.OFFLINE, resident.language))
    resident.press("办件进度查询")
    resident.wait_for("service")
    resident.see(sentence(Obstacle.NO_LINE, resident.language))


def test_slip_of_a_case_that_has_not_arrived_yet_is_told_so(terminal: Terminal) -> None:
    resident = terminal.resident
    resident.wait_for("attract")
    resident.show_slip(
        qr_text("1000010000000090"[:14] + f"{98 - int('10000100000000') * 100 % 97:02d}"), "progress"
    )
    resident.see(sentence(PlatformState.UNKNOWN, resident.language))
