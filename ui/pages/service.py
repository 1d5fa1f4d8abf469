"""The card of one service, and what stands in its way today."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.catalogue.pack import LocalText, Pack
from kiosk.flow.availability import Availability, Obstacle, availability
from kiosk.sentences import sentence
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_ICONS = {
    Obstacle.ON_BATTERY: "battery-low",
    Obstacle.SENT_LATER: "wifi-off",
    Obstacle.NO_LINE: "wifi-off",
    Obstacle.NO_SLIP: "printer",
    Obstacle.STOPPED: "triangle-alert",
    Obstacle.NO_ROOM: "triangle-alert",
    Obstacle.NO_READER: "id-card",
}


@QmlElement
class ServiceModel(PageModel):
    """Everything worth knowing before any effort is spent."""

    changed = Signal()

    @Property(str, notify=changed)
    def name(self) -> str:
        pack = self.view.pack
        if pack is None:
            return ""
        return (pack.plain_name if self.navigator.display.is_elder else pack.name).in_language(self.language)

    @Property(str, notify=changed)
    def summary(self) -> str:
        return self._words(lambda pack: pack.summary)

    @Property(str, notify=changed)
    def who(self) -> str:
        return self._words(lambda pack: pack.facts.who)

    @Property(str, notify=changed)
    def bring(self) -> str:
        return self._words(lambda pack: pack.facts.bring)

    @Property(str, notify=changed)
    def howLong(self) -> str:
        return self._words(lambda pack: pack.facts.how_long)

    @Property(str, notify=changed)
    def cost(self) -> str:
        return self._words(lambda pack: pack.facts.cost)

    @Property(str, notify=changed)
    def collect(self) -> str:
        return self._words(lambda pack: pack.facts.collect)

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def obstacles(self) -> list[dict[str, str | bool]]:
        can_start = self._availability().can_start
        return [
            {
                "text": sentence(obstacle, self.language),
                "icon": _ICONS.get(obstacle, "triangle-alert"),
                "blocking": not can_start and not Availability((obstacle,)).can_start,
            }
            for obstacle in self._availability().obstacles
        ]

    @Property(bool, notify=changed)
    def canStart(self) -> bool:
        return self._availability().can_start

    @Slot()
    def begin(self) -> None:
        if self._availability().can_start:
            self.navigator.carry_out(self.session.begin())

    def _availability(self) -> Availability:
        pack = self.view.pack
        return (
            availability(pack, self.navigator.errands.situation()) if pack is not None else Availability(())
        )

    def _words(self, part: object) -> str:
        pack = self.view.pack
        assert callable(part)
        text: LocalText | None = part(pack) if isinstance(pack, Pack) else None
        return text.in_language(self.language) if text is not None else ""
