"""Lights for one session, and the switches always: the board is felt ten times a second while it is open.

Lights shine for as long as the session that lit them: they go out when it says so, when another session
lights one, and when its peer hangs up.
"""

from __future__ import annotations

import threading
from typing import Any

from devices.claim import Claim
from devices.duty import Desk, Duty, Method, text_of
from kiosk.domain.device_status import CompletionCode
from kiosk.ipc import Params
from kiosk.ports import BoardReading, FlashRate, IoBoard, LightPosition

FEEL_EVERY_S = 0.1


class BoardDuty(Duty[IoBoard]):
    """Holds which lights the session wants; the driver shows them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._claim = Claim()
        self._lock = threading.Lock()
        self._session: str | None = None
        self._asked: dict[LightPosition, FlashRate] = {}
        self._lit: set[LightPosition] = set()
        self._reading: BoardReading | None = None

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {
            "lights.set": self._set,
            "lights.stop": lambda _params: self.cancel(),
            "board.inputs": lambda _params: self._inputs(),
        }

    def _set(self, params: Params) -> None:
        """Let a light shine for a session; `lights.outcome` says how that ended."""
        session = text_of(params, "session")
        position = LightPosition(text_of(params, "position"))
        rate = FlashRate(text_of(params, "rate"))
        if not self.desk.attached:
            self._tell(session, position, rate, CompletionCode.DEVICE_NOT_READY)
            return
        with self._lock:
            self._claim.take(session)
            if session != self._session:
                self._session = session
                self._asked = dict.fromkeys(self._lit, FlashRate.OFF)
            self._asked[position] = rate

    def _inputs(self) -> dict[str, Any]:
        """What was felt last, for a peer that came after the events; None while the board does not answer."""
        reading = self._reading
        return {"inputs": None if reading is None else reading.inputs}

    def cancel(self) -> None:
        """Let every light go out."""
        self._claim.release()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`: always while there is a board; without one, so that what is asked for is answered."""
        if not is_open:
            self._reading = None
        return is_open or bool(self._asked)

    def step(self, driver: IoBoard) -> float:
        """See `Duty`: do what was asked for, then feel the inputs once."""
        with self._lock:
            if not self._claim.held:
                self._session = None
                self._asked = dict.fromkeys(self._lit, FlashRate.OFF)
            session, asked, self._asked = self._session, self._asked, {}
        for position, rate in asked.items():
            completion = driver.set_light(position, rate)
            if rate is FlashRate.OFF:
                self._lit.discard(position)
            else:
                self._lit.add(position)
            if session is not None:
                self._tell(session, position, rate, completion)
        self._reading = driver.read()
        return -1.0 if self._reading is None else FEEL_EVERY_S

    def _tell(
        self, session: str, position: LightPosition, rate: FlashRate, completion: CompletionCode
    ) -> None:
        outcome = {"session": session, "position": position, "rate": rate, "completion": completion}
        self.desk.notify("lights.outcome", outcome)
