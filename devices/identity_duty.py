"""Reading cards for one session: only between start and stop, and each outcome under its session's name."""

from __future__ import annotations

import threading

from devices.claim import Claim
from devices.duty import Desk, Duty, Method, text_of
from kiosk.ipc import Params
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, IdCardReader, NoCard

READ_TIMEOUT_S = 6.0
_POLL_S = 0.2
_AFTER_FAULT_S = 0.4
"""Time to lay the card down again."""


class IdCardDuty(Duty[IdCardReader]):
    """Polls the plate (or the slot for social-security cards) while a session wants it to."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._claim = Claim()
        self._session: str | None = None
        self._seen: threading.Event | None = None
        self._told: set[CardFault] = set()
        self._announced = False

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {"id_card.start": self._start, "id_card.stop": lambda _params: self.cancel()}

    def _start(self, params: Params) -> None:
        """Read for a session from now on, as long as the peer that asks is connected."""
        self._claim.take(text_of(params, "session"))

    def cancel(self) -> None:
        """Stop reading; a read that is under way ends without an outcome."""
        self._claim.release()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`."""
        return self._claim.held and is_open

    def step(self, driver: IdCardReader) -> float:
        """See `Duty`: look at the plate once."""
        session, cancel = self._claim.look()
        if session is None:
            return 0.0
        if session != self._session:
            self._session = session
            driver.forget()
        if cancel is not self._seen:
            self._seen, self._told, self._announced = cancel, set(), False
        found = threading.Event()

        def on_found() -> None:
            found.set()
            self._announce(session)

        outcome = driver.read(READ_TIMEOUT_S, cancel, on_found)
        if isinstance(outcome, NoCard):
            if not found.is_set():
                self._told, self._announced = set(), False
            return _POLL_S
        if found.is_set() or outcome != CardNotRead(fault=CardFault.NO_ANSWER):
            self._tell(session, outcome)
        if isinstance(outcome, CardRead):
            return _POLL_S
        return -1.0 if outcome.fault in (CardFault.NO_ANSWER, CardFault.READER_FAULT) else _AFTER_FAULT_S

    def _announce(self, session: str) -> None:
        if not self._announced and self._is_current(session):
            self._announced = True
            self.desk.notify("id_card.present", {"session": session})

    def _tell(self, session: str, outcome: CardOutcome) -> None:
        if isinstance(outcome, CardNotRead):
            if outcome.fault in self._told:
                return  # the same fault again, of the same placing
            self._told.add(outcome.fault)
        if self._is_current(session):
            self.desk.notify("id_card.outcome", {"session": session, "outcome": outcome})

    def _is_current(self, session: str) -> bool:
        return self._claim.look()[0] == session
