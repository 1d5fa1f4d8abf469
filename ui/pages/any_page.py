"""What every view-model has: the navigator, one signal for everything it shows, and a way to forget."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtQml import QmlAnonymous

from kiosk.flow.journey import Journey
from kiosk.flow.session import Session
from ui.navigator import Navigator

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


@QmlAnonymous
class PageModel(QObject):
    """Reads the session when it is asked; keeps nothing that the session already knows."""

    changed: Any
    """Each view-model declares its own signal of this name: it is what its properties notify with."""

    def __init__(self, navigator: Navigator, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.navigator = navigator
        navigator.viewChanged.connect(self.changed)
        navigator.wiped.connect(self.forget)

    @property
    def session(self) -> Session:
        """The state machine."""
        return self.navigator.session

    @property
    def view(self) -> Journey:
        """What the session knows."""
        return self.navigator.session.view

    @property
    def language(self) -> str:
        """The tag of the language that is shown."""
        return self.navigator.language

    def prepare(self) -> None:
        """The page is about to be shown."""

    def forget(self) -> None:
        """The session is over."""
