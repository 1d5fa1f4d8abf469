"""Scanning for one session: what is shown outside a session is thrown away unread."""

from __future__ import annotations

import threading
from typing import Any

from devices.claim import Claim
from devices.duty import Desk, Duty, Method, text_of
from kiosk.ipc import Params
from kiosk.ports import BarcodeScanner, Scan

_WAIT_S = 1.0


class ScannerDuty(Duty[BarcodeScanner]):
    """Listens to the scanner (or looks through the camera) while a session wants it to."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._claim = Claim()
        self._seen: threading.Event | None = None

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {"scanner.start": self._start, "scanner.stop": lambda _params: self.cancel()}

    def _start(self, params: Params) -> None:
        """Listen for a session from now on, as long as the peer that asks is connected."""
        self._claim.take(text_of(params, "session"))

    def cancel(self) -> None:
        """Stop listening."""
        self._claim.release()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`. After a session there is still something to do: nothing of it may stay in the driver."""
        return is_open and (self._claim.held or self._seen is not None)

    def step(self, driver: BarcodeScanner) -> float:
        """See `Duty`: wait a moment for one code."""
        session, cancel = self._claim.look()
        if session is None:
            self._seen = None
            driver.forget()
            return 0.0
        if cancel is not self._seen:
            self._seen = cancel
            driver.forget()
        found = driver.next_scan(_WAIT_S, cancel)
        if found is None:
            return -1.0
        if self._claim.look()[0] == session:
            scan: dict[str, Any] = (
                {"text": found.text, "symbology": found.symbology}
                if isinstance(found, Scan)
                else {"fault": found.fault}
            )
            # The boot's own clock, which all processes of the terminal share: a code is only good for a minute.
            at_s = self.desk.clock.monotonic()
            self.desk.notify("scanner.outcome", {"session": session, "scan": scan, "at_s": at_s})
        return 0.0
