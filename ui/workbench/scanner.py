"""The scanner's panel: what is held under the light."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Property, QObject, Slot
from PySide6.QtQml import QmlElement

from ui.workbench.device import SimulatedDevice

QML_IMPORT_NAME = "KioskWorkbench"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class ScannerPlayer(QObject):
    """Shows codes to the scanner."""

    def __init__(self, socket: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._device = SimulatedDevice(socket, self)

    @Property(SimulatedDevice, constant=True)
    def device(self) -> SimulatedDevice:
        """The scanner's simulator."""
        return self._device

    @Slot(str)
    def scan(self, text: str) -> None:
        """Show a code that holds `text`."""
        if text.strip():
            self._device.ask("scan", text=text.strip())

    def close(self) -> None:
        """Hang up."""
        self._device.link.close()
