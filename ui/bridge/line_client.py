"""The sync process as the face sees it: the state of the line, deliveries, and live look-ups."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from PySide6.QtCore import QObject, Signal

from kiosk.errors import IpcFault, LineFault
from kiosk.flow.availability import LineState
from kiosk.flow.journey import Progress
from ui.bridge.peer import Peer

ASK_TIMEOUT_S = 8.0
_MARGIN_S = 3.0
"""The sync process keeps the time; this is for the case that it does not."""

log = logging.getLogger(__name__)


class _Line(msgspec.Struct):
    state: LineState = LineState.UNKNOWN


class _Delivered(msgspec.Struct):
    entry_id: UUID


class _Answer(msgspec.Struct):
    ok: bool
    answer: Progress | None = None
    fault: LineFault = LineFault.NO_LINE


class LineClient(QObject):
    """Knows the line's state, wakes the sender, and asks the platform on behalf of the session."""

    lineChanged = Signal()
    caseDelivered = Signal(object)

    def __init__(self, socket: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = LineState.UNKNOWN
        self._peer = Peer(socket, self)
        self._peer.disconnected.connect(lambda: self._set(LineState.UNKNOWN))
        self._peer.notified.connect(self._hear)

    @property
    def up(self) -> bool:
        """Whether what is recorded now leaves at once."""
        return self.state is LineState.ONLINE

    def open(self) -> None:
        """Begin."""
        self._peer.open()

    def close(self) -> None:
        """Hang up."""
        self._peer.close()

    def wake(self) -> None:
        """Something was recorded: send it."""
        if self._peer.is_connected:
            self._peer.tell("wake", {})

    def ask_progress(
        self,
        service: str,
        number: str,
        answered: Callable[[Progress], None],
        failed: Callable[[LineFault], None],
    ) -> None:
        """Ask the platform how far the case `number` is; one of the two functions is called later."""

        def hear(result: Any) -> None:
            try:
                answer = msgspec.convert(result, _Answer)
            except msgspec.ValidationError:
                log.warning("the platform's answer does not fit")
                failed(LineFault.NOT_THE_PLATFORM)
                return
            if answer.ok and answer.answer is not None:
                answered(answer.answer)
            else:
                failed(answer.fault)

        def lose(fault: IpcFault) -> None:
            failed(LineFault.TIMED_OUT if fault is IpcFault.TIMED_OUT else LineFault.NO_LINE)

        params = {"service": service, "params": {"receipt_number": number}, "timeout_s": ASK_TIMEOUT_S}
        self._peer.call("query", params, hear, lose, ASK_TIMEOUT_S + _MARGIN_S)

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        try:
            if method == "line.status":
                self._set(msgspec.convert(params, _Line).state)
            elif method == "case.delivered":
                self.caseDelivered.emit(msgspec.convert(params, _Delivered).entry_id)
        except msgspec.ValidationError:
            log.warning("a notification does not fit", extra={"method": method})

    def _set(self, state: LineState) -> None:
        if state is not self.state:
            self.state = state
            self.lineChanged.emit()
