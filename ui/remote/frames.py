"""Which page was painted last, and when: what "tap to painted" is measured with."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, Signal
from PySide6.QtQuick import QQuickWindow


class FrameLog(QObject):
    """Follows the frames of one window.

    A frame belongs to the page that was current when Qt began it: where Qt paints in a thread of its own, the page may
    have changed again by the time the frame is on the screen.
    """

    begun = Signal()
    painted = Signal()

    def __init__(self, window: QQuickWindow, page: Callable[[], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._page = page
        self._begun_pages: deque[str] = deque()
        self.count = 0
        self.last_s = 0.0
        """Monotonic time of the last frame."""
        self.page: str | None = None
        """The page that the last frame showed."""
        # Both reach this object in its own thread, also where Qt paints in another one.
        window.afterAnimating.connect(self._begin)
        window.frameSwapped.connect(self._end)

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """For a grab: it begins a frame that is never swapped."""
        begun = self._begun_pages.copy()
        yield
        self._begun_pages = begun

    def _begin(self) -> None:
        self._begun_pages.append(self._page())
        self.begun.emit()

    def _end(self) -> None:
        self.count += 1
        self.last_s = time.monotonic()
        if self._begun_pages:
            self.page = self._begun_pages.popleft()
        self.painted.emit()
