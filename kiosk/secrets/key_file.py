"""Short files that only their owner may read: whole or not there, and the first of two writers wins."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from kiosk.durability import sync_path
from kiosk.errors import SecretError, SecretFault

_MAX_BYTES = 4096


def read(file: Path) -> bytes:
    """What `file` holds. Raises `FileNotFoundError`, and `SecretError(UNSAFE)` for what is not a private file."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SecretError(SecretFault.UNSAFE, str(error)) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SecretError(SecretFault.UNSAFE, f"{file} is not a regular file")
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise SecretError(SecretFault.UNSAFE, f"{file} has mode {mode:04o}, it must be 0600 or less")
        return os.read(descriptor, _MAX_BYTES + 1)
    finally:
        os.close(descriptor)


def write_first(file: Path, content: bytes) -> None:
    """Write `content` unless there is such a file already. Raises `OSError`, `FileExistsError` among them.

    Written beside, synced, then linked: a power cut leaves no file or a whole one.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.link(unfinished, file)
    finally:
        with suppress(OSError):
            unfinished.unlink()
    sync_path(file.parent)


def move_over(file: Path, target: Path) -> None:
    """Let `file` take the place of `target`, for good."""
    file.replace(target)
    sync_path(target.parent)
