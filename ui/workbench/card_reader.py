"""The card reader's panel: a card in the hand, and one on the plate."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QmlElement

from ui.workbench.device import SimulatedDevice

QML_IMPORT_NAME = "KioskWorkbench"
QML_IMPORT_MAJOR_VERSION = 1

_FIRST_CARD = "测试甲"
_MIDDLE_OF_THE_ANSWER = "byte 700"
"""A domestic card's answer has 1,295 bytes."""


@QmlElement
class CardReaderPlayer(QObject):
    """Lays cards on the reader and lifts them; cards go by the names that the simulator gives them."""

    changed = Signal()
    chosenChanged = Signal()

    def __init__(self, socket: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._device = SimulatedDevice(socket, self)
        self._device.changed.connect(self.changed)
        self._chosen = _FIRST_CARD

    @Property(SimulatedDevice, constant=True)
    def device(self) -> SimulatedDevice:
        """The reader's simulator."""
        return self._device

    @Property(str, notify=chosenChanged)
    def chosen(self) -> str:
        """The card in the hand."""
        return self._chosen

    @Property(str, notify=changed)
    def lying(self) -> str:
        """The card on the plate; empty when there is none."""
        return str(self._device.state.get("card") or "") if self._device.link.is_open else ""

    @Slot(str)
    def choose(self, card: str) -> None:
        """Take another card; if one lies on the plate, it is exchanged."""
        self._chosen = card
        self.chosenChanged.emit()
        if self._device.state.get("card"):
            self._device.ask("place_card", card=card)

    @Slot()
    def lay(self) -> None:
        """Lay the chosen card on the plate."""
        self._device.ask("place_card", card=self._chosen)

    @Slot()
    def lift(self) -> None:
        """Take the card away."""
        self._device.ask("lift_card")

    @Slot()
    def layAndSnatch(self) -> None:
        """Lay the card down and take it away in the middle of being read."""
        self._device.ask("fault", do="lift", at=_MIDDLE_OF_THE_ANSWER)
        self.lay()

    def close(self) -> None:
        """Hang up."""
        self._device.link.close()
