"""A finger and a keyboard in front of a window."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtQuick import QQuickWindow
from PySide6.QtTest import QTest

from ui.remote.eye import Element, visible_elements


def offered(window: QQuickWindow) -> dict[str, Element]:
    """What can be pressed, by name."""
    return {e.name: e for e in visible_elements(window) if e.pressable}


def read(window: QQuickWindow) -> list[str]:
    """Everything that can be read, in the tree's order."""
    return [e.name for e in visible_elements(window) if e.name]


def tap(window: QQuickWindow, name: str) -> None:
    """Touch the one thing of this name."""
    QTest.mouseClick(window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, centre(window, name))


def centre(window: QQuickWindow, name: str) -> QPoint:
    """Where a finger aims."""
    things = offered(window)
    assert name in things, f"no {name!r}; offered: {', '.join(things)}"
    assert things[name].enabled, f"{name!r} is disabled"
    return things[name].centre.toPoint()


def key(window: QQuickWindow, which: Qt.Key) -> None:
    """Press and let go of a key."""
    QTest.keyClick(window, which)
