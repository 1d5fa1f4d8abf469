"""A new catalogue comes into use between two residents: at the attract page, never under somebody's hands."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from kiosk.catalogue.installed import offered
from kiosk.config import Settings

if TYPE_CHECKING:
    from ui.navigator import Navigator

log = logging.getLogger(__name__)


class CatalogueRenewal(QObject):
    """Reads the catalogue anew when the sync process tells of another version and nobody is in a session."""

    def __init__(self, navigator: Navigator, settings: Settings) -> None:
        super().__init__(navigator)
        self._navigator, self._settings = navigator, settings
        self._waiting = False
        navigator.errands.line.catalogueChanged.connect(self._note)
        navigator.pageChanged.connect(self._renew_if_free)
        self._note()

    def _note(self) -> None:
        told = self._navigator.errands.line.report.catalogue_version
        self._waiting = told is not None and told != self._navigator.errands.catalogue.signed_version
        self._renew_if_free()

    def _renew_if_free(self) -> None:
        if self._waiting and self._is_free():
            # Not within the turn to the attract page: it is painted first.
            QTimer.singleShot(0, self, self._renew)

    def _renew(self) -> None:
        if not (self._waiting and self._is_free()):
            return
        self._waiting = False
        settings = self._settings
        catalogue = offered(settings.paths.packs_dir, settings.catalogue_dir, settings.publisher_key)
        for refused in catalogue.refused:
            log.error("a service pack was refused", extra={"file": refused.file, "line": refused.line})
        if catalogue.packs:
            self._navigator.errands.catalogue = self._navigator.session.catalogue = catalogue

    def _is_free(self) -> bool:
        return self._navigator.session.stage.value == "attract"
