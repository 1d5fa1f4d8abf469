"""What happens outside the face, told to the session: cards, codes, paper, the line, the journal, a button."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceClass

if TYPE_CHECKING:
    from uuid import UUID

    from kiosk.domain.printing import PrintOutcome
    from kiosk.domain.receipt import Receipt
    from kiosk.domain.resident import IdentityDocument
    from kiosk.flow.effects import Effect
    from kiosk.flow.session import Session
    from kiosk.ports import CardFault, ScanFault
    from ui.navigator import Navigator

_FOR_THE_LOG = frozenset(
    {
        DeviceEvent.DOOR_OPENED,
        DeviceEvent.DOOR_CLOSED,
        DeviceEvent.MEDIA_LEFT_BEHIND,
        DeviceEvent.POWER_LOST,
        DeviceEvent.POWER_BACK,
        DeviceEvent.BATTERY_LOW,
    }
)
"""Nothing for the resident, or told to them by the device's status."""

log = logging.getLogger(__name__)


class Happenings(QObject):
    """Listens for as long as the face lives. Pages never turn because somebody came or left: only a hand turns them."""

    def __init__(self, navigator: Navigator) -> None:
        super().__init__(navigator)
        self._navigator = navigator
        errands = navigator.errands
        devices, line, records = errands.devices, errands.line, errands.records
        devices.cardFound.connect(self._card_found)
        devices.cardRead.connect(self._card_read)
        devices.cardNotRead.connect(self._card_not_read)
        devices.codeScanned.connect(self._scanned)
        devices.codeRefused.connect(self._not_scanned)
        devices.happened.connect(self._happened)
        devices.statusChanged.connect(navigator.viewChanged)
        errands.printEnded.connect(self._print_ended)
        line.caseDelivered.connect(self._delivered)
        line.lineChanged.connect(self._line_changed)
        records.failed.connect(self._leave_service)
        records.opened.connect(self._return_to_service)

    def begin(self) -> None:
        """Everything is loaded: what happened before that counts now."""
        errands = self._navigator.errands
        if errands.records.fault is not None:
            self._leave_service()
        elif not self._navigator.heed_early_touch() and (receipt := errands.records.last_shown()) is not None:
            # A face that was killed at a result must not be a dead end for whoever stands there.
            log.info("a result is shown again after a restart")
            self._do(self._session.resume(receipt, errands.line.up))

    # Devices -------------------------------------------------------------------------------------

    def _card_found(self) -> None:
        self._do(self._session.card_found())

    def _card_read(self, document: IdentityDocument) -> None:
        self._do(self._session.card_read(document))

    def _card_not_read(self, fault: CardFault) -> None:
        self._do(self._session.card_not_read(fault))

    def _scanned(self, text: str, at_s: float | None) -> None:
        self._navigator.touched()
        if not self._navigator.lies_over:
            self._after_scan(self._session.scanned(text, at_s))

    def _not_scanned(self, fault: ScanFault) -> None:
        self._navigator.touched()
        if not self._navigator.lies_over:
            self._after_scan(self._session.not_scanned(fault))

    def _after_scan(self, effects: list[Effect]) -> None:
        self._do(effects)
        if self._session.view.code_refusal is not None:
            self._navigator.scanRefused.emit()

    def _print_ended(self, receipt: Receipt, outcome: PrintOutcome) -> None:
        # A slip may come out after its session has ended; the next resident has nothing to do with it.
        if receipt == self._session.view.receipt:
            self._do(self._session.print_ended(outcome))

    def _happened(self, device: DeviceClass, event: DeviceEvent) -> None:
        if event is DeviceEvent.HELP_PRESSED:
            self._navigator.touched()
            self._navigator.ask_for_help()
        elif event is DeviceEvent.MEDIA_TAKEN and device is DeviceClass.RECEIPT_PRINTER:
            self._do(self._session.slip_pulled())
        elif event in _FOR_THE_LOG:
            log.info("something happened at a device", extra={"device": device, "event": event})

    # The line and the journal --------------------------------------------------------------------

    def _delivered(self, entry_id: UUID) -> None:
        self._do(self._session.delivered(entry_id))

    def _line_changed(self) -> None:
        self._do(self._session.line_changed(self._navigator.errands.line.up))

    def _leave_service(self) -> None:
        # Whoever is in the middle keeps their page: it says what cannot be done. The next one is told at once.
        if self._session.stage.value in ("attract", "home", "out_of_service"):
            self._navigator.uncover()
            self._do(self._session.leave_service())

    def _return_to_service(self) -> None:
        self._do(self._session.return_to_service())

    @property
    def _session(self) -> Session:
        return self._navigator.session

    def _do(self, effects: list[Effect]) -> None:
        self._navigator.carry_out(effects)
