"""Composition of the devices process: a driver, a duty and a thread for each configured device, one socket.

Methods and notifications are listed in README.md of this package.  Nothing that a card, a code or a slip
says is ever logged.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from devices import registry
from devices.device_thread import DeviceThread
from devices.id_card.duty import IdCardDuty
from devices.scanner.duty import ScannerDuty
from devices.slip_printer.duty import SlipPrinterDuty
from kiosk import notify
from kiosk.clock import Clock, SystemClock
from kiosk.config import DeviceSettings, Settings
from kiosk.documents.page import Page
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ipc import IpcServer, Params

_STOP_WITHIN_S = 0.8
_LOOK_S = 2.0
"""How often the device threads are looked after; systemd is told no more seldom than it asks."""
_NOT_CONFIGURED = DeviceStatus(state=DeviceState.NO_DEVICE, detail=DeviceDetail.NOT_CONFIGURED)

log = logging.getLogger(__name__)


class Host:
    """The devices process, in one object. `run` returns after `stop`."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._stop = threading.Event()
        self._server: IpcServer | None = None
        self._id_card = IdCardDuty(self._notify)
        self._scanner = ScannerDuty(self._notify)
        self._printer = SlipPrinterDuty(self._notify, self._printer_busy)
        self._threads: dict[DeviceClass, DeviceThread[Any]] = self._make_threads(settings.devices)

    def run(self) -> bool:
        """Serve until `stop` is called, and end within a second after that; False when a device thread died."""
        self.start()
        interval_s = min(notify.watchdog_interval_s() or _LOOK_S, _LOOK_S)
        notify.ready()
        dead: list[str] = []
        while not self._clock.wait(self._stop, interval_s):
            dead = [thread.device.value for thread in self._threads.values() if not thread.alive]
            if dead:
                log.error("device thread is dead", extra={"devices": dead})
                break
            notify.alive()
        notify.stopping()
        self.close()
        return not dead

    def start(self) -> None:
        """Open the socket and start the devices."""
        self._server = IpcServer(self._settings.devices_socket, self._methods(), self._greeting)
        for thread in self._threads.values():
            thread.start()

    def stop(self) -> None:
        """Ask `run` to end, from any thread or a signal handler."""
        self._stop.set()

    def close(self) -> None:
        """Stop every device and hang up."""
        for thread in self._threads.values():
            thread.stop()
        deadline = self._clock.monotonic() + _STOP_WITHIN_S
        for thread in self._threads.values():
            if not thread.join(max(deadline - self._clock.monotonic(), 0.01)):
                log.warning("device did not stop in time", extra={"device": thread.device.value})
        if self._server is not None:
            self._server.close()

    def statuses(self) -> dict[DeviceClass, DeviceStatus]:
        """How every device class is now."""
        return {
            device: self._threads[device].status if device in self._threads else _NOT_CONFIGURED
            for device in DeviceClass
        }

    # -- composition -----------------------------------------------------------------------------------

    def _make_threads(self, devices: DeviceSettings) -> dict[DeviceClass, DeviceThread[Any]]:
        threads: dict[DeviceClass, DeviceThread[Any]] = {}
        if (reader := devices.id_card_reader) is not None:
            driver = registry.ID_CARD_READERS[reader.driver](reader, self._clock)
            threads[DeviceClass.ID_CARD_READER] = DeviceThread(
                DeviceClass.ID_CARD_READER, driver, self._id_card, self._clock, self._publish
            )
        if (printer := devices.receipt_printer) is not None:
            slip_driver = registry.RECEIPT_PRINTERS[printer.driver](printer, self._clock)
            threads[DeviceClass.RECEIPT_PRINTER] = DeviceThread(
                DeviceClass.RECEIPT_PRINTER, slip_driver, self._printer, self._clock, self._publish
            )
        if (scanner := devices.barcode_scanner) is not None:
            scan_driver = registry.BARCODE_SCANNERS[scanner.driver](scanner, self._clock)
            threads[DeviceClass.BARCODE_SCANNER] = DeviceThread(
                DeviceClass.BARCODE_SCANNER, scan_driver, self._scanner, self._clock, self._publish
            )
        return threads

    def _methods(self) -> dict[str, Callable[[Params], Any]]:
        return {
            "status": lambda _params: self.statuses(),
            "id_card.start": self._start_id_card,
            "id_card.stop": lambda _params: self._stop_duty(self._id_card, DeviceClass.ID_CARD_READER),
            "scanner.start": self._start_scanner,
            "scanner.stop": lambda _params: self._stop_duty(self._scanner, DeviceClass.BARCODE_SCANNER),
            "slip_printer.print": self._print,
            "slip_printer.cancel": self._cancel_print,
        }

    # -- methods -----------------------------------------------------------------------------------------

    def _start_id_card(self, params: Params) -> dict[str, Any]:
        self._id_card.start(_text(params, "session"))
        return self._wake(DeviceClass.ID_CARD_READER)

    def _start_scanner(self, params: Params) -> dict[str, Any]:
        self._scanner.start(_text(params, "session"))
        return self._wake(DeviceClass.BARCODE_SCANNER)

    def _stop_duty(self, duty: IdCardDuty | ScannerDuty, device: DeviceClass) -> dict[str, Any]:
        duty.cancel()
        return self._wake(device)

    def _print(self, params: Params) -> dict[str, Any]:
        job = _text(params, "job")
        page = msgspec.convert(params.get("page"), Page)
        if DeviceClass.RECEIPT_PRINTER not in self._threads:
            outcome = PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.NO_PRINTER)
            self._notify("slip_printer.outcome", {"job": job, "outcome": outcome})
            return {}
        self._printer.print(job, page)
        return self._wake(DeviceClass.RECEIPT_PRINTER)

    def _cancel_print(self, params: Params) -> dict[str, Any]:
        self._printer.cancel_job(_text(params, "job"))
        return {}

    def _wake(self, device: DeviceClass) -> dict[str, Any]:
        if device in self._threads:
            self._threads[device].wake()
        return {}

    # -- notifications -----------------------------------------------------------------------------------

    def _greeting(self) -> list[tuple[str, Any]]:
        return [
            ("device.status", {"device": device, "status": status})
            for device, status in self.statuses().items()
        ]

    def _publish(self, device: DeviceClass, status: DeviceStatus) -> None:
        self._notify("device.status", {"device": device, "status": status})

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        if self._server is not None:
            self._server.notify(method, params)

    def _printer_busy(self) -> None:
        self._threads[DeviceClass.RECEIPT_PRINTER].tell_busy()


def _text(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: a text is needed")
    return value
