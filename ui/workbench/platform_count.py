"""How many cases the demonstration's central platform has stored, asked with the platform's own command."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import msgspec
from PySide6.QtCore import Property, QObject, QProcess, QTimer, Signal
from PySide6.QtQml import QmlElement

QML_IMPORT_NAME = "KioskWorkbench"
QML_IMPORT_MAJOR_VERSION = 1

_AFTER_A_CHANGE_MS = 1500
"""Long enough for a case to reach the platform and be answered."""
_ANYWAY_MS = 15_000
UNKNOWN = -1


class _Report(msgspec.Struct):
    """What the command prints, as far as it is shown."""

    cases: int


@QmlElement
class PlatformCount(QObject):
    """Counts again when something has changed, and now and then."""

    changed = Signal()

    def __init__(self, data_dir: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cases = UNKNOWN
        self._process = QProcess(self)
        self._process.setProgram(sys.executable)
        self._process.setArguments(["-m", "sync.central.inspect", "--data", str(data_dir or Path())])
        self._process.finished.connect(self._read)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._count)

    @Property(int, notify=changed)
    def cases(self) -> int:
        """Cases stored; -1 while unknown."""
        return self._cases

    def count_soon(self) -> None:
        """Something has changed that may have brought a case to the platform."""
        if not self._timer.isActive() or self._timer.remainingTime() > _AFTER_A_CHANGE_MS:
            self._timer.start(_AFTER_A_CHANGE_MS)

    def close(self) -> None:
        """Stop counting."""
        self._timer.stop()
        self._process.blockSignals(True)
        self._process.kill()
        self._process.waitForFinished()

    def _count(self) -> None:
        if self._process.state() == QProcess.ProcessState.NotRunning:
            self._process.start()

    def _read(self) -> None:
        cases = UNKNOWN
        with contextlib.suppress(msgspec.MsgspecError):  # no platform yet: it says so in words
            cases = msgspec.json.decode(self._process.readAllStandardOutput().data(), type=_Report).cases
        if cases != self._cases:
            self._cases = cases
            self.changed.emit()
        self._timer.start(_ANYWAY_MS)
