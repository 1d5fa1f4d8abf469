"""Home: the four blocks, and what most people come for."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.catalogue.pack import Block, Pack
from kiosk.flow.availability import Obstacle, Situation
from kiosk.sentences import sentence
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


def listed(packs: list[Pack], language: str, *, plain: bool) -> list[dict[str, str]]:
    """Services as a list shows them."""
    return [
        {
            "code": pack.code,
            "icon": pack.icon,
            "name": (pack.plain_name if plain else pack.name).in_language(language),
            "note": pack.summary.in_language(language),
        }
        for pack in packs
    ]


@QmlElement
class HomeModel(PageModel):
    """What the home page offers."""

    changed = Signal()

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def frequent(self) -> list[dict[str, str]]:
        return listed(self.session.catalogue.frequent(), self.language, plain=self.navigator.display.is_elder)

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def elderList(self) -> list[dict[str, str]]:
        """One column of everything, the frequent first: an elder's home has no blocks to guess."""
        packs = list(self.session.catalogue.packs.values())
        packs.sort(key=lambda pack: not pack.frequent)
        return listed(packs, self.language, plain=True)

    @Property(str, notify=changed)
    def notice(self) -> str:
        """Why the code that was just shown does not count; else why nothing can be begun."""
        if self.view.code_refusal is not None:
            return sentence(self.view.code_refusal, self.language)
        return sentence(Obstacle.ON_BATTERY, self.language) if self._on_battery() else ""

    @Property(str, notify=changed)
    def noticeIcon(self) -> str:
        return "battery-low" if self.view.code_refusal is None else "scan-line"

    @Slot(str)
    def openBlock(self, block: str) -> None:
        self.navigator.carry_out(self.session.open_block(Block(block)))

    @Slot(str)
    def choose(self, code: str) -> None:
        self.navigator.carry_out(self.session.choose(code))

    def _on_battery(self) -> bool:
        return Situation(devices=self.navigator.errands.devices.statuses).on_battery
