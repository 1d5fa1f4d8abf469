"""The hand on a real window, led over a real socket."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QImage
from PySide6.QtQml import QQmlComponent, QQmlEngine
from PySide6.QtQuick import QQuickWindow
from pytestqt.qtbot import QtBot

from kiosk.errors import IpcError
from kiosk.ipc import IpcClient
from ui.remote import RemoteHand

T = TypeVar("T")

WINDOW = b"""
import QtQuick
import QtQuick.Templates as T

Window {
    id: root

    property string stage: "first"
    property string did
    property bool busy: false

    width: 400
    height: 400
    visible: true

    component Press: Rectangle {
        id: press

        required property string name

        width: 80
        height: 40
        color: "#0B5C7A"
        activeFocusOnTab: true
        Accessible.role: Accessible.Button
        Accessible.name: name

        TapHandler {
            onTapped: root.did += press.name + ";"
            onDoubleTapped: root.did += "twice;"
            onLongPressed: root.did += "long;"
        }
    }

    Text {
        Accessible.role: Accessible.Heading
        text: root.stage
        Accessible.name: "Page " + root.stage
    }
    Press { y: 30; name: "One" }
    Press { x: 100; y: 30; name: "Same" }
    Press { x: 200; y: 30; name: "Same" }
    T.Button {
        x: 300
        y: 30
        width: 80
        height: 40
        enabled: false
        text: "Dead"
        Accessible.name: text
    }
    Press { x: 300; y: 100; visible: false; name: "Hidden" }
    Press { x: 300; y: 500; name: "Below the edge" }
    Item {
        y: 350
        width: 100
        height: 20
        clip: true

        Press { y: 25; name: "Clipped" }
    }
    Press { y: 100; name: "Under" }
    MouseArea {
        y: 100
        width: 80
        height: 40
        onClicked: root.did += "Cover;"
    }
    Press {
        x: 100
        y: 100
        name: "Next"

        TapHandler { onTapped: root.stage = "second" }
    }
    Press {
        x: 200
        y: 100
        name: "Slide"

        TapHandler { onTapped: slide.start() }
    }
    SequentialAnimation {
        id: slide

        ScriptAction { script: { root.stage = "third"; mover.busy = true } }
        NumberAnimation { target: mover; property: "x"; from: 0; to: 50; duration: 150 }
        ScriptAction { script: mover.busy = false }
    }
    Rectangle {
        id: mover

        property bool busy: false

        y: 300
        width: 20
        height: 20
    }
    T.TextField {
        y: 200
        width: 200
        height: 30
        Accessible.name: "Answer"
        focus: true
        objectName: "answer"
    }
    Rectangle {
        id: layer

        anchors.fill: parent
        color: "#80000000"
        visible: root.stage === "asked"
        z: 10

        MouseArea { anchors.fill: parent }
        Press { anchors.centerIn: parent; name: "Yes" }
    }
}
"""


class Led:
    """The window, the hand in it and the process that leads the hand, played by a thread."""

    def __init__(self, qtbot: QtBot, window: QQuickWindow, hand: RemoteHand, client: IpcClient) -> None:
        self.qtbot = qtbot
        self.window = window
        self.hand = hand
        self.client = client

    def call(self, method: str, **params: Any) -> Any:
        return self.in_thread(lambda: self.client.call(method, **params))

    def in_thread(self, work: Callable[[], T]) -> T:
        results: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue()

        def run() -> None:
            try:
                results.put((work(), None))
            except IpcError as error:
                results.put((None, error))

        thread = threading.Thread(target=run)
        thread.start()
        self.qtbot.waitUntil(lambda: not results.empty())
        thread.join()
        result, error = results.get()
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    @property
    def did(self) -> str:
        return str(self.window.property("did"))


@pytest.fixture
def led(qtbot: QtBot, tmp_path: Path) -> Iterator[Led]:
    engine = QQmlEngine()
    component = QQmlComponent(engine)
    component.setData(WINDOW, QUrl.fromLocalFile("/window.qml"))
    window = component.create()
    assert isinstance(window, QQuickWindow), component.errorString()
    qtbot.waitExposed(window)
    socket = tmp_path / "remote.sock"
    hand = RemoteHand(window, lambda: str(window.property("stage")), socket)
    with IpcClient(socket) as client:
        window.requestUpdate()
        qtbot.waitUntil(hand.settled)
        yield Led(qtbot, window, hand, client)
    hand.close()
    window.close()
    window.deleteLater()
    del engine


def test_the_page_tells_its_name_and_its_heading(led: Led) -> None:
    assert led.call("page") == {"page": "first", "title": "Page first", "settled": True}


def test_the_tree_lists_what_is_visible_and_only_that(led: Led) -> None:
    elements = {element["name"]: element for element in led.call("tree")}
    assert elements["One"]["role"] == "Button"
    assert elements["One"]["rect"] == [0, 30, 80, 40]
    assert not elements["Dead"]["enabled"]
    assert elements["Answer"]["focused"]
    assert not {"Hidden", "Below the edge", "Clipped", "Yes"} & elements.keys()


def test_a_press_reaches_the_thing_of_that_name(led: Led) -> None:
    led.call("press", name="One")
    assert led.did == "One;"


def test_a_name_that_two_things_carry_is_not_pressed(led: Led) -> None:
    with pytest.raises(IpcError, match=r"2 times control 'Same'.*Button 'One'"):
        led.call("press", name="Same")
    assert led.did == ""


@pytest.mark.parametrize("name", ["Hidden", "Below the edge", "Clipped", "Nonsense", "on"])
def test_what_nobody_can_see_is_not_pressed(led: Led, name: str) -> None:
    with pytest.raises(IpcError, match=f"no control '{name}'.*offered: .*Button 'One'"):
        led.call("press", name=name)


def test_a_disabled_thing_is_not_pressed(led: Led) -> None:
    with pytest.raises(IpcError, match="'Dead' on page 'first' is disabled"):
        led.call("press", name="Dead")


def test_a_press_of_a_covered_thing_reaches_its_cover(led: Led) -> None:
    led.call("press", name="Under")
    assert led.did == "Cover;"


def test_under_a_modal_layer_only_the_layer_is_offered(led: Led) -> None:
    led.window.setProperty("stage", "asked")
    assert [element["name"] for element in led.call("tree")] == ["Yes"]
    with pytest.raises(IpcError, match="no control 'One'"):
        led.call("press", name="One")
    led.call("press", name="Yes")
    assert led.did == "Yes;"


def test_two_quick_presses_are_a_double_tap(led: Led) -> None:
    led.call("press", name="One", double=True)
    assert led.did == "One;One;twice;"


def test_a_held_press_is_a_long_one(led: Led) -> None:
    led.call("press", name="One", hold_ms=1200)
    assert led.did == "long;"


def test_typed_words_land_in_the_focused_field(led: Led) -> None:
    led.call("type", text="张三 138")
    led.call("key", name="Backspace")
    field = led.window.activeFocusItem()
    assert field.property("text") == "张三 13"
    led.call("key", name="Shift+Tab")
    assert led.window.activeFocusItem() is not field


def test_an_unknown_key_is_refused(led: Led) -> None:
    with pytest.raises(IpcError, match="no such key: Super"):
        led.call("key", name="Super")


def test_a_grab_leaves_a_picture_and_does_not_upset_the_frames(led: Led, tmp_path: Path) -> None:
    file = tmp_path / "page.png"
    assert led.call("grab", path=str(file)) == {"width": 400, "height": 400}
    assert QImage(str(file)).pixelColor(10, 50).name() == "#0b5c7a"
    assert led.call("timed_press", name="Next")["page"] == "second"
    with pytest.raises(IpcError, match="could not be written"):
        led.call("grab", path="/nonexistent/page.png")


def test_a_timed_press_waits_for_the_next_page_to_be_painted(led: Led) -> None:
    before = led.call("frames")
    timed = led.call("timed_press", name="Next")
    after = led.call("frames")
    assert timed["page"] == "second"
    assert 0 < timed["first_ms"] == timed["ms"] < 1000
    assert after["count"] > before["count"]
    assert after["last_s"] > before["last_s"]


def test_a_timed_press_waits_for_the_page_to_come_to_rest(led: Led) -> None:
    timed = led.call("timed_press", name="Slide")
    assert timed["page"] == "third"
    assert timed["first_ms"] < timed["ms"]
    assert timed["ms"] >= 140


def test_a_timed_press_that_leads_nowhere_says_so(led: Led) -> None:
    with pytest.raises(IpcError, match="page 'first' was not followed"):
        led.call("timed_press", name="One", timeout_ms=100)
    assert led.call("timed_press", name="Next")["page"] == "second"


def test_a_page_that_changes_by_itself_is_announced(led: Led) -> None:
    led.window.setProperty("stage", "second")
    notification = led.in_thread(lambda: next(led.client.notifications(2)))
    assert (notification.method, notification.params) == ("page.changed", {"page": "second"})


def test_the_process_tells_its_memory(led: Led) -> None:
    assert 20 < led.call("memory")["rss_mib"] < 1000


def test_a_wrong_request_is_answered_with_a_sentence(led: Led) -> None:
    for method, params in (("fly", {}), ("press", {}), ("press", {"name": 3}), ("page", {"of": "book"})):
        with pytest.raises(IpcError):
            led.call(method, **params)
    assert led.call("page")["page"] == "first"


def test_quit_ends_the_event_loop(led: Led, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    monkeypatch.setattr("ui.remote.hand.QCoreApplication.quit", lambda: ended.append(True))
    led.call("quit")
    led.qtbot.waitUntil(lambda: bool(ended))
