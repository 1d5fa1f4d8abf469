"""The workbench's end of one simulator's control socket."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalSocket

from kiosk.errors import IpcError
from kiosk.ipc import LineReader, Message, encode

_RETRY_MS = 500


class SimulatorLink(QObject):
    """Keeps a connection to the simulator at `path`, however often either side is restarted."""

    openChanged = Signal()
    stateTold = Signal(object)
    """What the simulator says of itself, a dict: once connected, and at every change."""
    refused = Signal(str)
    """The simulator's sentence about a call that it did not carry out."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._reader = LineReader()
        self._last_id = 0
        self._waiting: dict[int, Callable[[Any], None]] = {}
        self._socket = QLocalSocket(self)
        self._socket.connected.connect(self._greet)
        self._socket.disconnected.connect(self._lose)
        self._socket.errorOccurred.connect(self._retry)
        self._socket.readyRead.connect(self._read)
        self._retry_timer = QTimer(self, singleShot=True, interval=_RETRY_MS)
        self._retry_timer.timeout.connect(self._connect)
        self._connect()

    @property
    def is_open(self) -> bool:
        """Whether the simulator is there."""
        return self._socket.state() == QLocalSocket.LocalSocketState.ConnectedState

    def call(self, method: str, then: Callable[[Any], None] | None = None, **params: Any) -> None:
        """Ask for something; `then` gets the result. Without a simulator nothing happens: the window says so."""
        if not self.is_open:
            return
        self._last_id += 1
        if then is not None:
            self._waiting[self._last_id] = then
        self._socket.write(encode(Message(id=self._last_id, method=method, params=params)))
        self._socket.flush()

    def close(self) -> None:
        """Hang up for good."""
        self._socket.blockSignals(True)
        self._retry_timer.stop()
        self._socket.abort()

    def _connect(self) -> None:
        if self._socket.state() == QLocalSocket.LocalSocketState.UnconnectedState:
            self._socket.connectToServer(os.fspath(self._path))

    def _greet(self) -> None:
        self._reader = LineReader()
        self.openChanged.emit()
        self.call("state", then=self.stateTold.emit)

    def _lose(self) -> None:
        self._waiting.clear()
        self.openChanged.emit()
        self._retry()

    def _retry(self) -> None:
        self._retry_timer.start()

    def _read(self) -> None:
        try:
            messages = self._reader.feed(bytes(self._socket.readAll().data()))
        except IpcError:
            self._socket.abort()
            return
        for message in messages:
            self._hear(message)

    def _hear(self, message: Message) -> None:
        if message.method == "state":
            self.stateTold.emit(message.params)
        elif message.error is not None:
            self._waiting.pop(message.id or 0, None)
            self.refused.emit(str(message.error.get("message", "")))
        elif message.id is not None and (then := self._waiting.pop(message.id, None)):
            then(message.result)
