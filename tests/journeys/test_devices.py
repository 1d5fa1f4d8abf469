"""Cards that are lifted, paper that ends, cables that are pulled: a sentence on the screen and a way on."""

import pytest

from kiosk.catalogue.pack import Pack
from kiosk.domain.device_status import DeviceClass
from kiosk.domain.printing import PrintFault
from kiosk.flow.availability import Obstacle
from kiosk.ports import CardFault
from kiosk.sentences import sentence
from tests.journeys.terminal import Terminal, tell, to_identify

PRINTER, READER = DeviceClass.RECEIPT_PRINTER, DeviceClass.ID_CARD_READER


@pytest.mark.fault(85)
def test_card_lifted_while_being_read(terminal: Terminal, pension: Pack) -> None:
    to_identify(terminal, pension)
    tell(terminal, READER, "fault", at="byte 700", do="lift")
    terminal.resident.lay_card()
    terminal.resident.see(sentence(CardFault.MOVED, "zh_CN"))
    terminal.resident.lay_card()
    terminal.resident.wait_for("identity")


@pytest.mark.fault(91)
def test_bank_card_on_the_reader(terminal: Terminal, pension: Pack) -> None:
    to_identify(terminal, pension)
    terminal.resident.card = "bank"
    terminal.resident.lay_card()
    terminal.resident.see(sentence(CardFault.NOT_AN_ID_CARD, "zh_CN"))


@pytest.mark.fault(94)
def test_reader_unplugged_on_the_identify_page_and_plugged_in_again(
    terminal: Terminal, pension: Pack
) -> None:
    to_identify(terminal, pension)
    tell(terminal, READER, "unplug", for_s=1.0)
    terminal.resident.lay_card()
    terminal.resident.wait_for("identity")


@pytest.mark.fault(71)
def test_paper_out_is_said_before_the_start(terminal: Terminal, pension: Pack) -> None:
    resident = terminal.resident
    resident.wait_for("attract")
    tell(terminal, PRINTER, "set", paper="out")
    resident.press(resident.name("start"))
    resident.wait_for("home")
    resident.press(pension.name.in_language(resident.language))
    resident.wait_for("service")
    resident.see(sentence(Obstacle.NO_SLIP, "zh_CN"))


@pytest.mark.fault(72, 73)
@pytest.mark.parametrize(
    ("method", "params", "fault"),
    [
        ("fault", {"at": "byte 200", "do": "paper_out"}, PrintFault.PAPER_OUT),
        ("fault", {"at": "byte 200", "do": "cover_open"}, PrintFault.COVER_OPEN),
    ],
    ids=["paper-out", "cover-open"],
)
def test_printer_trouble_in_the_middle_of_a_slip(
    terminal: Terminal, pension: Pack, method: str, params: dict[str, object], fault: PrintFault
) -> None:
    resident = terminal.resident
    tell(terminal, PRINTER, method, **params)
    receipt = resident.do_case(pension)
    resident.see(sentence(fault, "zh_CN"))
    assert resident.shown_number() == receipt
    tell(terminal, PRINTER, "set", paper="full", cover="closed")
    resident.press(resident.name("print_again"))
    resident.see(resident.name("slip_ready"))
    terminal.wait_until_stored(1)
    assert terminal.on_platform(receipt)["cases"] == 1


@pytest.mark.fault(76)
def test_printer_unplugged_in_the_middle_of_a_slip(terminal: Terminal, pension: Pack) -> None:
    resident = terminal.resident
    tell(terminal, PRINTER, "fault", at="byte 200", do="unplug", for_s=1.0)
    receipt = resident.do_case(pension)
    resident.see(resident.name("print_again"))
    assert resident.shown_number() == receipt
    resident.wait_until_open()
    resident.press(resident.name("print_again"))
    resident.see(resident.name("slip_ready"))
