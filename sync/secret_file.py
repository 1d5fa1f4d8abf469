"""A secret in a file that only its owner may read: made once, complete or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from kiosk.durability import sync_path


def load_or_create(file: Path, make: Callable[[], bytes]) -> bytes:
    """The content of `file`; when there is none, what `make` gives is written there first.

    Written beside it, synced and linked into place, so that a power cut leaves either no key or a whole
    one, and two processes that start at once end up with the same.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError:
        pass
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(make())
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return file.read_bytes()
    finally:
        draft.unlink(missing_ok=True)
        sync_path(file.parent)
    return file.read_bytes()
