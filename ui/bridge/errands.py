"""What a session asks for outside the face: devices started and stopped, a case recorded, a slip printed, a look-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from kiosk.catalogue.loader import Catalogue
from kiosk.catalogue.pack import ServiceKind
from kiosk.code_settings import CodeSettings
from kiosk.documents.slip import compose_slip
from kiosk.domain.case import Case
from kiosk.domain.device_status import DeviceClass
from kiosk.domain.presented_code import CodeRefusal, PresentedCode
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.domain.receipt import Receipt
from kiosk.domain.resident import IdentityDocument
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.availability import Situation
from kiosk.flow.journey import Progress
from ui.bridge.device_client import DeviceClient
from ui.bridge.line_client import LineClient
from ui.bridge.records import Records


class Errands(QObject):
    """Runs them, over the three ways out of the face."""

    printEnded = Signal(object, object)
    """The receipt and the `PrintOutcome` of its newest print, already noted in the journal."""

    def __init__(
        self,
        catalogue: Catalogue,
        devices: DeviceClient,
        line: LineClient,
        records: Records,
        parent: QObject | None = None,
        codes: CodeSettings | None = None,
    ) -> None:
        super().__init__(parent)
        self.catalogue, self.devices, self.line, self.records = catalogue, devices, line, records
        self.codes = codes or CodeSettings()
        self._printing: dict[str, Receipt] = {}
        devices.printEnded.connect(self._end_print)

    def situation(self) -> Situation:
        """What the terminal knows of itself at this moment."""
        return Situation(
            devices=dict(self.devices.statuses),
            line=self.line.state,
            journal_ready=self.records.ready,
            enrolled=self.records.enrolled,
            standing=self.records.standing,
            room_for_cases=self.records.room_for_cases,
            identity_codes=bool(self.codes.identity),
        )

    @property
    def printer_usable(self) -> bool:
        """Whether a slip can be promised."""
        return self.situation().usable(DeviceClass.RECEIPT_PRINTER)

    def record(self, case: Case) -> Receipt | JournalFault:
        """Write the case down and wake the sender."""
        outcome = self.records.record(case)
        if isinstance(outcome, Receipt):
            self.line.wake()
        return outcome

    def print_slip(
        self,
        receipt: Receipt,
        attempt: int,
        *,
        resident: IdentityDocument | None,
        site_name: str,
        help_phone: str,
        language: str,
    ) -> None:
        """Note the try in the journal, then send the page to the printer."""
        pack = self.catalogue.get(receipt.service_code)
        if pack is None:
            return
        page = compose_slip(
            receipt,
            pack,
            resident=resident,
            local_time=receipt.received_at.astimezone(),
            site_name=site_name,
            help_phone=help_phone,
            language=language,
            attempt=attempt,
            slip_key=self.records.slip_key(),
        )
        job = self.records.start_print(receipt, attempt)
        self._printing[job] = receipt
        self.devices.print_slip(job, page)

    def ready_to_print(self, receipt: Receipt) -> bool:
        """Whether a slip of this new receipt can be tried; where it cannot, that is noted too."""
        if not self.printer_usable:
            self.records.end_print(
                receipt, PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.NO_PRINTER)
            )
        return self.printer_usable

    def leave_result(self) -> None:
        """The session is over. A slip still on its way is noted when it comes, and shown to nobody."""
        self.records.result_left()
        self.devices.forget_page()

    def ask_progress(
        self, number: str, answered: Callable[[Progress], None], failed: Callable[[LineFault], None]
    ) -> None:
        """Ask the platform how far a case is; what its staff said of it came down before, with the inbox."""

        def told(progress: Progress) -> None:
            words = self.records.words_on(progress.receipt_number, progress.state)
            answered(replace(progress, words=words))

        pack = self.catalogue.of_kind(ServiceKind.CASE_PROGRESS)
        self.line.ask_progress(pack.code if pack else "case-progress", number, told, failed)

    def ask_identity(
        self,
        code: PresentedCode,
        try_id: str,
        told: Callable[[IdentityDocument], None],
        not_told: Callable[[CodeRefusal], None],
    ) -> None:
        """Ask the platform whose live code was shown."""
        self.line.ask_identity(code, try_id, told, not_told)

    def _end_print(self, job: str, outcome: PrintOutcome) -> None:
        receipt = self._printing.pop(job, None)
        if receipt is not None:
            self.records.end_print(receipt, outcome)
            self.printEnded.emit(receipt, outcome)
