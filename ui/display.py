"""How the face presents itself now: size, mode, colours, language. What the Theme of the QML side reads."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self

import PySide6
from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtQml import QmlElement, QmlSingleton, QQmlEngine

from kiosk.config import Language, Mode, Settings

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


class Palette(StrEnum):
    """The colour themes."""

    STANDARD = "standard"
    DARK = "dark"
    """High contrast, light on black."""
    LIGHT = "light"
    """High contrast, black on white."""
    LOW = "low"
    """Low contrast, for eyes that glare hurts."""


def pinyin_installed() -> bool:
    """Whether the library behind Qt's pinyin keyboard is there: PySide6-Essentials alone brings only its QML half."""
    folder = Path(PySide6.__file__).resolve().parent / "Qt" / "lib"
    return (folder / "libQt6VirtualKeyboardQml.so.6").exists()


@QmlElement
@QmlSingleton
class Display(QObject):
    """Sizes are millimetres times the calibrated pixels per millimetre, never what the screen reports of itself."""

    changed = Signal()
    languageChanged = Signal()
    _shown: ClassVar[Display | None] = None

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        screen, terminal = settings.screen, settings.terminal
        self._width_px, self._height_px = screen.width_px, screen.height_px
        self._px_per_mm = screen.px_per_mm
        self._first = (terminal.mode, terminal.language)
        self._language: Language = terminal.language
        self._moving = True
        self._still = False
        self._site_name, self._help_phone = terminal.site_name, terminal.help_phone
        self._reset_values()

    def show(self) -> Self:
        """Become the one that QML sees; there is one display in a process at a time."""
        Display._shown = self
        QQmlEngine.setObjectOwnership(self, QQmlEngine.ObjectOwnership.CppOwnership)
        return self

    @staticmethod
    def create(_engine: QQmlEngine) -> Display:
        """Called by the QML engine for its singleton."""
        assert Display._shown is not None
        return Display._shown

    # What QML reads ------------------------------------------------------------------------------

    @Property(int, notify=changed)
    def widthPx(self) -> int:
        return self._width_px

    @Property(int, notify=changed)
    def heightPx(self) -> int:
        return self._height_px

    @Property(float, notify=changed)
    def pxPerMm(self) -> float:
        return self._px_per_mm

    @Property(bool, notify=changed)
    def elder(self) -> bool:
        return self._elder

    @Property(str, notify=changed)
    def palette(self) -> str:
        return self._palette.value

    @Property(bool, notify=changed)
    def moving(self) -> bool:
        """Whether pages may slide."""
        return self._moving and not self._still and not self._elder and self._palette is Palette.STANDARD

    @Property(bool, notify=languageChanged)
    def english(self) -> bool:
        return self._language is Language.ENGLISH

    @Property(bool, constant=True)
    def pinyin(self) -> bool:
        """Whether Qt Virtual Keyboard is installed here."""
        return pinyin_installed()

    @Property(str, notify=changed)
    def siteName(self) -> str:
        return self._site_name

    @Property(str, notify=changed)
    def helpPhone(self) -> str:
        return self._help_phone

    # What Python sets ----------------------------------------------------------------------------

    @property
    def language(self) -> Language:
        """The language of this session."""
        return self._language

    @property
    def site_name(self) -> str:
        """The host's name."""
        return self._site_name

    @property
    def help_phone(self) -> str:
        """The number that stands on every page."""
        return self._help_phone

    @property
    def is_elder(self) -> bool:
        """Whether 长辈版 is on: more time, fewer choices."""
        return self._elder

    def resize(self, width_px: int, height_px: int) -> None:
        """The window has another size than the settings say."""
        if (width_px, height_px) != (self._width_px, self._height_px) and width_px > 0 and height_px > 0:
            self._width_px, self._height_px = width_px, height_px
            self.changed.emit()

    def set_elder(self, elder: bool) -> None:
        """长辈版, or back."""
        self._elder = elder
        self.changed.emit()

    def set_palette(self, palette: Palette) -> None:
        """Other colours."""
        self._palette = palette
        self.changed.emit()

    def set_language(self, language: Language) -> None:
        """Another language; what was typed stays."""
        if language is not self._language:
            self._language = language
            self.languageChanged.emit()

    def hold_still(self) -> None:
        """No motion at all: a renderer without a graphics card, or pictures being taken."""
        self._still = True
        self.changed.emit()

    def reset(self) -> None:
        """As the settings say: what one resident chose is not left to the next."""
        language = self._language
        self._reset_values()
        self.changed.emit()
        if language is not self._language:
            self.languageChanged.emit()

    def _reset_values(self) -> None:
        mode, language = self._first
        self._elder = mode is Mode.ELDER
        self._palette = Palette.DARK if mode is Mode.CONTRAST else Palette.STANDARD
        self._language = language
