"""The start probe: what is written to the journal is read back by another connection before anybody is served.

A card or a disk that has gone bad often still answers reads, takes writes, and keeps nothing; the first resident
of the day must not be the one who finds out.
"""

from __future__ import annotations

import os

from kiosk.errors import JournalError, JournalFault
from kiosk.journal.database import Database
from kiosk.journal.settings import SettingKey, Settings


def write_and_read_back(database: Database, key: bytes) -> None:
    """One commit and one read through a connection of its own. Raises `JournalError` (NOT_DURABLE, or the disk's)."""
    written = os.urandom(16)
    Settings(database).put(SettingKey.PROBE, written)
    reader = Database(database.file, key)
    try:
        found = Settings(reader).get(SettingKey.PROBE)
    finally:
        reader.close()
    if found != written:
        raise JournalError(JournalFault.NOT_DURABLE, "what was written was not read back")
