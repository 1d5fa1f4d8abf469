"""Carries the session: what happens goes in, the effects it asks for are carried out, its stage becomes a page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Property, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtQml import QmlElement

from kiosk.config import Language
from ui.display import Display, Palette

if TYPE_CHECKING:
    from kiosk.clock import Clock
    from kiosk.domain.case import Case
    from kiosk.errors import LineFault
    from kiosk.flow.effects import Effect
    from kiosk.flow.idle import IdleReading, IdleTimer
    from kiosk.flow.journey import Progress
    from kiosk.flow.session import Session
    from ui.bridge.errands import Errands

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

HELP, DISPLAY, KEEPER = "help", "display", "keeper"
"""Pages that lie over a stage and go back to it."""
_KEEPER_FROM = ("attract", "home", "out_of_service")
_PAINT_WAIT_MS = 60
_ELDER_STRETCH = 2.0

log = logging.getLogger(__name__)


@QmlElement
class Navigator(QObject):
    """One for the life of the face. The session inside it is begun anew for each resident.

    Until `take_up` was called there is only the attract page; a touch on it is remembered.
    """

    ready = Signal()
    """Everything behind the attract page is loaded."""
    pageTurned = Signal()
    pageLeft = Signal()
    pageChanged = Signal()
    viewChanged = Signal()
    """What the present page shows has changed; the page stays."""
    waitingChanged = Signal()
    wiped = Signal()
    scanRefused = Signal()
    """Something was shown to the scanner that does not count; the session knows why."""

    def __init__(self, display: Display, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.display = display
        self._page = "attract"
        self._over = ""
        self._waiting = False
        self._models: dict[str, QObject] = {}
        self._frame: QObject | None = None
        self._session: Session | None = None
        self._idle: IdleTimer | None = None
        self._paint_waiters: list[Callable[[], None]] = []
        self._painted = QTimer(self, singleShot=True, interval=_PAINT_WAIT_MS)
        self._painted.timeout.connect(self.painted)

    def take_up(
        self,
        errands: Errands,
        clock: Clock,
        idle: IdleTimer,
        frame: QObject,
        models: dict[str, QObject],
    ) -> None:
        """Everything is loaded: work from now on. `models` has a view-model for each page but the attract page."""
        from kiosk.flow.session import Session

        self._session = Session(errands.catalogue, clock, self.display.language.value, errands.codes)
        self.errands, self._idle = errands, idle
        self._frame, self._models = frame, models
        self.display.languageChanged.connect(self._speak_another_language)
        self.display.changed.connect(self._change_display)
        self._change_display()
        errands.devices.start_scanning(self.session.id)
        self.ready.emit()

    def heed_early_touch(self) -> bool:
        """Start, if the attract page was touched before everything was loaded; whether it was."""
        if not self._waiting:
            return False
        self._set_waiting(False)
        self.start()
        return True

    # What QML reads ------------------------------------------------------------------------------

    @Property(str, notify=pageChanged)
    def page(self) -> str:
        """The present page's name; also its objectName."""
        return self._page

    @Property(str, notify=pageChanged)
    def pageSource(self) -> str:
        name = "".join(word.capitalize() for word in self._page.split("_"))
        return f"Pages/{name}Page.qml" if self._page != "attract" else ""

    @Property("QVariantMap", notify=pageChanged)  # type: ignore[arg-type]  # the stubs leave out names
    def pageProperties(self) -> dict[str, QObject]:
        return {"viewModel": self._models[self._page]} if self._page in self._models else {}

    @Property("QVariantMap", notify=ready)  # type: ignore[arg-type]  # the stubs leave out names
    def journeyProperties(self) -> dict[str, QObject]:
        """What the frame around the pages is made with."""
        return {"navigator": self, "frame": self._frame} if self._frame is not None else {}

    @Property(bool, notify=waitingChanged)
    def waiting(self) -> bool:
        """Somebody has touched the attract page before everything was loaded."""
        return self._waiting

    # What the attract page and the bottom bar ask for --------------------------------------------

    @Slot()
    def start(self) -> None:
        if self._session is None:
            self._set_waiting(True)
        else:
            self.touched()
            self._do(self._session.start())

    @Slot()
    def startElder(self) -> None:
        self.toggle_elder()
        self.start()

    @Slot()
    def toggleLanguage(self) -> None:
        self.toggle_language()

    @Slot()
    def back(self) -> None:
        if self._over:
            self.close_over()
        elif self.session.stage.value == "home":
            self.finish()
        else:
            self._do(self.session.back())

    # What the pages ask for ----------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """The state machine; its methods' effects go to `carry_out`."""
        assert self._session is not None
        return self._session

    @property
    def language(self) -> str:
        """The tag of the language of this session."""
        return self.display.language.value

    def carry_out(self, effects: list[Effect]) -> None:
        """Do what the session asks for, then show its page."""
        self._do(effects)

    def finish(self) -> None:
        """End the session, whatever the page."""
        self._over = ""
        self._do(self.session.finish())

    def lay_over(self, page: str) -> None:
        """Show a page that is not a stage, over the present stage."""
        self._over = page
        self._show()

    def ask_for_help(self) -> None:
        """请人帮我, by finger or by the button at the front: on every page, and again does no harm."""
        if self._over != HELP:
            log.info("help was asked for", extra={"page": self._page})
            self.lay_over(HELP)

    @Slot()
    def showKeeper(self) -> None:
        self.show_keeper()

    def show_keeper(self) -> None:
        """The keeper's page; only where nobody's business is open. It shows nothing about anybody."""
        if self._session is not None and self._session.stage.value in _KEEPER_FROM and not self._over:
            self.lay_over(KEEPER)

    def close_over(self) -> None:
        """Back to the stage under it."""
        self.uncover()
        self._show()

    def uncover(self) -> None:
        """Nothing lies over the stage any more; whoever calls this turns the page."""
        self._over = ""

    @property
    def lies_over(self) -> str:
        """The page that lies over the stage, or nothing."""
        return self._over

    def toggle_elder(self) -> None:
        """长辈版, or back."""
        self.display.set_elder(not self.display.is_elder)

    def toggle_language(self) -> None:
        """The other language; everything typed stays."""
        english = self.display.language is Language.ENGLISH
        self.display.set_language(Language.CHINESE if english else Language.ENGLISH)

    def choose_palette(self, palette: Palette) -> None:
        """Other colours."""
        self.display.set_palette(palette)

    def touched(self) -> bool:
        """Somebody is there; False for whoever touches what another left when the program stood still meanwhile."""
        reading = self.idle()
        if reading is not None and reading.expired:
            self.finish()
            return False
        if self._idle is not None:
            self._idle.touch()
            self.viewChanged.emit()
        return True

    def idle(self) -> IdleReading | None:
        """How long nobody has touched anything; None where nothing could be left behind."""
        if self._idle is None or self._session is None:
            return None
        if self._session.stage.value in ("attract", "out_of_service") and not self._over:
            self._idle.touch()
            return None
        if self._session.busy:
            self._idle.pause()
        else:
            self._idle.resume()
        return self._idle.read()

    def painted(self) -> None:
        """A frame was painted: what waited for it goes on."""
        self._painted.stop()
        waiters, self._paint_waiters = self._paint_waiters, []
        for go_on in waiters:
            go_on()

    # Effects -------------------------------------------------------------------------------------

    def _do(self, effects: list[Effect]) -> None:
        self._show()
        for effect in effects:
            self._carry_out(effect)
        self._show()

    def _carry_out(self, effect: Effect) -> None:
        from kiosk.flow import effects as asked

        match effect:
            case asked.StartReading():
                self.errands.devices.start_reading(self.session.id)
            case asked.StopReading():
                self.errands.devices.stop_reading()
            case asked.StartScanning():
                self.errands.devices.start_scanning(self.session.id)
            case asked.StopScanning():
                self.errands.devices.stop_scanning()
            case asked.PrepareCase():
                # After the page is there: sealing must not make the summary come later.
                self._paint_waiters.append(lambda: self._prepare(effect.case))
                self._painted.start()
            case asked.RecordCase():
                # The page that says so is painted first: the disk may take a moment.
                self._paint_waiters.append(lambda: self._record(effect))
                self._painted.start()
            case asked.PrintSlip():
                self._print(effect)
            case asked.NoteSlipTaken():
                self.errands.records.slip_taken(effect.receipt)
            case asked.AskProgress():
                self._ask(effect.receipt_number)
            case asked.AskIdentity():
                self._ask_identity(effect)
            case asked.Wipe():
                self._wipe()

    def _prepare(self, case: Case) -> None:
        self.errands.records.prepare(case)
        if (earlier := self.errands.records.earlier(case)) is not None:
            self._do(self.session.handed_in_before(case.entry_id, earlier))

    def _record(self, effect: Effect) -> None:
        from kiosk.errors import JournalFault
        from kiosk.flow.effects import RecordCase

        assert isinstance(effect, RecordCase)
        outcome = self.errands.record(effect.case)
        if isinstance(outcome, JournalFault):
            self._do(self.session.record_failed(outcome))
        else:
            printer_usable = self.errands.ready_to_print(outcome)
            self._do(self.session.recorded(outcome, printer_usable, self.errands.line.up))

    def _print(self, effect: Effect) -> None:
        from kiosk.flow.effects import PrintSlip

        assert isinstance(effect, PrintSlip)
        self.errands.print_slip(
            effect.receipt,
            effect.attempt,
            resident=self.session.view.resident,
            site_name=self.display.site_name,
            help_phone=self.display.help_phone,
            language=self.language,
        )

    def _ask(self, number: str) -> None:
        asked_by = self.session.id

        def answered(progress: Progress) -> None:
            if self.session.id == asked_by:
                self._do(self.session.progress_answered(progress))

        def failed(fault: LineFault) -> None:
            if self.session.id == asked_by:
                self._do(self.session.progress_failed(number, fault))

        self.errands.ask_progress(number, answered, failed)

    def _ask_identity(self, effect: Effect) -> None:
        from kiosk.flow.effects import AskIdentity

        assert isinstance(effect, AskIdentity)
        # The try belongs to one session: an answer for another one is ignored there.
        self.errands.ask_identity(
            effect.code,
            effect.try_id,
            lambda document: self._do(self.session.identity_told(effect.try_id, document)),
            lambda refusal: self._do(self.session.identity_not_told(effect.try_id, refusal)),
        )

    def _wipe(self) -> None:
        """Everything of one resident goes: models, page, print, clipboard, modes."""
        self.errands.leave_result()
        self._paint_waiters.clear()
        self.errands.records.forget()
        self.wiped.emit()
        QGuiApplication.clipboard().clear()
        self.display.reset()

    # The display ---------------------------------------------------------------------------------

    def _speak_another_language(self) -> None:
        self.session.language = self.language
        self.viewChanged.emit()

    def _change_display(self) -> None:
        if self._idle is not None:
            self._idle.stretch(_ELDER_STRETCH if self.display.is_elder else 1.0)
        self.viewChanged.emit()

    # The page ------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Turn to the page of the present stage, or refresh it when it is shown already."""
        page = self._over or self.session.stage.value
        same_question = self._question_shown() == self._shown_question
        if page == self._page and same_question:
            self.viewChanged.emit()
            return
        self._shown_question = self._question_shown()
        self._page = page
        prepare = getattr(self._models.get(page), "prepare", None)
        if prepare is not None:
            prepare()
        if page == "attract":
            self.pageLeft.emit()
        self.pageChanged.emit()
        if page != "attract":
            self.pageTurned.emit()
        self.viewChanged.emit()

    _shown_question: tuple[str, str] = ("", "")

    def _question_shown(self) -> tuple[str, str]:
        """Two questions in a row are two pages."""
        question = self.session.question
        return (self.session.id, question.key) if question is not None and not self._over else ("", "")

    def _set_waiting(self, waiting: bool) -> None:
        self._waiting = waiting
        self.waitingChanged.emit()
