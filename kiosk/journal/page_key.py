"""The key that encrypts the journal's pages, in a file that only this terminal's own account may read."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from kiosk.errors import JournalError, JournalFault

_BYTES = 32


def load_or_create_key(file: Path, journal_file: Path | None = None) -> bytes:
    """The 32 bytes in `file`, made on first use. Raises `JournalError(MISSING_KEY)`.

    Refused: another size, a file that others may read, anything that is not a regular file; and, when
    `journal_file` is named and exists, to make a new key, because it could not open that journal.
    """
    try:
        return _load(file)
    except FileNotFoundError:
        if journal_file is not None and journal_file.exists():
            raise JournalError(JournalFault.MISSING_KEY, f"{file} is gone, the journal is not") from None
    try:
        return _create(file)
    except FileExistsError:
        return _load(file)  # the other process was faster
    except OSError as error:
        raise JournalError(JournalFault.MISSING_KEY, str(error)) from error


def _load(file: Path) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise JournalError(JournalFault.MISSING_KEY, str(error)) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise JournalError(JournalFault.MISSING_KEY, f"{file} is not a regular file")
        if stat.S_IMODE(status.st_mode) & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise JournalError(
                JournalFault.MISSING_KEY, f"{file} has mode {mode:04o}, it must be 0600 or less"
            )
        key = os.read(descriptor, _BYTES + 1)
    finally:
        os.close(descriptor)
    if len(key) != _BYTES:
        raise JournalError(JournalFault.MISSING_KEY, f"{file} does not hold exactly {_BYTES} bytes")
    return key


def _create(file: Path) -> bytes:
    """Write beside, sync, then link: a key file is whole or not there, and the first of two wins."""
    key = os.urandom(_BYTES)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.link(unfinished, file)
    finally:
        with suppress(OSError):
            unfinished.unlink()
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return key
