"""How far a case is, as the platform says."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.domain.case import PlatformState
from kiosk.domain.receipt import in_fours
from kiosk.sentences import sentence
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_LOOKS = {
    PlatformState.UNKNOWN: ("hourglass", "guide"),
    PlatformState.RECEIVED: ("file-text", "plain"),
    PlatformState.ACCEPTED: ("file-text", "plain"),
    PlatformState.RETURNED: ("triangle-alert", "trouble"),
    PlatformState.REJECTED: ("circle-x", "trouble"),
    PlatformState.CONCLUDED: ("badge-check", "good"),
}
_ENDS = "。；，、！？.;,!? "
_MOST_STEPS = 4
"""As many as the smallest screen has room for; the slip's number brings the rest on a larger one."""


@QmlElement
class ProgressModel(PageModel):
    """The platform's answer, in words."""

    changed = Signal()

    @Property(str, notify=changed)
    def number(self) -> str:
        return in_fours(self.view.asked_number)

    @Property(str, notify=changed)
    def serviceName(self) -> str:
        pack = self.session.catalogue.get(self.view.progress.service_code) if self.view.progress else None
        shown = pack or self.view.pack
        return shown.name.in_language(self.language) if shown is not None else ""

    @Property(str, notify=changed)
    def words(self) -> str:
        return sentence(self._state(), self.language)

    @Property(str, notify=changed)
    def icon(self) -> str:
        return _LOOKS[self._state()][0]

    @Property(str, notify=changed)
    def kind(self) -> str:
        return _LOOKS[self._state()][1]

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def history(self) -> list[dict[str, str]]:
        """The newest first."""
        steps = self.view.progress.history if self.view.progress is not None else ()
        newest = sorted(steps, key=lambda step: step.at, reverse=True)[:_MOST_STEPS]
        return [{"words": sentence(step.state, self.language), "at": _moment(step.at)} for step in newest]

    @Property(str, notify=changed)
    def said(self) -> str:
        """The staff's words to the resident, in one paragraph; empty when there are none."""
        return " ".join(self.view.progress.words.split()) if self.view.progress is not None else ""

    @Slot(str, int, result="QVariantList")
    def inPieces(self, text: str, length: int) -> list[str]:
        """`text` in pieces of at most `length` characters, cut where a word or a sentence ends if one does."""
        pieces, rest = [], text
        while len(rest) > max(length, 1):
            ends = max(rest.rfind(mark, max(length // 2, 1), length) for mark in _ENDS) + 1
            cut = ends or max(length, 1)
            pieces.append(rest[:cut].strip())
            rest = rest[cut:].strip()
        return [*pieces, rest] if rest else pieces

    @Slot()
    def finish(self) -> None:
        self.navigator.finish()

    def _state(self) -> PlatformState:
        return self.view.progress.state if self.view.progress is not None else PlatformState.UNKNOWN


def _moment(text: str) -> str:
    """As the platform writes it, in the terminal's own zone; unchanged when it is not a time."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text
