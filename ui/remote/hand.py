"""The hand itself: a local socket whose requests become touches, keys and pictures."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QAccessible, QKeyEvent, QMouseEvent
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtQuick import QQuickWindow

from kiosk.errors import IpcError
from kiosk.ipc import LineReader, Message, encode
from ui.remote.eye import Element, visible_elements, visible_items
from ui.remote.frames import FrameLog

_DOUBLE_PRESS_GAP_MS = 80
_SETTLE_POLL_MS = 4
"""A page transition may end without painting again, so its end is looked for and not only heard."""
_KEY_TEXTS = {"Return": "\r", "Enter": "\r", "Tab": "\t", "Space": " ", "Backspace": "\b", "Escape": "\x1b"}


class _NoParams(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing."""


class _PressParams(msgspec.Struct, forbid_unknown_fields=True):
    """What to press, and how."""

    name: str
    role: str | None = None
    hold_ms: int = 0
    double: bool = False


class _TimedPressParams(msgspec.Struct, forbid_unknown_fields=True):
    """What to press, and how long to wait for the next page."""

    name: str
    role: str | None = None
    timeout_ms: int = 5000


class _DrawParams(msgspec.Struct, forbid_unknown_fields=True):
    """What to draw on, and the strokes as fractions of its width and height."""

    name: str
    strokes: list[list[tuple[float, float]]]


class _TypeParams(msgspec.Struct, forbid_unknown_fields=True):
    """What to type."""

    text: str


class _KeyParams(msgspec.Struct, forbid_unknown_fields=True):
    """Which key."""

    name: str


class _GrabParams(msgspec.Struct, forbid_unknown_fields=True):
    """Where to leave the picture."""

    path: str


@dataclass(eq=False)
class _Peer:
    """One process that leads the hand."""

    socket: QLocalSocket
    reader: LineReader = field(default_factory=LineReader)

    def send(self, message: Message) -> None:
        """Send, unless the peer has hung up while its answer was pending."""
        if self.socket.state() == QLocalSocket.LocalSocketState.ConnectedState:
            self.socket.write(encode(message))
            self.socket.flush()


@dataclass(frozen=True)
class _Reply:
    """Where the answer of one request goes, now or later."""

    peer: _Peer
    id: int | None

    def give(self, result: Any) -> None:
        """Answer with a result."""
        if self.id is not None:
            self.peer.send(Message(id=self.id, result=result))

    def refuse(self, sentence: str) -> None:
        """Answer with an error."""
        if self.id is not None:
            self.peer.send(Message(id=self.id, error={"code": -32000, "message": sentence}))


@dataclass
class _TimedPress:
    """A press that waits for the page it leads to."""

    reply: _Reply
    left_page: str
    sent_s: float
    deadline_s: float
    first_s: float | None = None


