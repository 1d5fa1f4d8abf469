"""The face: Qt Quick pages over the session's state machine. No network, no device node, no business rule."""

import sys

if sys.version_info < (3, 12):
    # WORKAROUND(PySide6 6.12.0): each Signal.emit() gives back a reference to True, and each call of a Python slot one
    # to None, that it never took. Before Python 3.12, which made them immortal (PEP 683), a terminal therefore dies
    # ("deallocating None") after some thousands of signals. A count that a century of signals cannot use up ends it.
    import ctypes

    for _value in (None, True, False):
        ctypes.c_ssize_t.from_address(id(_value)).value += 1 << 48
