"""The reserve: room on the disk that is held by a file, and given free when the disk is full.

A disk fills from elsewhere too (logs, spools), and when it is full even writing that a case was delivered fails.
The file beside the journal is given up at that moment, once: what was promised already can still be sent and
settled.  New cases are refused until it could be made again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

SHARE = 4
"""The file takes one part in so many of the room that the settings keep back (`keeping.reserve_mib`)."""


class Reserve:
    """The file `<journal>.reserve`."""

    def __init__(self, journal_file: Path) -> None:
        self._file = journal_file.with_name(journal_file.name + ".reserve")
        self.wanted_bytes = 0
        """The room to keep back, as the settings say; 0: no reserve is wanted."""

    @property
    def held(self) -> bool:
        """Whether the file is there (or none is wanted)."""
        return not self.wanted_bytes or self._file.exists()

    def hold(self, wanted_bytes: int) -> bool:
        """Make the file, or keep it, when the disk has room for it and as much again; whether it is there."""
        self.wanted_bytes = wanted_bytes
        if self.held:
            return True
        size = max(wanted_bytes // SHARE, 1)
        try:
            if free_bytes(self._file.parent) < wanted_bytes + size:
                return False
            self._make(size)
        except OSError:
            with suppress(OSError):
                self._file.unlink()
        return self._file.exists()

    def release(self) -> bool:
        """Give the room free; whether there was any to give."""
        try:
            self._file.unlink()
        except OSError:
            return False
        return True

    def _make(self, size: int) -> None:
        unfinished = self._file.with_name(self._file.name + ".unfinished")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Real blocks: a sparse file reserves nothing.
            os.posix_fallocate(descriptor, 0, size)
            unfinished.rename(self._file)
        except OSError:
            unfinished.unlink()
            raise
        finally:
            os.close(descriptor)


def free_bytes(folder: Path) -> int:
    """What an ordinary user may still write on the disk of `folder`. Raises OSError."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize
