"""Scanning for one session: what is shown outside a session is thrown away unread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from kiosk.ports import BarcodeScanner, Scan

_WAIT_S = 1.0

Notify = Callable[[str, dict[str, Any]], None]


class ScannerDuty:
    """Listens to the scanner while a session wants it to."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._lock = threading.Lock()
        self._session: str | None = None
        self._owner: threading.Thread | None = None
        self._cancel = threading.Event()
        self._fresh = False

    def start(self, session: str) -> None:
        """Listen for `session` from now on, as long as the peer that asks is connected."""
        with self._lock:
            self._cancel.set()
            self._session, self._cancel = session, threading.Event()
            # A peer's methods run on the thread that serves it, and that thread ends with the connection.
            self._owner = threading.current_thread()
            self._fresh = True

    def cancel(self) -> None:
        """Stop listening."""
        with self._lock:
            self._session = self._owner = None
            self._cancel.set()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`."""
        with self._lock:
            if self._owner is not None and not self._owner.is_alive():
                self._session = self._owner = None
            return is_open and self._session is not None

    def step(self, driver: BarcodeScanner) -> float:
        """See `Duty`: wait a moment for one code."""
        with self._lock:
            session, cancel, fresh = self._session, self._cancel, self._fresh
            self._fresh = False
        if session is None:
            return 0.0
        if fresh:
            driver.forget()
        found = driver.next_scan(_WAIT_S, cancel)
        if found is None:
            return -1.0
        with self._lock:
            current = session == self._session
        if current:
            scan: dict[str, Any] = (
                {"text": found.text, "symbology": found.symbology}
                if isinstance(found, Scan)
                else {"fault": found.fault}
            )
            self._notify("scanner.outcome", {"session": session, "scan": scan})
        return 0.0
