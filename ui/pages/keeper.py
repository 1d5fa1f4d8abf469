"""The site keeper's page: paper, queue, oldest unsent, last exchanges, and what to do next, in words."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceStatus, SupplyState
from kiosk.flow.keeper_report import KeeperTask, LineReport, Task, Terminal, ago, keeper_tasks
from kiosk.sentences import sentence
from ui.pages.any_page import PageModel
from ui.pages.frame import printer_words

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_ICONS = {
    KeeperTask.MAINS: "battery-low",
    KeeperTask.CHECK_CABLE: "wifi-off",
    KeeperTask.LOG_IN_TO_NETWORK: "wifi-off",
    KeeperTask.LOAD_PAPER: "printer",
    KeeperTask.LOAD_SOON: "printer",
    KeeperTask.MEND_PRINTER: "printer",
    KeeperTask.NOTHING: "circle-check",
}
_CALM = frozenset({KeeperTask.LOAD_SOON, KeeperTask.CALL_PARKED, KeeperTask.CALL_PLATFORM})
_WORTH_SAYING = (SupplyState.OUT, SupplyState.LOW)


@QmlElement
class KeeperModel(PageModel):
    """Lies over the attract page, the home page or the page that says out of service."""

    changed = Signal()

    def prepare(self) -> None:
        """See `PageModel`: what it shows is asked for anew."""
        self.navigator.errands.line.refresh(self.changed.emit)

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def tasks(self) -> list[dict[str, str]]:
        """What to do, the most urgent first."""
        return [self._shown(task) for task in keeper_tasks(self._terminal())]

    @Property(str, notify=changed)
    def slipPaper(self) -> str:
        return self._paper(DeviceClass.RECEIPT_PRINTER)

    @Property(str, notify=changed)
    def sheetPaper(self) -> str:
        """Empty where there is no A4 printer."""
        return self._paper(DeviceClass.SHEET_PRINTER)

    @Property(int, notify=changed)
    def waiting(self) -> int:
        """Cases on their way, those that are being sent included."""
        return self._line().pending

    @Property(int, notify=changed)
    def parked(self) -> int:
        """Cases that need a person."""
        return self._line().parked

    @Property(str, notify=changed)
    def oldest(self) -> str:
        """When the oldest case that waits was received; empty when none waits."""
        seconds = self._line().oldest_unsent_s
        return "" if seconds is None else self._ago(seconds)

    @Property(str, notify=changed)
    def lastSent(self) -> str:
        return self._ago(self._line().last_success_s.get("entries"))

    @Property(str, notify=changed)
    def lastAnswers(self) -> str:
        return self._ago(self._line().last_success_s.get("inbox"))

    @Property(str, notify=changed)
    def lastHeard(self) -> str:
        return self._ago(self._line().last_success_s.get("heartbeat"))

    @Property(str, notify=changed)
    def terminalNumber(self) -> str:
        return self._line().terminal_number or ""

    @Slot()
    def close(self) -> None:
        self.navigator.close_over()

    def _line(self) -> LineReport:
        return self.navigator.errands.line.report

    def _terminal(self) -> Terminal:
        errands = self.navigator.errands
        return Terminal(
            devices=errands.devices.statuses,
            line=self._line(),
            journal_fault=errands.records.fault,
            enrolled=errands.records.enrolled,
            standing=errands.records.standing,
            days_left=errands.records.days_left,
        )

    def _shown(self, task: Task) -> dict[str, str]:
        words = sentence(task.what, self.language)
        shown = {"icon": _ICONS.get(task.what, "phone"), "text": words, "note": ""}
        if task.what is KeeperTask.NOTHING:
            return {**shown, "kind": "good"}
        if task.device is not None:
            how = self._how(self.navigator.errands.devices.statuses[task.device])
            shown.update(text=f"{sentence(task.device, self.language)} {how}", note=words)
        return {**shown, "kind": "guide" if task.what in _CALM else "trouble"}

    def _paper(self, printer: DeviceClass) -> str:
        status = self.navigator.errands.devices.statuses.get(printer)
        unknown = status is None or status.detail is DeviceDetail.NOT_CONFIGURED
        return "" if unknown or status is None else self._how(status)

    def _how(self, status: DeviceStatus) -> str:
        """The paper first: that is what a keeper can mend."""
        if status.paper in _WORTH_SAYING:
            return sentence(status.paper, self.language)
        words = printer_words(status, self.language)
        if words:
            return words
        known = status.paper is not SupplyState.UNKNOWN
        return sentence(status.paper if known else status.state, self.language)

    def _ago(self, seconds: float | None) -> str:
        unit, number = ago(seconds)
        return sentence(unit, self.language).format(number)
