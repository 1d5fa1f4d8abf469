"""What the site keeper is told: what to do next, the most urgent first. Nothing about a person.

The keeper is a bank clerk or a village secretary who loads paper and calls somebody; so each task is one act,
and what nobody here can mend says whom to call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus, SupplyState
from kiosk.domain.enrolment import Standing
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.availability import LineState

LINE_DOWN_S = 600.0
"""A line that is gone for less mends itself more often than not; the keeper is not sent to the cable for it."""
OLD_S = 24 * 3600.0
"""An entry that waits longer although the line is up is worth a call."""
FEW_DAYS = 14.0
_PRINTERS = (DeviceClass.RECEIPT_PRINTER, DeviceClass.SHEET_PRINTER)
_OTHERS = (
    DeviceClass.ID_CARD_READER,
    DeviceClass.SOCIAL_CARD_READER,
    DeviceClass.BARCODE_SCANNER,
    DeviceClass.CODE_CAMERA,
    DeviceClass.DOCUMENT_CAMERA,
)
_WORKS = frozenset({DeviceState.ONLINE, DeviceState.BUSY, DeviceState.STARTING})
_NO_NETWORK = frozenset({None, LineFault.NO_LINE, LineFault.TIMED_OUT})
"""Nothing came back at all: what a cable does. Every other fault was said by somebody on the line."""


class KeeperTask(StrEnum):
    """One thing to do."""

    CALL_JOURNAL = "call_journal"
    """The terminal cannot keep cases: out of service until somebody has looked."""
    CALL_STOPPED = "call_stopped"
    """The platform stopped this terminal's receipts; an engineer enrols it again."""
    ENROL = "enrol"
    CALL_NO_ROOM = "call_no_room"
    """The disk is nearly full of what could not be sent."""
    MAINS = "mains"
    LOAD_PAPER = "load_paper"
    MEND_PRINTER = "mend_printer"
    """Cover, jam, tray: the printer's own words stand beside it."""
    CALL_DEVICE = "call_device"
    """A device does not answer, or is broken."""
    LOG_IN_TO_NETWORK = "log_in_to_network"
    """Somebody else's page answers: the network wants a log-in."""
    CHECK_CABLE = "check_cable"
    CALL_LINE = "call_line"
    """Something answers, and it is not the platform as this terminal knows it: certificate, clock, signature, trouble there."""
    CALL_PLATFORM = "call_platform"
    """The line works, and the platform refuses or is in trouble."""
    CALL_PARKED = "call_parked"
    """Cases that the platform will not take: a person must look."""
    LOAD_SOON = "load_soon"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What the sync process tells of the line and of what waits for it."""

    state: LineState = LineState.UNKNOWN
    since_s: float = 0.0
    fault: LineFault | None = None
    pending: int = 0
    parked: int = 0
    oldest_unsent_s: float | None = None
    last_success_s: Mapping[str, float | None] = field(default_factory=dict)
    """Seconds since the last success of each kind of exchange; None: not since this start."""
    terminal_number: str | None = None
    catalogue_version: int | None = None
    """The signed catalogue in use; None where the packs are unsigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task, and the device it is about if it is about one."""

    what: KeeperTask
    device: DeviceClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Everything that the report is made from."""

    devices: Mapping[DeviceClass, DeviceStatus] = field(default_factory=dict)
    line: LineReport = field(default_factory=LineReport)
    journal_fault: JournalFault | None = None
    enrolled: bool = True
    standing: Standing = Standing.OK
    days_left: float | None = None
    """Until the queue fills the disk; None where nothing fills it."""


def keeper_tasks(terminal: Terminal) -> tuple[Task, ...]:
    """What to do, the most urgent first; never empty."""
    found = [*_of_the_journal(terminal), *_of_the_devices(terminal.devices), *_of_the_line(terminal.line)]
    found += [
        Task(what=KeeperTask.LOAD_SOON, device=printer)
        for printer in _PRINTERS
        if printer in terminal.devices and terminal.devices[printer].paper is SupplyState.LOW
    ]
    return tuple(found) or (Task(what=KeeperTask.NOTHING),)


def _of_the_journal(terminal: Terminal) -> list[Task]:
    if terminal.journal_fault is not None:
        return [Task(what=KeeperTask.CALL_JOURNAL)]
    if terminal.standing is not Standing.OK:
        return [Task(what=KeeperTask.CALL_STOPPED)]
    if not terminal.enrolled:
        return [Task(what=KeeperTask.ENROL)]
    if terminal.days_left is not None and terminal.days_left < FEW_DAYS:
        return [Task(what=KeeperTask.CALL_NO_ROOM)]
    return []


def _of_the_devices(devices: Mapping[DeviceClass, DeviceStatus]) -> list[Task]:
    found: list[Task] = []
    supply = devices.get(DeviceClass.POWER_SUPPLY)
    if supply is not None and supply.detail in (DeviceDetail.ON_BATTERY, DeviceDetail.BATTERY_LOW):
        found.append(Task(what=KeeperTask.MAINS))
    for printer in _PRINTERS:
        status = devices.get(printer)
        if status is None or status.detail is DeviceDetail.NOT_CONFIGURED:
            continue
        if status.state in _WORKS | {DeviceState.USER_ERROR} and status.paper is SupplyState.OUT:
            found.append(Task(what=KeeperTask.LOAD_PAPER, device=printer))
        elif status.state is DeviceState.USER_ERROR:
            found.append(Task(what=KeeperTask.MEND_PRINTER, device=printer))
        elif status.state not in _WORKS:
            found.append(Task(what=KeeperTask.CALL_DEVICE, device=printer))
    return found + [
        Task(what=KeeperTask.CALL_DEVICE, device=device)
        for device in _OTHERS
        if (status := devices.get(device)) is not None
        and status.detail is not DeviceDetail.NOT_CONFIGURED
        and status.state not in _WORKS
    ]


def _of_the_line(line: LineReport) -> list[Task]:
    found: list[Task] = []
    if line.state is LineState.OFFLINE and line.since_s >= LINE_DOWN_S:
        found.append(Task(what=_when_offline(line.fault)))
    if line.state is LineState.ONLINE and line.oldest_unsent_s is not None and line.oldest_unsent_s >= OLD_S:
        found.append(Task(what=KeeperTask.CALL_PLATFORM))
    if line.parked:
        found.append(Task(what=KeeperTask.CALL_PARKED))
    return found


def _when_offline(fault: LineFault | None) -> KeeperTask:
    if fault is LineFault.PORTAL:
        return KeeperTask.LOG_IN_TO_NETWORK
    return KeeperTask.CHECK_CABLE if fault in _NO_NETWORK else KeeperTask.CALL_LINE


class Ago(StrEnum):
    """How long ago something was, in the unit that a person would use; its sentence has a place for the number."""

    NOT_YET = "not_yet"
    JUST_NOW = "just_now"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


def ago(seconds: float | None) -> tuple[Ago, int]:
    """The unit and the number for `seconds` ago; None: it has not happened since this start."""
    if seconds is None:
        return Ago.NOT_YET, 0
    if seconds < 60:
        return Ago.JUST_NOW, 0
    if seconds < 2 * 3600:
        return Ago.MINUTES, int(seconds // 60)
    if seconds < 48 * 3600:
        return Ago.HOURS, int(seconds // 3600)
    return Ago.DAYS, int(seconds // 86400)
