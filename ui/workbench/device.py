"""What all panels share: whether the simulator runs, its plug, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QmlElement

from ui.workbench.simulator_link import SimulatorLink

QML_IMPORT_NAME = "KioskWorkbench"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class SimulatedDevice(QObject):
    """One simulator as the workbench shows it."""

    changed = Signal()

    stateTold = Signal()
    """The simulator has said something new of itself; emitted before `changed`."""

    def __init__(self, socket: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state: dict[str, Any] = {}
        self._refusal = ""
        self.link = SimulatorLink(socket or Path(), self)
        self.link.openChanged.connect(self.changed)
        self.link.stateTold.connect(self._remember)
        self.link.refused.connect(self._complain)

    @Property(bool, notify=changed)
    def running(self) -> bool:
        """Whether the simulator answers."""
        return self.link.is_open

    @Property(bool, notify=changed)
    def plugged(self) -> bool:
        """Whether its cable is in."""
        return self.link.is_open and bool(self.state.get("plugged", True))

    @Property(str, notify=changed)
    def refusal(self) -> str:
        """The simulator's sentence about the last thing it did not do; empty when it did."""
        return self._refusal

    @Slot()
    def togglePlug(self) -> None:
        """Pull the plug, or put it back."""
        self.ask("unplug" if self.state.get("plugged", True) else "plug")

    def ask(self, method: str, then: Callable[[Any], None] | None = None, **params: Any) -> None:
        """Call the simulator, forgetting what it refused before."""
        self._refusal = ""
        self.link.call(method, then, **params)
        self.changed.emit()

    def _remember(self, state: dict[str, Any]) -> None:
        if state == self.state:
            return
        self.state = state
        self.stateTold.emit()
        self.changed.emit()

    def _complain(self, sentence: str) -> None:
        self._refusal = sentence
        self.changed.emit()
