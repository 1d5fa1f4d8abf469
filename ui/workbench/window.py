"""Composition of the workbench: one player for each simulator, and the window that shows them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtQml import QQmlApplicationEngine
from PySide6.QtQuick import QQuickWindow

from kiosk.domain.device_status import DeviceClass
from ui.workbench.card_reader import CardReaderPlayer
from ui.workbench.line import LinePlayer
from ui.workbench.more_devices import MoreDevices
from ui.workbench.platform_count import PlatformCount
from ui.workbench.printer import PrinterPlayer
from ui.workbench.scanner import ScannerPlayer

_FOLDER = Path(__file__).resolve().parent
_TRANSLATIONS = _FOLDER.parent / "i18n"


class WorkbenchWindow:
    """Everything of the second window; `close` takes it apart in the order that Qt needs."""

    def __init__(self, run_dir: Path, language: str = "zh_CN") -> None:
        self._translator = QTranslator()
        if self._translator.load(f"workbench_{language}", str(_TRANSLATIONS)):
            QCoreApplication.installTranslator(self._translator)
        self.reader = CardReaderPlayer(run_dir / f"sim-{DeviceClass.ID_CARD_READER}.sock")
        self.printer = PrinterPlayer(run_dir / f"sim-{DeviceClass.RECEIPT_PRINTER}.sock", run_dir)
        self.scanner = ScannerPlayer(run_dir / f"sim-{DeviceClass.BARCODE_SCANNER}.sock")
        self.line = LinePlayer(run_dir / "line.sock")
        self.more = MoreDevices(run_dir)
        # A demonstration keeps its platform beside its sockets.
        self.platform = PlatformCount(run_dir.parent / "platform")
        self.printer.changed.connect(self.platform.count_soon)
        self.line.changed.connect(self.platform.count_soon)
        self.engine: QQmlApplicationEngine | None = QQmlApplicationEngine()
        self.engine.addImportPath(str(_FOLDER / "qml"))
        self.engine.setInitialProperties(
            {
                "reader": self.reader,
                "printer": self.printer,
                "scanner": self.scanner,
                "line": self.line,
                "more": self.more,
                "platform": self.platform,
            }
        )
        self.engine.loadFromModule("KioskWorkbench", "Main")
        if not self.engine.rootObjects():
            raise RuntimeError("the workbench's window could not be made")
        window = self.engine.rootObjects()[0]
        assert isinstance(window, QQuickWindow)
        self.window = window

    def close(self) -> None:
        """The engine dies before the players that it shows."""
        if self.engine is None:
            return
        self.window.close()
        self.engine = None
        self.platform.close()
        for player in (self.reader, self.printer, self.scanner, self.line, self.more):
            player.close()
        QCoreApplication.removeTranslator(self._translator)
