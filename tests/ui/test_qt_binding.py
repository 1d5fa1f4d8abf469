"""The Qt binding itself: what a face that runs for months must be able to rely on."""

import sys

from PySide6.QtCore import QObject, Signal

_CALLS = 2000


class Bell(QObject):
    rung = Signal()


def test_calls_into_qt_keep_the_count_of_none_and_true() -> None:
    """PySide6 6.12.0 lost one reference a call, which ends a process of Python 3.11 after some thousand."""
    bell = Bell()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(_CALLS):
        bell.setObjectName("bell")
        bell.rung.emit()
        bell.parent()
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert abs(after[0] - before[0]) < _CALLS / 10
    assert abs(after[1] - before[1]) < _CALLS / 10
