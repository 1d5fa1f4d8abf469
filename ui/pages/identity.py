"""Is that you? The identity as a screen may show it."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.domain.resident import DocumentKind, mask_name, mask_number
from kiosk.sentences import sentence
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_SHOWN = {DocumentKind.SOCIAL_SECURITY_CARD: "slot", DocumentKind.IDENTITY_CODE: "code"}


@QmlElement
class IdentityModel(PageModel):
    """Masked; the whole identity never reaches QML."""

    changed = Signal()

    @Property(str, notify=changed)
    def name(self) -> str:
        return mask_name(self.view.resident.name) if self.view.resident is not None else ""

    @Property(str, notify=changed)
    def number(self) -> str:
        return mask_number(self.view.resident.number) if self.view.resident is not None else ""

    @Property(str, notify=changed)
    def shown(self) -> str:
        """What was shown: a card on the plate, a card in the slot, or a code."""
        return _SHOWN.get(self.view.resident.kind, "plate") if self.view.resident is not None else ""

    @Property(str, notify=changed)
    def kind(self) -> str:
        return sentence(self.view.resident.kind, self.language) if self.view.resident is not None else ""

    @Property(bool, notify=changed)
    def expired(self) -> bool:
        today = datetime.now(UTC).astimezone().date()
        return self.view.resident is not None and self.view.resident.expired(today)

    @Slot()
    def confirm(self) -> None:
        self.navigator.carry_out(self.session.confirm_identity())

    @Slot()
    def deny(self) -> None:
        self.navigator.carry_out(self.session.deny_identity())
