"""已收件: the number, the slip, and what happens next."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.domain.printing import PrintFault
from kiosk.domain.receipt import in_fours
from kiosk.flow.journey import Delivery, SlipState
from kiosk.sentences import sentence
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_DELIVERY_ICONS = {Delivery.DELIVERED: "circle-check", Delivery.WAITING_FOR_LINE: "wifi-off"}
_NEXT_ICONS = ("calendar-clock", "search", "file-text")


@QmlElement
class ResultModel(PageModel):
    """What was promised, and where the paper and the delivery stand."""

    changed = Signal()

    @Property(str, notify=changed)
    def number(self) -> str:
        return in_fours(self.view.receipt.number) if self.view.receipt is not None else ""

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def next(self) -> list[dict[str, str]]:
        """Was it sent, and what happens by when."""
        delivery = self.view.delivery
        lines = [{"icon": _DELIVERY_ICONS.get(delivery, "send"), "text": sentence(delivery, self.language)}]
        pack = self.view.pack
        for number, line in enumerate(pack.next_steps if pack is not None else ()):
            icon = _NEXT_ICONS[min(number, len(_NEXT_ICONS) - 1)]
            lines.append({"icon": icon, "text": line.in_language(self.language)})
        return lines

    @Property(str, notify=changed)
    def slip(self) -> str:
        return self.view.slip.value

    @Property(str, notify=changed)
    def slipFault(self) -> str:
        """Why there is no slip; a doubtful one is no fault but a question."""
        fault = self.view.slip_fault
        failed = self.view.slip is SlipState.FAILED and fault is not PrintFault.NONE
        return sentence(fault, self.language) if failed else ""

    @Property(bool, notify=changed)
    def canPrint(self) -> bool:
        """Whether to offer another try: something went wrong, or the printer has come back."""
        if self.view.slip is SlipState.NONE:
            return self.navigator.errands.printer_usable
        return self.view.slip in (SlipState.FAILED, SlipState.UNCONFIRMED)

    @Slot()
    def printAgain(self) -> None:
        self.navigator.carry_out(self.session.print_again())

    @Slot()
    def decline(self) -> None:
        self.navigator.carry_out(self.session.decline_slip())

    @Slot()
    def confirmTaken(self) -> None:
        self.navigator.carry_out(self.session.slip_taken())

    @Slot()
    def finish(self) -> None:
        self.navigator.finish()
