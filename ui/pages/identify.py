"""Identify: lay the card, reading, a fault and the way on, the reader recovering."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal
from PySide6.QtQml import QmlElement

from kiosk.domain.device_status import DeviceClass, DeviceState
from kiosk.domain.trust import Rung
from kiosk.flow.availability import Situation
from kiosk.ports import CardFault
from kiosk.sentences import sentence
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_RECOVERING = (DeviceState.STARTING, DeviceState.OFFLINE, DeviceState.NO_DEVICE, DeviceState.POWER_OFF)


@QmlElement
class IdentifyModel(PageModel):
    """Where the reading of a card stands, or the asking about a code."""

    changed = Signal()

    @Property(str, notify=changed)
    def phase(self) -> str:
        """Lay (an ID card), insert (a social-security card, the only reader that works), reading, asking or recovering."""
        if self.view.identity_try:
            return "asking"
        if self._slot_only():
            return "reading" if self.view.reading else "insert"
        if self._recovering():
            return "recovering"
        return "reading" if self.view.reading else "lay"

    @Property(bool, notify=changed)
    def codeWelcome(self) -> bool:
        """Whether a live code will do instead of a card, here and now."""
        pack = self.view.pack
        return pack is not None and pack.rung is Rung.CODE and self.navigator.errands.situation().takes_codes

    @Property(bool, notify=changed)
    def socialCardWelcome(self) -> bool:
        """Whether there is a reader for social-security cards, and it works."""
        return self._usable(DeviceClass.SOCIAL_CARD_READER)

    @Property(bool, notify=changed)
    def slotOnly(self) -> bool:
        """Whether a social-security card is the only card that can be read now."""
        return self._slot_only()

    @Property(str, notify=changed)
    def fault(self) -> str:
        if self.view.code_refusal is not None:
            return sentence(self.view.code_refusal, self.language)
        status = self.navigator.errands.devices.statuses.get(DeviceClass.ID_CARD_READER)
        if not self._slot_only():
            if status is not None and status.state is DeviceState.HARDWARE_ERROR:
                return sentence(CardFault.READER_FAULT, self.language)
            if self._recovering():
                return sentence(CardFault.NO_ANSWER, self.language)
        fault = self.view.card_fault
        if fault is None or fault is CardFault.NO_ANSWER:
            # The reader is back; the page asks for the card again.
            return ""
        return sentence(fault, self.language)

    def _slot_only(self) -> bool:
        return self._usable(DeviceClass.SOCIAL_CARD_READER) and not self._usable(DeviceClass.ID_CARD_READER)

    def _usable(self, device: DeviceClass) -> bool:
        return Situation(devices=self.navigator.errands.devices.statuses).usable(device)

    def _recovering(self) -> bool:
        status = self.navigator.errands.devices.statuses.get(DeviceClass.ID_CARD_READER)
        return not self.navigator.errands.devices.reachable or status is None or status.state in _RECOVERING
