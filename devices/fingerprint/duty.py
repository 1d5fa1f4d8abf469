"""One fingerprint for one session: asked for once, answered once.

The template does not leave this process.  Nobody at the other end of the socket could compare it: the card's
own fingerprints are in another format (GA/T 1012), and this terminal keeps none.  What is told is that a finger
was taken, and how well.
"""

from __future__ import annotations

import threading
from typing import Any

from devices.claim import Claim
from devices.duty import Desk, Duty, Method, text_of
from kiosk.ipc import Params
from kiosk.ports import FingerprintFault, FingerprintReader

TAKE_WITHIN_S = 20.0
_SLICE_S = 2.5
"""Of which the driver waits for a finger for one second: so late it is noticed that the peer has hung up."""


class FingerprintDuty(Duty[FingerprintReader]):
    """Waits for a finger while a session wants one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._claim = Claim()
        self._seen: threading.Event | None = None
        self._give_up_at = 0.0

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {"fingerprint.start": self._start, "fingerprint.stop": lambda _params: self.cancel()}

    def _start(self, params: Params) -> None:
        """Take one fingerprint for a session, as long as the peer that asks is connected."""
        session = text_of(params, "session")
        if self.desk.attached:
            self._claim.take(session)
        else:
            self._tell(session, {"fault": FingerprintFault.NO_ANSWER})

    def cancel(self) -> None:
        """Stop; a fingerprint that is being taken is thrown away without an outcome."""
        self._claim.release()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`: also without a module, so that the session gets its outcome instead of waiting."""
        return self._claim.held

    def step(self, driver: FingerprintReader) -> float:
        """See `Duty`: wait a moment for a finger."""
        session, cancel = self._claim.look()
        if session is None:
            return 0.0
        now = self.desk.clock.monotonic()
        if cancel is not self._seen:
            self._seen, self._give_up_at = cancel, now + TAKE_WITHIN_S
        outcome = driver.take(min(_SLICE_S, max(self._give_up_at - now, 0.0)), cancel)
        if outcome is FingerprintFault.NO_FINGER and self.desk.clock.monotonic() < self._give_up_at:
            return 0.0
        if isinstance(outcome, FingerprintFault):
            told: dict[str, Any] = {"fault": outcome}
        else:
            outcome.wipe()
            told = {"quality": outcome.quality}
        if not cancel.is_set() and self._claim.look()[0] == session:
            self._claim.release()
            self._tell(session, told)
        return -1.0 if outcome is FingerprintFault.NO_ANSWER else 0.0

    def _tell(self, session: str, outcome: dict[str, Any]) -> None:
        self.desk.notify("fingerprint.outcome", {"session": session, **outcome})
