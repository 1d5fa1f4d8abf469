"""The sync process of a terminal whose key is gone: it says so, tries again, and can be enrolled again. Nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from kiosk.clock import Clock
from kiosk.config import Settings
from kiosk.domain.enrolment import Standing
from kiosk.errors import JournalError, SecretError
from kiosk.ipc import IpcServer, Params
from sync.identity import open_identity
from sync.line import Line
from sync.renewal import answer_renewal

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 30.0
"""A TPM may only be slow to come up, and a key may be put back."""


class Keyless:
    """Stands where `sync.agent.Agent` would: `start`, then `close`."""

    healthy = True

    def __init__(self, settings: Settings, clock: Clock, on_renewed: Callable[[], None]) -> None:
        self._settings, self._clock, self._on_renewed = settings, clock, on_renewed
        self._stopping = threading.Event()
        self.line = Line(clock)
        self.line.not_enrolled()
        self.line.note_standing(Standing.KEY_LOST)
        self._server: IpcServer | None = None
        self._thread = threading.Thread(target=self._look_again, name="keyless", daemon=True)

    def start(self) -> None:
        """Listen to the other processes."""
        self._server = IpcServer(
            self._settings.sync_socket,
            {
                "status": lambda params: self.line.status(),
                "wake": lambda params: {"ok": True},
                "query": _nobody,
                "identify_code": _nobody,
                "cancel_query": lambda params: {"ok": False},
                "enrol": self._enrol,
            },
            on_connect=lambda: [("line.status", self.line.status())],
            slow=frozenset({"enrol"}),
        )
        self._thread.start()

    def woken(self) -> None:
        """The machine slept: the key is looked for soon enough."""

    def close(self) -> None:
        """End."""
        self._stopping.set()
        if self._server is not None:
            self._server.close()

    def _look_again(self) -> None:
        while not self._clock.wait(self._stopping, _LOOK_AGAIN_S):
            try:
                open_identity(self._settings, self._clock)
            except (JournalError, SecretError):
                continue
            self._on_renewed()
            return

    def _enrol(self, params: Params) -> dict[str, Any]:
        if not params.get("again"):
            return {"ok": False, "fault": "key_lost", "detail": ""}
        return answer_renewal(self._settings, self._clock, str(params["code"]), self._on_renewed)


def _nobody(params: Params) -> dict[str, Any]:
    return {"ok": False, "fault": "not_configured", "detail": "this terminal's key is gone"}
