"""What the operating system's word for a failed call means for the journal."""

from __future__ import annotations

import errno
from pathlib import Path

from kiosk.errors import JournalError, JournalFault

_FAULTS = {
    errno.ENOSPC: JournalFault.DISK_FULL,
    errno.EDQUOT: JournalFault.DISK_FULL,
    errno.EMFILE: JournalFault.NO_DESCRIPTORS,
    errno.ENFILE: JournalFault.NO_DESCRIPTORS,
    errno.ENOMEM: JournalFault.NO_MEMORY,
    errno.EIO: JournalFault.INPUT_OUTPUT,
}
NOT_OF_THE_FILE = frozenset({JournalFault.NO_MEMORY, JournalFault.NO_DESCRIPTORS, JournalFault.BUSY})
"""What says nothing of the file: no reason to hold it for damaged, to give up salvaging it, or to pass over a backup."""


def require_journal(file: Path) -> None:
    """Raise `JournalError` unless `file` is there, as far as this account can tell; for those who only look."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise JournalError(JournalFault.INPUT_OUTPUT, f"there is no journal at {file} yet") from error
    except OSError as error:
        raise journal_error(error) from error


def journal_error(error: OSError) -> JournalError:
    """The `JournalError` to raise from `error`; whatever is not known better is a disk that cannot be written."""
    fault = _FAULTS.get(error.errno or 0, JournalFault.READ_ONLY)
    return JournalError(fault, str(error))
