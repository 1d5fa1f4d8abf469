"""The frame around every page: where one is, how the terminal is, and whether anybody is still there."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Property, QObject, QTimer, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.clock import Clock
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus, SupplyState
from kiosk.flow.availability import LineState, Situation
from kiosk.flow.idle import IdleState
from kiosk.flow.power_notice import power_notice
from kiosk.sentences import sentence
from ui.navigator import DISPLAY, HELP, Navigator
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_LOOK_MS = 500
_LINE_ICONS = {LineState.ONLINE: "wifi", LineState.UNKNOWN: "rotate-ccw"}


@QmlElement
class FrameModel(PageModel):
    """The top bar, the bottom bar and the idle strip. Its timer runs only while there is a session."""

    changed = Signal()

    def __init__(self, navigator: Navigator, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(navigator, parent)
        self._clock = clock
        self._seconds = 0
        self._minute = ""
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        navigator.pageChanged.connect(self._follow)

    @Property(str, notify=changed)
    def place(self) -> str:
        pack = self.view.pack
        elder = self.navigator.display.is_elder
        if pack is None:
            return self.navigator.display.site_name
        return (pack.plain_name if elder else pack.name).in_language(self.language)

    @Property(int, notify=changed)
    def step(self) -> int:
        return self.session.step[0]

    @Property(int, notify=changed)
    def steps(self) -> int:
        return self.session.step[1]

    @Property(str, notify=changed)
    def lineIcon(self) -> str:
        return _LINE_ICONS.get(self.navigator.errands.line.state, "wifi-off")

    @Property(str, notify=changed)
    def lineWords(self) -> str:
        return sentence(self.navigator.errands.line.state, self.language)

    @Property(str, notify=changed)
    def deviceIcon(self) -> str:
        return "battery-low" if self._situation().on_battery else "printer"

    @Property(str, notify=changed)
    def deviceWords(self) -> str:
        """The mains or the printer, when something is to be said of it; a device that works is not mentioned."""
        statuses = self.navigator.errands.devices.statuses
        if self._situation().on_battery:
            words = sentence(statuses[DeviceClass.POWER_SUPPLY].detail, self.language)
            return words[:1].upper() + words[1:]
        words = printer_words(statuses.get(DeviceClass.RECEIPT_PRINTER), self.language)
        return f"{sentence(DeviceClass.RECEIPT_PRINTER, self.language)} {words}" if words else ""

    @Property(str, notify=changed)
    def powerNotice(self) -> str:
        """What becomes of one's business when the battery is almost empty."""
        notice = power_notice(self.session.stage, self._situation())
        return sentence(notice, self.language) if notice is not None else ""

    @Property(str, notify=changed)
    def clock(self) -> str:
        return local_clock(self._clock.now())

    @Property(bool, notify=changed)
    def idleWarning(self) -> bool:
        return self._seconds > 0

    @Property(int, notify=changed)
    def idleSeconds(self) -> int:
        return self._seconds

    @Property(bool, notify=changed)
    def helping(self) -> bool:
        return self.navigator.lies_over == HELP

    @Property(bool, notify=changed)
    def choosingDisplay(self) -> bool:
        return self.navigator.lies_over == DISPLAY

    @Slot()
    def stay(self) -> None:
        self.navigator.touched()
        self.look()

    @Slot()
    def askForHelp(self) -> None:
        self.navigator.ask_for_help()

    @Slot()
    def chooseDisplay(self) -> None:
        self.navigator.lay_over(DISPLAY)

    @Slot()
    def showKeeper(self) -> None:
        self.navigator.show_keeper()

    @Slot()
    def toggleElder(self) -> None:
        self.navigator.toggle_elder()

    @Slot()
    def toggleLanguage(self) -> None:
        self.navigator.toggle_language()

    def look(self) -> None:
        """Is anybody there? Called twice a second while there is a session."""
        reading = self.navigator.idle()
        seconds = reading.seconds_left if reading is not None and reading.state is IdleState.WARNING else 0
        minute = local_clock(self._clock.now())
        if reading is not None and reading.state is IdleState.EXPIRED:
            seconds = 0
            self.navigator.finish()
        if (seconds, minute) != (self._seconds, self._minute):
            self._seconds, self._minute = seconds, minute
            self.changed.emit()

    def forget(self) -> None:
        self._seconds = 0

    def _situation(self) -> Situation:
        return Situation(devices=self.navigator.errands.devices.statuses)

    def _follow(self) -> None:
        """No timer while the attract page is shown."""
        if self.navigator.property("page") == "attract":
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()


def printer_words(status: DeviceStatus | None, language: str) -> str:
    """What to say of a printer, or nothing where it simply works."""
    if status is None:
        return ""
    if status.detail not in (DeviceDetail.NONE, DeviceDetail.NOT_CONFIGURED):
        return sentence(status.detail, language)
    if status.detail is DeviceDetail.NOT_CONFIGURED or status.state in (
        DeviceState.ONLINE,
        DeviceState.BUSY,
        DeviceState.STARTING,
    ):
        return sentence(status.paper, language) if status.paper in (SupplyState.OUT, SupplyState.LOW) else ""
    return sentence(status.state, language)


def local_clock(now: datetime) -> str:
    """The time of day in the terminal's own zone."""
    return now.astimezone().strftime("%H:%M")
