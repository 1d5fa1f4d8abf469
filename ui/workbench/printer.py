"""The printer's panel: its paper, its cover, and the slip that hangs out of it."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Property, QObject, QUrl, Signal, Slot
from PySide6.QtQml import QmlElement

from ui.workbench.device import SimulatedDevice

QML_IMPORT_NAME = "KioskWorkbench"
QML_IMPORT_MAJOR_VERSION = 1

_QR_STORE = re.compile(rb"\x1d\x28\x6b(?P<length>..)\x31\x50\x30", re.DOTALL)
"""ESC/POS function 180 (GS ( k, cn 49, fn 80, m 48): what the next QR code holds."""
_COUNTED_BEFORE_DATA = 3
"""cn, fn and m are part of the length."""


def code_on(slip: bytes) -> str:
    """What the QR code holds that is printed by these bytes; empty when they print none, or draw it as dots."""
    found = _QR_STORE.search(slip)
    if found is None:
        return ""
    length = int.from_bytes(found["length"], "little") - _COUNTED_BEFORE_DATA
    return slip[found.end() : found.end() + length].decode("utf-8", "replace")


@QmlElement
class PrinterPlayer(QObject):
    """Feeds the printer, opens it, and takes its slips; the last one stays in the hand to be scanned."""

    changed = Signal()
    slipChanged = Signal()

    def __init__(
        self, socket: Path | None = None, folder: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._device = SimulatedDevice(socket, self)
        self._device.changed.connect(self.changed)
        self._device.stateTold.connect(self._fetch_slip)
        self._folder = folder or Path()
        self._asked_for = 0
        self._picture: Path | None = None
        self._code = ""

    @Property(SimulatedDevice, constant=True)
    def device(self) -> SimulatedDevice:
        """The printer's simulator."""
        return self._device

    @Property(str, notify=changed)
    def paper(self) -> str:
        """How much paper there is: full, low or out."""
        return str(self._device.state.get("paper", ""))

    @Property(bool, notify=changed)
    def coverOpen(self) -> bool:
        """Whether the cover is open."""
        return self._device.state.get("cover") == "open"

    @Property(bool, notify=changed)
    def cutterJammed(self) -> bool:
        """Whether the cutter is stuck."""
        return self._device.state.get("cutter") == "jam"

    @Property(bool, notify=changed)
    def slipHangs(self) -> bool:
        """Whether a slip waits to be taken."""
        return self._device.link.is_open and not self._device.state.get("taken", True)

    @Property(QUrl, notify=slipChanged)
    def slipPicture(self) -> QUrl:
        """The last slip; empty before the first."""
        return QUrl.fromLocalFile(self._picture) if self._picture else QUrl()

    @Property(str, notify=slipChanged)
    def slipCode(self) -> str:
        """What the last slip's QR code holds."""
        return self._code

    @Slot()
    def takeSlip(self) -> None:
        """Tear the slip off."""
        self._device.ask("take_paper")

    @Slot(str)
    def setPaper(self, paper: str) -> None:
        """Load paper (full), leave little of it (low) or take it out (out)."""
        self._device.ask("set", paper=paper)

    @Slot()
    def toggleCover(self) -> None:
        """Open the cover, or close it."""
        self._device.ask("set", cover="closed" if self._device.state.get("cover") == "open" else "open")

    @Slot()
    def toggleCutter(self) -> None:
        """Jam the cutter, or free it."""
        self._device.ask("set", cutter="ok" if self._device.state.get("cutter") == "jam" else "jam")

    def close(self) -> None:
        """Hang up, and leave no picture behind."""
        self._device.link.close()
        self._forget_picture()

    def _forget_picture(self) -> None:
        if self._picture is not None:
            self._picture.unlink(missing_ok=True)
            self._picture = None

    def _fetch_slip(self) -> None:
        """A slip that is new is fetched, as a picture and as bytes."""
        count = int(self._device.state.get("slips", 0))
        if count and count != self._asked_for:
            self._asked_for = count
            files = [self._folder / f"workbench-slip-{count}.{kind}" for kind in ("png", "bin")]
            self._device.link.call(
                "last_slip", lambda _: self._show(*files), png=str(files[0]), bin=str(files[1])
            )

    def _show(self, picture: Path, content: Path) -> None:
        self._forget_picture()
        self._picture = picture
        self._code = code_on(content.read_bytes())
        content.unlink()
        self.slipChanged.emit()
