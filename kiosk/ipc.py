"""JSON-RPC 2.0 between the terminal's own processes, over a local socket whose peers are checked.

One message a line, UTF-8, at most `MAX_LINE_BYTES`; no pickles.  A server answers requests and pushes
notifications to every peer that is connected.  The face does not use the two classes below: it speaks
the same lines through Qt's own local socket (`encode`, `LineReader`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec

from kiosk.errors import IpcError, IpcFault, LinbanError

MAX_LINE_BYTES = 256 * 1024
_ACCEPT_AGAIN_S = 0.2
_WAITING_PEERS = 32
_SEND_DEADLINE_S = 2.0
"""A peer that does not read for this long is dropped: it must not hold up the others."""

log = logging.getLogger(__name__)

Params = dict[str, Any]
Method = Callable[[Params], Any]


class Message(msgspec.Struct, kw_only=True):
    """One JSON-RPC message: a request, a notification (no id), or an answer (no method)."""

    jsonrpc: str = "2.0"
    id: int | None = None
    method: str | None = None
    params: Params = msgspec.field(default_factory=dict)
    result: Any = None
    error: dict[str, Any] | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """The bytes of one message, line end included."""
    plain: dict[str, Any] = {"jsonrpc": "2.0"}
    if message.id is not None:
        plain["id"] = message.id
    if message.method is not None:
        plain["method"] = message.method
        if message.params:
            plain["params"] = message.params
    elif message.error is not None:
        plain["error"] = message.error
    else:
        plain["result"] = message.result
    return _encoder.encode(plain) + b"\n"


class LineReader:
    """Cuts a byte stream into messages. `feed` raises `IpcError` on a line that is not one."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes."""
        self._buffer += data
        messages = []
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if line.strip():
                messages.append(_decode(line))
        if len(self._buffer) > MAX_LINE_BYTES:
            self._buffer.clear()
            raise IpcError(IpcFault.MALFORMED, "a line without end")
        return messages


def _decode(line: bytes) -> Message:
    if len(line) > MAX_LINE_BYTES:
        raise IpcError(IpcFault.MALFORMED, f"a line of {len(line)} bytes")
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise IpcError(IpcFault.MALFORMED, str(error)) from error


@dataclass(eq=False)
class _Peer:
    """One connected process, with the lock that keeps its lines whole."""

    connection: socket.socket
    write_lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, data: bytes) -> None:
        with self.write_lock:
            self.connection.sendall(data)


class IpcServer:
    """Serves methods on a local socket, one thread a peer.

    `methods` maps a name to a function from params to a result that msgspec can encode.  A method that
    raises `LinbanError` or `ValueError` answers with an error; anything else is logged as a bug and
    answered with one.  `on_connect` runs for each new peer and returns the notifications it should get first.
    Methods in `slow` run beside the peer's other calls, so that one may cancel them.
    """

    def __init__(
        self,
        path: Path,
        methods: dict[str, Method],
        on_connect: Callable[[], list[tuple[str, Any]]] | None = None,
        allowed_uids: frozenset[int] | None = None,
        slow: frozenset[str] = frozenset(),
    ) -> None:
        self._path = path
        self._slow = slow
        self._methods = methods
        self._on_connect = on_connect or list
        self._allowed_uids = allowed_uids or frozenset({0, os.getuid()})
        self._peers: list[_Peer] = []
        self._peers_lock = threading.Lock()
        self._closing = threading.Event()
        self._listener = _listen(path)
        self._thread = threading.Thread(target=self._accept, name=f"ipc-{path.stem}", daemon=True)
        self._thread.start()

    def notify(self, method: str, params: Any) -> None:
        """Push a notification to every peer; a peer that does not read is dropped."""
        data = encode(Message(method=method, params=msgspec.to_builtins(params)))
        with self._peers_lock:
            peers = list(self._peers)
        for peer in peers:
            try:
                peer.send(data)
            except OSError:
                self._drop(peer)

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._peers_lock:
            peers = list(self._peers)
        for peer in peers:
            self._drop(peer)
        self._thread.join(timeout=2)
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                # No descriptor left, for one: whoever knocks is let in when there are some again.
                if not self._closing.is_set():
                    log.warning("ipc peer not let in", extra={"cause": str(error)})
                self._closing.wait(_ACCEPT_AGAIN_S)
                continue
            uid = _peer_uid(connection)
            if uid not in self._allowed_uids:
                log.warning("ipc peer refused", extra={"uid": uid})
                connection.close()
                continue
            connection.settimeout(None)
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(_SEND_DEADLINE_S), 0)
            )
            peer = _Peer(connection)
            threading.Thread(
                target=self._serve, args=(peer,), name=f"ipc-{self._path.stem}-peer", daemon=True
            ).start()

    def _serve(self, peer: _Peer) -> None:
        reader = LineReader()
        try:
            # In the list first, greeted second: a change between the two is told twice rather than never.
            with self._peers_lock:
                self._peers.append(peer)
            for method, params in self._on_connect():
                peer.send(encode(Message(method=method, params=msgspec.to_builtins(params))))
            while data := peer.connection.recv(65536):
                for message in reader.feed(data):
                    self._handle(peer, message)
        except (OSError, IpcError):
            pass
        finally:
            self._drop(peer)

    def _handle(self, peer: _Peer, message: Message) -> None:
        if message.method in self._slow:
            name = f"ipc-{self._path.stem}-{message.method}"
            threading.Thread(target=self._send_answer, args=(peer, message), name=name, daemon=True).start()
        else:
            self._send_answer(peer, message)

    def _send_answer(self, peer: _Peer, message: Message) -> None:
        answer = self._answer(message)
        if answer is not None:
            with contextlib.suppress(OSError):  # the reading side notices the loss
                peer.send(encode(answer))

    def _answer(self, message: Message) -> Message | None:
        if message.method is None:
            return None
        method = self._methods.get(message.method)
        try:
            if method is None:
                raise ValueError(f"no such method: {message.method}")
            result = msgspec.to_builtins(method(message.params))
        except Exception as error:
            if not isinstance(error, (LinbanError, ValueError, KeyError)):
                log.exception("ipc method failed", extra={"method": message.method})
            return (
                None
                if message.id is None
                else Message(id=message.id, error={"code": -32000, "message": str(error)})
            )
        return None if message.id is None else Message(id=message.id, result=result)

    def _drop(self, peer: _Peer) -> None:
        with self._peers_lock, contextlib.suppress(ValueError):
            self._peers.remove(peer)
        with contextlib.suppress(OSError):
            peer.connection.shutdown(socket.SHUT_RDWR)
        peer.connection.close()


