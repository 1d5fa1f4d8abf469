"""One of the terminal's other processes, over Qt's own local socket: calls, notifications, and coming back."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDeadlineTimer, QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalSocket

from kiosk.errors import IpcError, IpcFault
from kiosk.ipc import LineReader, Message, encode

_FIRST_PAUSE_MS, _LAST_PAUSE_MS = 40, 640
"""A process that was killed is back within 2 s; the face must not be the one that notices late."""
_LOOK_FOR_LATE_MS = 250

log = logging.getLogger(__name__)

Answered = Callable[[Any], None]
Failed = Callable[[IpcFault], None]


@dataclass
class _Pending:
    answered: Answered
    failed: Failed
    deadline: QDeadlineTimer


class Peer(QObject):
    """Connects, and connects again. A call that the other side cannot answer any more fails, it never hangs."""

    connected = Signal()
    disconnected = Signal()
    notified = Signal(str, object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._reader = LineReader()
        self._next_id = 0
        self._pending: dict[int, _Pending] = {}
        self._pause_ms = _FIRST_PAUSE_MS
        self._socket = QLocalSocket(self)
        self._socket.connected.connect(self._come_up)
        self._socket.stateChanged.connect(self._follow)
        self._socket.readyRead.connect(self._read)
        self._retry = QTimer(self, singleShot=True)
        self._retry.timeout.connect(self._connect)
        self._late = QTimer(self, interval=_LOOK_FOR_LATE_MS)
        self._late.timeout.connect(self._give_up_late)

    @property
    def is_connected(self) -> bool:
        """Whether the other process is there now."""
        return self._socket.state() == QLocalSocket.LocalSocketState.ConnectedState

    def open(self) -> None:
        """Begin."""
        self._retry.start(0)

    def close(self) -> None:
        """Hang up for good."""
        self._retry.stop()
        self._late.stop()
        self._socket.blockSignals(True)
        self._socket.abort()
        self._pending.clear()

    def call(
        self, method: str, params: dict[str, Any], answered: Answered, failed: Failed, timeout_s: float = 5.0
    ) -> None:
        """Call `method`; one of the two functions is called later, exactly once."""
        if not self.is_connected:
            QTimer.singleShot(0, self, lambda: failed(IpcFault.UNREACHABLE))
            return
        self._next_id += 1
        self._pending[self._next_id] = _Pending(answered, failed, QDeadlineTimer(int(timeout_s * 1000)))
        self._late.start()
        self._socket.write(encode(Message(id=self._next_id, method=method, params=params)))
        self._socket.flush()

    def tell(self, method: str, params: dict[str, Any]) -> None:
        """Call `method` where nothing depends on the answer."""
        self.call(method, params, lambda _: None, lambda _: None)

    def _connect(self) -> None:
        self._reader = LineReader()
        self._socket.connectToServer(os.fspath(self._path))

    def _come_up(self) -> None:
        self._pause_ms = _FIRST_PAUSE_MS
        self.connected.emit()

    def _follow(self, state: QLocalSocket.LocalSocketState) -> None:
        if state != QLocalSocket.LocalSocketState.UnconnectedState:
            return
        pending, self._pending = self._pending, {}
        for call in pending.values():
            call.failed(IpcFault.CLOSED)
        self._retry.start(self._pause_ms)
        self._pause_ms = min(self._pause_ms * 2, _LAST_PAUSE_MS)
        self.disconnected.emit()

    def _read(self) -> None:
        try:
            messages = self._reader.feed(bytes(self._socket.readAll().data()))
        except IpcError:
            log.warning("a peer does not speak the protocol", extra={"peer": self._path.stem})
            self._socket.abort()
            return
        for message in messages:
            if message.method is not None:
                self.notified.emit(message.method, message.params)
            elif message.id is not None and (call := self._pending.pop(message.id, None)) is not None:
                self._answer(call, message)

    def _answer(self, call: _Pending, message: Message) -> None:
        if message.error is not None:
            log.warning(
                "a peer refused a call",
                extra={"peer": self._path.stem, "reason": message.error.get("message")},
            )
            call.failed(IpcFault.REMOTE)
        else:
            call.answered(message.result)

    def _give_up_late(self) -> None:
        late = [number for number, call in self._pending.items() if call.deadline.hasExpired()]
        for number in late:
            if (call := self._pending.pop(number, None)) is not None:
                call.failed(IpcFault.TIMED_OUT)
        if not self._pending:
            self._late.stop()
