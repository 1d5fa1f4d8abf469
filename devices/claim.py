"""Which session a device works for, and whether whoever asked for it is still connected."""

from __future__ import annotations

import threading


class Claim:
    """The session of one device class. Claimed and released by a peer's thread, looked at by the device's own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: str | None = None
        self._owner: threading.Thread | None = None
        self._cancel = threading.Event()

    def take(self, session: str) -> None:
        """Work for `session` from now on, as long as the peer that asks is connected."""
        with self._lock:
            self._cancel.set()
            self._session, self._cancel = session, threading.Event()
            # A peer's methods run on the thread that serves it, and that thread ends with the connection.
            self._owner = threading.current_thread()

    def release(self) -> None:
        """Work for nobody; a command that is under way is canceled."""
        with self._lock:
            self._session = self._owner = None
            self._cancel.set()

    @property
    def held(self) -> bool:
        """Whether somebody who is still there wants this device."""
        with self._lock:
            if self._owner is not None and not self._owner.is_alive():
                self._session = self._owner = None
            return self._session is not None

    def look(self) -> tuple[str | None, threading.Event]:
        """The session, and the event that ends its commands."""
        with self._lock:
            return self._session, self._cancel
