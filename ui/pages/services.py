"""The services of one block."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from ui.pages.any_page import PageModel
from ui.pages.home import listed

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class ServicesModel(PageModel):
    """What one block offers."""

    changed = Signal()

    @Property(str, notify=changed)
    def block(self) -> str:
        return self.view.block.value if self.view.block is not None else ""

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def services(self) -> list[dict[str, str]]:
        block = self.view.block
        packs = self.session.catalogue.in_block(block) if block is not None else []
        return listed(packs, self.language, plain=self.navigator.display.is_elder)

    @Slot(str)
    def choose(self, code: str) -> None:
        self.navigator.carry_out(self.session.choose(code))