class RemoteHand(QObject):
    """Listens on a local socket and does to the window what a resident could do.

    `page` names the current stage; `in_transition` says whether one page is still sliding over another (by default:
    whether any visible item of the window has a true property `busy`, as StackView has).
    Raises `OSError` when the socket cannot be made.
    """

    def __init__(
        self,
        window: QQuickWindow,
        page: Callable[[], str],
        socket: Path,
        in_transition: Callable[[], bool] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        QAccessible.setActive(True)
        self._window = window
        self._page = page
        self._in_transition = in_transition or self._any_item_busy
        self._announced_page = page()
        self._timed_press: _TimedPress | None = None
        self._peers: list[_Peer] = []
        self._methods: dict[str, tuple[type[msgspec.Struct], Callable[[Any, _Reply], None]]] = {
            "page": (_NoParams, self._answer_page),
            "tree": (_NoParams, self._answer_tree),
            "press": (_PressParams, self._press),
            "timed_press": (_TimedPressParams, self._press_timed),
            "draw": (_DrawParams, self._draw),
            "type": (_TypeParams, self._type),
            "key": (_KeyParams, self._press_key),
            "grab": (_GrabParams, self._grab),
            "frames": (_NoParams, self._answer_frames),
            "memory": (_NoParams, self._answer_memory),
            "quit": (_NoParams, self._quit),
        }
        self._frames = FrameLog(window, page, self)
        self._frames.begun.connect(self._announce_page)
        self._frames.painted.connect(self._look_for_next_page)
        self._settle_timer = QTimer(self, interval=_SETTLE_POLL_MS)
        self._settle_timer.timeout.connect(self._look_for_next_page)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)
        QLocalServer.removeServer(os.fspath(socket))
        if not self._server.listen(os.fspath(socket)):
            raise OSError(f"{socket}: {self._server.errorString()}")

    def close(self) -> None:
        """Hang up and stop listening."""
        self._end_timed_press()
        self._server.close()
        for peer in list(self._peers):
            peer.socket.disconnectFromServer()

    def settled(self) -> bool:
        """Whether the current page has been painted and no page is moving."""
        return self._frames.page == self._page() and not self._in_transition()

    def _any_item_busy(self) -> bool:
        return any(item.property("busy") is True for item in visible_items(self._window.contentItem()))

    # -- who leads ----------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while self._server.hasPendingConnections():
            peer = _Peer(self._server.nextPendingConnection())
            self._peers.append(peer)
            peer.socket.readyRead.connect(lambda peer=peer: self._read(peer))
            peer.socket.disconnected.connect(lambda peer=peer: self._forget(peer))
            self._read(peer)

    def _forget(self, peer: _Peer) -> None:
        if peer in self._peers:
            self._peers.remove(peer)
            peer.socket.deleteLater()

    def _read(self, peer: _Peer) -> None:
        try:
            messages = peer.reader.feed(bytes(peer.socket.readAll().data()))
        except IpcError:
            peer.socket.disconnectFromServer()
            return
        for message in messages:
            if message.method is not None:
                self._answer(message.method, message.params, _Reply(peer, message.id))

    def _answer(self, method: str, params: dict[str, Any], reply: _Reply) -> None:
        self._announce_page()
        try:
            if method not in self._methods:
                raise ValueError(f"no such method: {method}")
            kind, answer = self._methods[method]
            answer(msgspec.convert(params, kind), reply)
        except ValueError as error:  # msgspec's ValidationError is one
            reply.refuse(str(error))

    def _announce_page(self) -> None:
        page = self._page()
        if page != self._announced_page:
            self._announced_page = page
            for peer in list(self._peers):
                peer.send(Message(method="page.changed", params={"page": page}))

    # -- what it sees -------------------------------------------------------------------------------------------

    def _answer_page(self, _: _NoParams, reply: _Reply) -> None:
        elements = visible_elements(self._window)
        title = next((element.name for element in elements if element.role == "Heading"), "")
        reply.give({"page": self._page(), "title": title, "settled": self.settled()})

    def _answer_tree(self, _: _NoParams, reply: _Reply) -> None:
        reply.give(msgspec.to_builtins(visible_elements(self._window)))

    def _grab(self, params: _GrabParams, reply: _Reply) -> None:
        with self._frames.left_out():
            picture = self._window.grabWindow()
        if picture.isNull() or not picture.save(params.path):
            raise ValueError(f"the picture could not be written to {params.path}")
        reply.give({"width": picture.width(), "height": picture.height()})

    def _answer_frames(self, _: _NoParams, reply: _Reply) -> None:
        reply.give({"count": self._frames.count, "last_s": self._frames.last_s})

    def _answer_memory(self, _: _NoParams, reply: _Reply) -> None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        reply.give({"rss_mib": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)})

    # -- what it does -------------------------------------------------------------------------------------------

    def _press(self, params: _PressParams, reply: _Reply) -> None:
        at = self._find(params.name, params.role).centre

        def release() -> None:
            self._lift(at)
            reply.give({})

        def press_again() -> None:
            self._touch(at)
            # As QGuiApplication does: the second press within the interval is followed by a double click.
            self._send_mouse(QEvent.Type.MouseButtonDblClick, at, Qt.MouseButton.LeftButton)
            release()

        self._touch(at)
        if params.double:
            self._lift(at)
            QTimer.singleShot(_DOUBLE_PRESS_GAP_MS, self, press_again)
        elif params.hold_ms > 0:
            QTimer.singleShot(params.hold_ms, self, release)
        else:
            release()

    def _press_timed(self, params: _TimedPressParams, reply: _Reply) -> None:
        if self._timed_press is not None:
            raise ValueError("another timed press still waits for its page")
        at = self._find(params.name, params.role).centre
        sent_s = time.monotonic()
        self._timed_press = _TimedPress(reply, self._page(), sent_s, sent_s + params.timeout_ms / 1000)
        self._settle_timer.start()
        self._touch(at)
        self._lift(at)

    def _look_for_next_page(self) -> None:
        pressed = self._timed_press
        if pressed is None:
            return
        if (
            pressed.first_s is None
            and self._frames.last_s > pressed.sent_s
            and self._frames.page != pressed.left_page
        ):
            pressed.first_s = self._frames.last_s
        if pressed.first_s is not None and self.settled():
            self._end_timed_press()
            ms, first_ms = (
                (end_s - pressed.sent_s) * 1000 for end_s in (self._frames.last_s, pressed.first_s)
            )
            pressed.reply.give({"ms": round(ms, 2), "first_ms": round(first_ms, 2), "page": self._page()})
        elif time.monotonic() > pressed.deadline_s:
            self._end_timed_press()
            pressed.reply.refuse(f"page {pressed.left_page!r} was not followed by another that came to rest")

    def _end_timed_press(self) -> None:
        self._timed_press = None
        self._settle_timer.stop()

    def _draw(self, params: _DrawParams, reply: _Reply) -> None:
        left, top, width, height = self._find(params.name, "Graphic").rect
        for stroke in params.strokes:
            path = [QPointF(left + x * width, top + y * height) for x, y in stroke]
            self._touch(path[0])
            for at in path[1:]:
                self._send_mouse(QEvent.Type.MouseMove, at, Qt.MouseButton.LeftButton)
            self._lift(path[-1])
        reply.give({})

    def _type(self, params: _TypeParams, reply: _Reply) -> None:
        if not self._window.activeFocusItem():  # type: ignore[truthy-bool]  # the stubs leave out the None
            raise ValueError("nothing on this page has the keyboard")
        for character in params.text:
            self._send_key(Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, character)
        reply.give({})

    def _press_key(self, params: _KeyParams, reply: _Reply) -> None:
        *held, name = params.name.split("+")
        modifiers = Qt.KeyboardModifier.NoModifier
        try:
            key = Qt.Key[f"Key_{name}"]
            for modifier in held:
                modifiers |= Qt.KeyboardModifier[f"{modifier}Modifier"]
        except KeyError:
            raise ValueError(f"no such key: {params.name}") from None
        self._send_key(key, modifiers, _KEY_TEXTS.get(name, name.lower() if len(name) == 1 else ""))
        reply.give({})

    def _quit(self, _: _NoParams, reply: _Reply) -> None:
        reply.give({})
        QTimer.singleShot(0, self, QCoreApplication.quit)

    def _touch(self, at: QPointF) -> None:
        self._send_mouse(QEvent.Type.MouseButtonPress, at, Qt.MouseButton.LeftButton)

    def _lift(self, at: QPointF) -> None:
        self._send_mouse(QEvent.Type.MouseButtonRelease, at, Qt.MouseButton.NoButton)

    def _send_mouse(self, kind: QEvent.Type, at: QPointF, held: Qt.MouseButton) -> None:
        button, modifiers = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, at, at, self._window.mapToGlobal(at), button, held, modifiers)
        event.setTimestamp(int(time.monotonic() * 1000))  # handlers tell a double tap by it
        QCoreApplication.sendEvent(self._window, event)

    def _send_key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier, text: str) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QCoreApplication.sendEvent(self._window, QKeyEvent(kind, key, modifiers, text))

    def _find(self, name: str, role: str | None) -> Element:
        """The one enabled thing of that name; raises `ValueError`, naming what is offered."""
        offered = [element for element in visible_elements(self._window) if element.pressable]
        named = [e for e in offered if e.name == name and role in (None, e.role)]
        if len(named) == 1 and named[0].enabled:
            return named[0]
        listed = "; ".join(f"{e.role} {e.name!r}{'' if e.enabled else ' (disabled)'}" for e in offered)
        wanted = f"{role or 'control'} {name!r} on page {self._page()!r}"
        fault = {0: f"there is no {wanted}", 1: f"the {wanted} is disabled"}.get(
            len(named), f"there are {len(named)} times {wanted}"
        )
        raise ValueError(f"{fault}; offered: {listed or 'nothing'}")
