"""Who waits for the journal's lock says so, and whoever writes much lets them by.

SQLite does not tell the holder of its lock that somebody waits for it: who polls gets in only if one of its looks
falls between two commits.  So a connection that finds the journal locked puts a shared lock on a small file
beside it for as long as it waits, and the sender looks between two commits whether somebody has.  The kernel takes
the lock away with the process, however it ends.

It is courtesy and nothing more: where the file cannot be made or locked, everybody waits as SQLite waits.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

_HOW = os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Nor is a pipe of that name waited for."""


class RightOfWay:
    """One connection's view of the file.  The file is opened when it is first needed."""

    def __init__(self, journal_file: Path) -> None:
        self._path = str(journal_file) + "-waiting"
        self._descriptor: int | None = None
        self._asking = False

    def ask(self) -> None:
        """Say that this connection waits."""
        if not self._asking:
            # Refused only in the moment in which another looks whether somebody waits: asked again.
            self._asking = self._lock(fcntl.LOCK_SH)

    def have(self) -> None:
        """It waits no more: it got the lock, or gave up."""
        if self._asking:
            self._asking = False
            self._lock(fcntl.LOCK_UN)

    def is_asked_for(self) -> bool:
        """Whether another connection waits at this moment."""
        # Nobody can wait before there was a file, and looking must not make one.
        if self._descriptor is None and not os.path.exists(self._path):  # noqa: PTH110  a tenth of Path's cost
            return False
        if not self._open():
            return False
        free = self._lock(fcntl.LOCK_EX)
        if free:
            self._lock(fcntl.LOCK_UN)
        return not free

    def close(self) -> None:
        """With the connection."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor, self._asking = None, False

    def _lock(self, kind: int) -> bool:
        if not self._open():
            return False
        assert self._descriptor is not None
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _open(self) -> bool:
        if self._descriptor is None:
            with suppress(OSError):
                self._descriptor = os.open(self._path, _HOW, 0o600)
        return self._descriptor is not None
