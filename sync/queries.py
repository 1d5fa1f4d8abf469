"""Live look-ups on behalf of the session: asked now or not at all, never queued."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec

from kiosk.clock import Clock, SystemClock
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.presented_code import CODE_LIFE_S, is_fresh
from kiosk.errors import LineFault, PlatformError
from sync.line import Line
from sync.platform_client import PlatformClient
from sync.wire import IdentityCodeAnswer, IdentityVerdict

_LONGEST_S = 30.0
_SHORTEST_S = 0.2


class Queries:
    """Asks; may be called from any thread, several at a time. Connections are kept for the next one."""

    def __init__(
        self,
        new_client: Callable[[], PlatformClient],
        line: Line,
        standing: Callable[[], tuple[Enrolment | None, int]],
        clock: Clock | None = None,
    ) -> None:
        """`standing` tells who this terminal is and its newest sequence."""
        self._new_client = new_client
        self._line = line
        self._standing = standing
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._idle: list[PlatformClient] = []
        self._running: dict[str, PlatformClient] = {}
        self._unnamed = 0

    def ask(self, service: str, params: dict[str, str], timeout_s: float, name: str = "") -> dict[str, Any]:
        """Ask and wait at most `timeout_s`. Raises `PlatformError`; `TIMED_OUT` also when it was cancelled."""
        enrolment, sequence = self._standing()
        if enrolment is None:
            raise PlatformError(LineFault.NOT_CONFIGURED, "not enrolled")
        with self._lock:
            client = self._idle.pop() if self._idle else self._new_client()
            self._unnamed += 1
            name = name or f"unnamed-{self._unnamed}"
            self._running[name] = client
        client.become(enrolment)
        whole_s = min(max(timeout_s, _SHORTEST_S), _LONGEST_S)
        try:
            answer = client.query(service, params, sequence, whole_s)
        except PlatformError as error:
            with self._lock:
                cancelled = self._running.pop(name, None) is None
            client.close()
            if cancelled:
                raise PlatformError(LineFault.TIMED_OUT, "cancelled") from error
            if error.fault is not LineFault.TIMED_OUT:  # a short deadline says little about the line
                self._line.failed(error.fault)
            raise
        with self._lock:
            kept = self._running.pop(name, None) is client
            if kept:
                self._idle.append(client)
        if not kept:  # cancelled while its answer came: it refuses whatever it is asked next
            client.close()
        self._line.succeeded()
        return answer

    def identify(
        self, form: str, code: str, scanned_at_s: float, try_id: str, timeout_s: float, name: str = ""
    ) -> IdentityCodeAnswer:
        """Ask whose live code this is. Raises `PlatformError`, at once when the line is down: never queued.

        A code that was scanned more than a minute ago does not leave this terminal.
        """
        now = self._clock.monotonic()
        if not is_fresh(scanned_at_s, now):
            return IdentityCodeAnswer(verdict=IdentityVerdict.EXPIRED)
        if not self._line.is_online:
            raise PlatformError(LineFault.NO_LINE, "known to be down")
        params = {"form": form, "code": code, "try": try_id}
        found = self.ask("identity-code", params, min(timeout_s, scanned_at_s + CODE_LIFE_S - now), name)
        try:
            return msgspec.convert(found, IdentityCodeAnswer)
        except msgspec.ValidationError:
            # Without its words: they may quote the answer, and the answer names a person.
            raise PlatformError(LineFault.NOT_THE_PLATFORM, "an identity of another shape") from None

    def cancel(self, name: str) -> bool:
        """End the look-up of this name; False when there is none."""
        with self._lock:
            client = self._running.pop(name, None)
        if client is None:
            return False
        client.call_off()
        return True

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            running, self._running = list(self._running.values()), {}
        for client in running:
            client.call_off()
