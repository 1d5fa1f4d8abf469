"""Scanning for one session: what is shown outside a session is thrown away unread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from devices.claim import Claim
from kiosk.ports import BarcodeScanner, Scan

_WAIT_S = 1.0

Notify = Callable[[str, dict[str, Any]], None]


class ScannerDuty:
    """Listens to the scanner while a session wants it to."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._claim = Claim()
        self._seen: threading.Event | None = None

    def start(self, session: str) -> None:
        """Listen for `session` from now on, as long as the peer that asks is connected."""
        self._claim.take(session)

    def cancel(self) -> None:
        """Stop listening."""
        self._claim.release()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`."""
        return self._claim.held and is_open

    def step(self, driver: BarcodeScanner) -> float:
        """See `Duty`: wait a moment for one code."""
        session, cancel = self._claim.look()
        if session is None:
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
            self._notify("scanner.outcome", {"session": session, "scan": scan})
        return 0.0
