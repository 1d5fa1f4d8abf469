"""What a person with a screen reader, or a finger, finds in a window at one moment."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtQuick import QQuickItem, QQuickWindow

_LAYER_SHARE = 0.8
"""An item that hears touch and spans this much of the window both ways is a layer: what is under it is not offered."""

_PRESSABLE_ROLES = frozenset(
    "Button ButtonDropDown ButtonMenu Cell CheckBox ComboBox EditableText Link ListItem MenuItem PageTab RadioButton"
    " Slider SpinBox".split()
)


@dataclass(frozen=True)
class Element:
    """One visible thing as a screen reader knows it; `rect` (x, y, width, height) in the window's own pixels."""

    role: str
    name: str
    value: str
    description: str
    enabled: bool
    focusable: bool
    focused: bool
    checked: bool
    rect: tuple[int, int, int, int]

    @property
    def pressable(self) -> bool:
        """Whether a resident would expect it to answer a touch."""
        return self.role in _PRESSABLE_ROLES

    @property
    def centre(self) -> QPointF:
        """Where a finger aims."""
        x, y, width, height = self.rect
        return QPointF(x + width / 2, y + height / 2)


def visible_elements(window: QQuickWindow) -> list[Element]:
    """Everything visible that the accessibility tree offers, in the tree's order."""
    root = QAccessible.queryAccessibleInterface(window)
    return list(_below(root, window, _Stacking(window)))


def visible_items(item: QQuickItem) -> Iterator[QQuickItem]:
    """`item` and what is in it, in the order in which Qt paints, from back to front."""
    if not item.isVisible() or math.isclose(item.opacity(), 0):
        return
    children = sorted(item.childItems(), key=lambda child: child.z())
    for child in children:
        if child.z() < 0:
            yield from visible_items(child)
    yield item
    for child in children:
        if child.z() >= 0:
            yield from visible_items(child)


class _Stacking:
    """What lies over what in a window at one moment."""

    def __init__(self, window: QQuickWindow) -> None:
        items = list(visible_items(window.contentItem()))
        self._depth = {item: depth for depth, item in enumerate(items)}
        self._layers = [item for item in items if _is_layer(item, window)]

    def shows(self, item: QQuickItem, at: QPoint) -> bool:
        """Whether `item` can be seen at a point of the window: painted, not clipped away, under no layer."""
        depth = self._depth.get(item)
        if depth is None or _is_clipped(item, QPointF(at)):
            return False
        return not any(self._depth[layer] > depth and not item.isAncestorOf(layer) for layer in self._layers)


def _is_layer(item: QQuickItem, window: QQuickWindow) -> bool:
    spans = item.width() >= window.width() * _LAYER_SHARE and item.height() >= window.height() * _LAYER_SHARE
    return spans and item.acceptedMouseButtons() != Qt.MouseButton.NoButton


def _is_clipped(item: QQuickItem, at: QPointF) -> bool:
    holder: QQuickItem | None = item
    while holder is not None:
        if holder.clip() and not holder.contains(holder.mapFromScene(at)):
            return True
        holder = holder.parentItem()
    return False


def _below(interface: QAccessibleInterface, window: QQuickWindow, stacking: _Stacking) -> Iterator[Element]:
    for index in range(interface.childCount()):
        child = interface.child(index)
        # An item that is being destroyed is still counted for a moment; the type stubs leave out the None.
        if not child or not child.isValid():  # type: ignore[truthy-bool]
            continue
        item = child.object()
        if isinstance(item, QQuickItem) and (element := _element(child, item, window, stacking)):
            yield element
        yield from _below(child, window, stacking)


def _element(
    interface: QAccessibleInterface, item: QQuickItem, window: QQuickWindow, stacking: _Stacking
) -> Element | None:
    state: Any = interface.state()  # its flags are bit fields that the type stubs leave out
    rect = QRect(window.mapFromGlobal(interface.rect().topLeft()), interface.rect().size())
    if state.invisible or state.offscreen or rect.isEmpty() or not stacking.shows(item, rect.center()):
        return None
    return Element(
        role=interface.role().name,
        name=interface.text(QAccessible.Text.Name),
        value=interface.text(QAccessible.Text.Value),
        description=interface.text(QAccessible.Text.Description),
        enabled=not state.disabled,
        focusable=bool(state.focusable),
        focused=bool(state.focused),
        checked=bool(state.checked),
        rect=(rect.x(), rect.y(), rect.width(), rect.height()),
    )
