"""Stand-ins for the devices, the line and the journal: they say what a scene needs. Whoever is shown is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from PySide6.QtCore import QObject, Signal

from kiosk.documents.page import Page
from kiosk.domain.case import Case
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus, SupplyState
from kiosk.domain.enrolment import Standing
from kiosk.domain.printing import PrintOutcome
from kiosk.domain.receipt import Receipt, receipt_number
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.errors import JournalFault
from kiosk.flow.availability import LineState
from kiosk.flow.keeper_report import LineReport
from kiosk.ports import FlashRate, LightPosition

RESIDENT = IdentityDocument(
    kind=DocumentKind.RESIDENT_ID_CARD,
    name="测试甲",
    number="11010519491231002X",
    sex=Sex.FEMALE,
    birth=date(1949, 12, 31),
    valid_from=date(2015, 1, 1),
    valid_until=None,
)
BY_SOCIAL_CARD = replace(RESIDENT, kind=DocumentKind.SOCIAL_SECURITY_CARD, valid_from=None)
BY_CODE = replace(RESIDENT, kind=DocumentKind.IDENTITY_CODE, valid_from=None)
ENTRY = UUID("01912345-6789-7abc-8def-0123456789ab")
WORKS = DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.FULL)
ABSENT = DeviceStatus(state=DeviceState.NO_DEVICE, detail=DeviceDetail.NOT_CONFIGURED)


def ordinary() -> dict[DeviceClass, DeviceStatus]:
    """A terminal as most are: everything works, and there is no slot for social-security cards."""
    return {**dict.fromkeys(DeviceClass, WORKS), DeviceClass.SOCIAL_CARD_READER: ABSENT}


class StandInDevices(QObject):
    """Devices that are asked for nothing and say what the scene wants."""

    statusChanged = Signal()
    cardFound = Signal()
    cardRead = Signal(object)
    cardNotRead = Signal(object)
    codeScanned = Signal(str, object)
    codeRefused = Signal(object)
    printEnded = Signal(str, object)
    happened = Signal(object, object)
    reachable = True

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.statuses = ordinary()

    def start_reading(self, session: str) -> None:
        """Nothing is read."""

    def stop_reading(self) -> None:
        """Nothing was."""

    def start_scanning(self, session: str) -> None:
        """Nothing is scanned."""

    def stop_scanning(self) -> None:
        """Nothing was."""

    def set_light(self, session: str, position: LightPosition, rate: FlashRate) -> None:
        """Nothing shines."""

    def stop_lights(self) -> None:
        """Nothing did."""

    def print_slip(self, job: str, page: Page) -> None:
        """Nothing is printed."""

    def forget_page(self) -> None:
        """Nothing was."""


class StandInLine(QObject):
    """A line that is as the scene wants."""

    lineChanged = Signal()
    caseDelivered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.report = LineReport(state=LineState.ONLINE)

    @property
    def state(self) -> LineState:
        """As the scene wants."""
        return self.report.state

    @state.setter
    def state(self, state: LineState) -> None:
        self.report = LineReport(state=state)

    @property
    def up(self) -> bool:
        """As the scene wants."""
        return self.state is LineState.ONLINE

    def wake(self) -> None:
        """Nothing is sent."""

    def refresh(self, told: object) -> None:
        """There is nothing newer."""

    def ask_progress(self, *_: object) -> None:
        """Nobody answers."""

    def ask_identity(self, *_: object) -> None:
        """Nobody answers."""


class StandInRecords(QObject):
    """A journal of one invented entry."""

    opened = Signal()
    failed = Signal()
    ready = True
    enrolled = True
    standing = Standing.OK
    room_for_cases = True
    days_left: float | None = None

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.fault: JournalFault | None = None
        self.refusal: JournalFault | None = None
        self.handed_in_before: Receipt | None = None

    def record(self, case: Case) -> Receipt | JournalFault:
        """The invented receipt, or what the scene wants."""
        return self.refusal or receipt(case.service_code)

    def prepare(self, case: Case) -> None:
        """Nothing is sealed."""

    def earlier(self, case: Case) -> Receipt | None:
        """What the scene wants."""
        return self.handed_in_before

    def words_on(self, number: str, state: object) -> str:
        """Nothing was said."""
        return ""

    def forget(self) -> None:
        """Nothing was."""

    def slip_key(self) -> bytes | None:
        """Its slips are not signed."""
        return None

    def start_print(self, receipt: Receipt, attempt: int) -> str:
        """A job's name."""
        return f"{receipt.entry_id.hex}-{attempt}"

    def end_print(self, receipt: Receipt, outcome: PrintOutcome) -> None:
        """Not noted."""

    def result_left(self) -> None:
        """Nothing was noted."""

    def slip_taken(self, receipt: Receipt) -> None:
        """Not noted."""

    def last_shown(self) -> Receipt | None:
        """There is none."""
        return None


def receipt(service_code: str) -> Receipt:
    """The invented receipt."""
    return Receipt(
        number=receipt_number("370508", ENTRY),
        entry_id=ENTRY,
        sequence=1,
        received_at=datetime(2026, 11, 22, 2, 24, tzinfo=UTC),
        service_code=service_code,
    )