class IpcClient:
    """A blocking client, for commands, tests and the processes that have threads to spare."""

    def __init__(self, path: Path, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(os.fspath(path))
        except OSError as error:
            self._socket.close()
            raise IpcError(IpcFault.UNREACHABLE, f"{path}: {error}") from error
        self._socket.settimeout(None)
        self._next_id = 0
        self._answers: dict[int, queue.Queue[Message | None]] = {}
        self._notifications: queue.Queue[Message | None] = queue.Queue()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name=f"ipc-client-{path.stem}", daemon=True)
        self._thread.start()

    def call(self, method: str, /, patience_s: float | None = None, **params: Any) -> Any:
        """Call `method` and return its result, waiting `patience_s` for it; raises `IpcError`."""
        with self._lock:
            self._next_id += 1
            number = self._next_id
            answers: queue.Queue[Message | None] = queue.Queue()
            self._answers[number] = answers
            try:
                self._socket.sendall(
                    encode(Message(id=number, method=method, params=msgspec.to_builtins(params)))
                )
            except OSError as error:
                self._answers.pop(number, None)
                raise IpcError(IpcFault.CLOSED, method) from error
        try:
            answer = answers.get(timeout=patience_s or self._timeout_s)
        except queue.Empty:
            raise IpcError(IpcFault.TIMED_OUT, method) from None
        finally:
            self._answers.pop(number, None)
        if answer is None:
            raise IpcError(IpcFault.CLOSED, method)
        if answer.error is not None:
            raise IpcError(IpcFault.REMOTE, str(answer.error.get("message", "")))
        return answer.result

    def notifications(self, timeout_s: float) -> Iterator[Message]:
        """Notifications as they come, until none came for `timeout_s` or the peer has gone."""
        while True:
            try:
                message = self._notifications.get(timeout=timeout_s)
            except queue.Empty:
                return
            if message is None:
                return
            yield message

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=2)
        self._socket.close()

    def _read(self) -> None:
        reader = LineReader()
        try:
            while data := self._socket.recv(65536):
                for message in reader.feed(data):
                    if message.method is not None:
                        self._notifications.put(message)
                    elif message.id is not None and (waiting := self._answers.get(message.id)):
                        waiting.put(message)
        except (OSError, IpcError):
            pass
        for waiting in list(self._answers.values()):
            waiting.put(None)
        self._notifications.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _listen(path: Path) -> socket.socket:
    """A listening socket at `path`, readable by this user only; a dead predecessor's file is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old_mask = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
    finally:
        os.umask(old_mask)
    listener.listen(_WAITING_PEERS)
    return listener


def _peer_uid(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", credentials)
    return int(uid)
