"""Watching for badges for one session: a badge shown at any other time is nobody's business."""

from __future__ import annotations

from devices.claim import Claim
from devices.duty import Desk, Duty, Method, text_of
from kiosk.ipc import Params
from kiosk.ports import BadgeReader

_WAIT_S = 1.0


class BadgeDuty(Duty[BadgeReader]):
    """Waits for a badge while a session wants one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._claim = Claim()

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {"badge.start": self._start, "badge.stop": lambda _params: self.cancel()}

    def _start(self, params: Params) -> None:
        """Watch for a session from now on, as long as the peer that asks is connected."""
        self._claim.take(text_of(params, "session"))

    def cancel(self) -> None:
        """Stop watching."""
        self._claim.release()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`."""
        return self._claim.held and is_open

    def step(self, driver: BadgeReader) -> float:
        """See `Duty`: wait a moment for one badge."""
        session, cancel = self._claim.look()
        if session is None:
            return 0.0
        shown = driver.read(_WAIT_S, cancel)
        if shown is None:
            return -1.0
        if self._claim.look()[0] == session:
            self.desk.notify("badge.shown", {"session": session, "token": shown.token})
        return 0.0
