"""One process of a kind at a time: a second face, a second sender or second hands end before they touch anything.

The lock is a POSIX record lock (fcntl(2)): the kernel frees it when the process ends, however it ends, and a child
does not inherit it, so a decoder that outlives its parent for a moment keeps nobody from starting again.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

_held: dict[Path, int] = {}
"""Kept for the life of the process: closing any descriptor of the file would give the lock up."""


def claim(run_dir: Path, name: str) -> bool:
    """Be the only `name` on this terminal until the process ends; False when another one is already.

    Where no lock can be kept (a run folder that nobody may write, a file system without locks), nobody is refused: a
    terminal that cannot even say that it is out of service would be worse.  It is said in the log, and what to do.
    """
    file = run_dir / f"{name}.lock"
    if file in _held:
        return True
    try:
        run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        _say_unguarded(run_dir, name, error)
        return True
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError as error:  # ENOLCK, EOPNOTSUPP: such a file system keeps none
        os.close(descriptor)
        _say_unguarded(run_dir, name, error)
        return True
    _held[file] = descriptor
    return True


def _say_unguarded(run_dir: Path, name: str, error: OSError) -> None:
    log.warning(
        "%s: no lock can be kept there (%s), so a second %s would not be noticed;"
        " set paths.run_dir to a folder on a local disk or in memory, such as /run/linban",
        run_dir,
        error.strerror,
        name,
    )
