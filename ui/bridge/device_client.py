"""The devices process as the face sees it: typed statuses and outcomes in, requests out."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.documents.page import Page
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ports import (
    CardFault,
    CardNotRead,
    CardOutcome,
    CardRead,
    FlashRate,
    LightPosition,
    ScanFault,
)
from ui.bridge.peer import Peer

_AWAY_GRACE_MS = 6000
"""How long a print waits for a devices process that has gone; it is back within two seconds, or it is not."""

log = logging.getLogger(__name__)


class _Status(msgspec.Struct):
    device: DeviceClass
    status: DeviceStatus


class _Event(msgspec.Struct):
    device: DeviceClass
    event: DeviceEvent


class _CardPresent(msgspec.Struct):
    session: str


class _CardOutcome(msgspec.Struct):
    session: str
    outcome: CardOutcome


class _Scan(msgspec.Struct):
    text: str | None = None
    fault: ScanFault | None = None


class _ScanOutcome(msgspec.Struct):
    session: str
    scan: _Scan
    at_s: float | None = None


class _PrintEnded(msgspec.Struct):
    job: str
    outcome: PrintOutcome


class DeviceClient(QObject):
    """Asks for a card, for codes, for a slip, for light; asks again by itself when the devices process was restarted.

    What belongs to another session than the one that asked last is dropped here.
    """

    statusChanged = Signal()
    cardFound = Signal()
    cardRead = Signal(object)
    cardNotRead = Signal(object)
    codeScanned = Signal(str, object)
    """The text, and when it was scanned (the boot's clock) where the devices process told."""
    codeRefused = Signal(object)
    """Something was shown that is no code: the `ScanFault`."""
    printEnded = Signal(str, object)
    happened = Signal(object, object)
    """Unasked, at a device: its `DeviceClass` and the `DeviceEvent`."""

    def __init__(self, socket: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.statuses: dict[DeviceClass, DeviceStatus] = {}
        self._reading = ""
        self._scanning = ""
        self._printing: tuple[str, Page | None] | None = None
        self._peer = Peer(socket, self)
        self._peer.connected.connect(self._resume)
        self._peer.disconnected.connect(self._lose)
        self._peer.notified.connect(self._hear)
        self._away = QTimer(self, singleShot=True, interval=_AWAY_GRACE_MS)
        self._away.timeout.connect(self._doubt_print)

    @property
    def reachable(self) -> bool:
        """Whether the devices process is there."""
        return self._peer.is_connected

    def open(self) -> None:
        """Begin."""
        self._peer.open()

    def close(self) -> None:
        """Hang up."""
        self._away.stop()
        self._peer.close()

    def start_reading(self, session: str) -> None:
        """Let the reader look for a card, for `session`."""
        self._reading = session
        if self.reachable:
            self._peer.tell("id_card.start", {"session": session})

    def stop_reading(self) -> None:
        """No more cards."""
        if self._reading and self.reachable:
            self._peer.tell("id_card.stop", {})
        self._reading = ""

    def start_scanning(self, session: str) -> None:
        """Let codes through, for `session`."""
        self._scanning = session
        if self.reachable:
            self._peer.tell("scanner.start", {"session": session})

    def stop_scanning(self) -> None:
        """Codes mean nothing now."""
        if self._scanning and self.reachable:
            self._peer.tell("scanner.stop", {})
        self._scanning = ""

    def set_light(self, session: str, position: LightPosition, rate: FlashRate) -> None:
        """Let a light shine, for `session`; the lights of every other session go out. Not kept for later."""
        if self.reachable:
            self._peer.tell("lights.set", {"session": session, "position": position, "rate": rate})

    def stop_lights(self) -> None:
        """Every light goes out."""
        if self.reachable:
            self._peer.tell("lights.stop", {})

    def print_slip(self, job: str, page: Page) -> None:
        """Print `page` as `job`; `printEnded` follows, whatever happens. The same job never prints twice."""
        if self._printing is not None:
            # The one before belongs to somebody who has left; how it ended is not known.
            self._doubt_print()
        self._printing = (job, page)
        if self.reachable:
            self._send_print()
        else:
            self._away.start()

    def forget_page(self) -> None:
        """The session is over: what is being printed cannot be asked for again, only its end be heard."""
        if self._printing is not None:
            self._printing = (self._printing[0], None)

    def _send_print(self) -> None:
        if self._printing is None:
            return
        job, page = self._printing
        if page is None:
            self._doubt_print()
            return
        params = {"job": job, "page": msgspec.to_builtins(page)}
        self._peer.call("slip_printer.print", params, lambda _: None, lambda _: self._print_not_taken(job))

    def _print_not_taken(self, job: str) -> None:
        """The request itself failed. A lost peer is waited for; a refusal ends the try."""
        if self.reachable and self._printing is not None and self._printing[0] == job:
            self._end_print(job, PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.OFFLINE))

    def _doubt_print(self) -> None:
        if self._printing is not None:
            outcome = PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER)
            self._end_print(self._printing[0], outcome)

    def _end_print(self, job: str, outcome: PrintOutcome) -> None:
        self._printing = None
        self._away.stop()
        self.printEnded.emit(job, outcome)

    def _resume(self) -> None:
        """The process is (again) there: it knows nothing of what was asked before."""
        self._away.stop()
        if self._reading:
            self._peer.tell("id_card.start", {"session": self._reading})
        if self._scanning:
            self._peer.tell("scanner.start", {"session": self._scanning})
        self._send_print()
        self.statusChanged.emit()

    def _lose(self) -> None:
        known = bool(self.statuses)
        self.statuses = {device: DeviceStatus(state=DeviceState.STARTING) for device in self.statuses}
        if self._printing is not None and not self._away.isActive():
            self._away.start()
        if known:
            if self._reading:
                self.cardNotRead.emit(CardFault.NO_ANSWER)
            self.statusChanged.emit()

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        try:
            match method:
                case "device.status":
                    status = msgspec.convert(params, _Status)
                    self.statuses[status.device] = status.status
                    self.statusChanged.emit()
                case "device.event":
                    told = msgspec.convert(params, _Event)
                    self.happened.emit(told.device, told.event)
                case "id_card.present":
                    if msgspec.convert(params, _CardPresent).session == self._reading:
                        self.cardFound.emit()
                case "id_card.outcome":
                    self._hear_card(msgspec.convert(params, _CardOutcome))
                case "scanner.outcome":
                    self._hear_scan(msgspec.convert(params, _ScanOutcome))
                case "slip_printer.outcome":
                    ended = msgspec.convert(params, _PrintEnded)
                    if self._printing is not None and ended.job == self._printing[0]:
                        self._end_print(ended.job, ended.outcome)
                case _:
                    pass
        except msgspec.ValidationError:
            # Without its words: they may quote what was on a card.
            log.warning("a notification does not fit", extra={"method": method})

    def _hear_card(self, heard: _CardOutcome) -> None:
        if heard.session != self._reading:
            return
        if isinstance(heard.outcome, CardRead):
            self.cardRead.emit(heard.outcome.document)
        elif isinstance(heard.outcome, CardNotRead):
            self.cardNotRead.emit(heard.outcome.fault)

    def _hear_scan(self, heard: _ScanOutcome) -> None:
        if heard.session != self._scanning:
            return
        if heard.scan.text is not None:
            self.codeScanned.emit(heard.scan.text, heard.at_s)
        elif heard.scan.fault is not None:
            self.codeRefused.emit(heard.scan.fault)
