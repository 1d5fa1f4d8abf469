"""The line's panel: the cable between the terminal and its central platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Property, QObject, QTimer, Signal, Slot
from PySide6.QtQml import QmlElement

from ui.workbench.device import SimulatedDevice

QML_IMPORT_NAME = "KioskWorkbench"
QML_IMPORT_MAJOR_VERSION = 1

_LOST_ANSWERS = 3
_GLANCE_MS = 1000
"""The line tells no changes of itself, and some of its modes end by themselves."""


@QmlElement
class LinePlayer(QObject):
    """Cuts the line, or makes it misbehave in the ways in which lines do."""

    changed = Signal()

    def __init__(self, socket: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._device = SimulatedDevice(socket, self)
        self._device.changed.connect(self.changed)
        self._glance_timer = QTimer(self, interval=_GLANCE_MS)
        self._glance_timer.timeout.connect(self._glance)
        self._glance_timer.start()

    @Property(SimulatedDevice, constant=True)
    def device(self) -> SimulatedDevice:
        """The line's simulator."""
        return self._device

    @Property(str, notify=changed)
    def mode(self) -> str:
        """How the line is: up, cut, blackhole, lose_answer, slow, portal, error500; empty when unknown."""
        return str(self._device.state.get("mode", "")) if self._device.link.is_open else ""

    @Slot(str)
    def setMode(self, mode: str) -> None:
        """Make it so; a line that loses answers loses the next few and is up again."""
        if mode == "lose_answer":
            self._device.ask("set", self._look, mode=mode, times=_LOST_ANSWERS)
        else:
            self._device.ask("set", self._look, mode=mode)

    def close(self) -> None:
        """Hang up."""
        self._glance_timer.stop()
        self._device.link.close()

    def _glance(self) -> None:
        self._device.link.call("state", self._look)

    def _look(self, state: dict[str, Any]) -> None:
        """Its counters change with every heartbeat; the window shows only the mode."""
        self._device.link.stateTold.emit({"mode": state.get("mode", "")})
