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
        fault = self.view.slip_fault
        if self.view.slip is SlipState.UNCONFIRMED and fault is PrintFault.NONE:
            fault = PrintFault.NO_ANSWER
        return sentence(fault, self.language) if fault is not PrintFault.NONE else ""

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
        if self.view.slip is SlipState.UNCONFIRMED and self.view.receipt is not None:
            self.navigator.errands.records.slip_taken(self.view.receipt)
        self.navigator.carry_out(self.session.decline_slip())

    @Slot()
    def finish(self) -> None:
        self.navigator.finish()
