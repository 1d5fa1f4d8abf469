"""Shows scenes in one window of one size, in any mode and language."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import PySide6.QtQuick  # noqa: F401 - first, so that the face's window is one of QtQuick's to Python
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage

from kiosk.config import Language, PathSettings, ScreenSettings, Settings, TerminalSettings
from kiosk.flow.availability import LineState
from ui.display import Palette
from ui.gallery.face import StandInFace
from ui.gallery.scenes import Scene
from ui.gallery.stand_ins import ordinary

SIZES = {"portrait": (1080, 1920, 4.03), "landscape": (1920, 1080, 4.03), "tablet": (1280, 800, 5.88)}
MODES = {
    "standard": (False, Palette.STANDARD),
    "elder": (True, Palette.STANDARD),
    "dark": (False, Palette.DARK),
    "light": (False, Palette.LIGHT),
    "low": (False, Palette.LOW),
}


class Exhibition:
    """One face of one size, playing scenes."""

    def __init__(self, size: str) -> None:
        width, height, px_per_mm = SIZES[size]
        self._folder = TemporaryDirectory(prefix="linban-")
        settings = Settings(
            terminal=TerminalSettings(site_name="青石村便民服务站"),
            screen=ScreenSettings(width_px=width, height_px=height, px_per_mm=px_per_mm, fullscreen=False),
            paths=PathSettings(run_dir=Path(self._folder.name)),
        )
        self.face = StandInFace(settings)
        self.face.display.hold_still()
        self.face.show()
        while not self.face.loaded:
            settle()
        settle()

    def show(self, scene: Scene, mode: str, language: Language) -> None:
        """Play `scene` from the attract page on."""
        face = self.face
        face.stand_in_records.fault = face.stand_in_records.refusal = None
        face.stand_in_records.handed_in_before = None
        face.stand_in_line.state = LineState.ONLINE
        face.stand_in_devices.statuses = ordinary()
        face.navigator.carry_out(face.navigator.session.return_to_service())
        # What is being recorded is not left alone: first it must have been recorded.
        face.navigator.painted()
        face.navigator.finish()
        face.idle_timer.touch()
        elder, palette = MODES[mode]
        face.display.set_elder(elder)
        face.display.set_palette(palette)
        face.display.set_language(language)
        face.frame.look()
        scene.play(face)
        settle()
        self.picture()  # positioners lay their items out only just before a frame is painted

    def picture(self) -> QImage:
        """What the screen shows."""
        image: QImage = self.face.window.grabWindow()
        return image

    def close(self) -> None:
        """Put it away."""
        self.face.close()
        self._folder.cleanup()


def settle() -> None:
    """Let Qt lay out and clean up, without letting time pass."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, 0)
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
