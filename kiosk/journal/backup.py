"""Backups: a ring of whole copies beside the journal, each proved by opening it before it counts.

They are for a damaged file, not for a lost disk: what the damaged journal cannot tell any more, the newest one
can.  A copy is encrypted with the same key as the journal; it is written under another name, checked page by page,
synced and renamed, so a ring never holds half a copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kiosk.durability import sync_path
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.database import Database, LibraryError
from kiosk.journal.os_fault import NOT_OF_THE_FILE, journal_error
from kiosk.journal.reserve import free_bytes
from kiosk.journal.verification import structure_problems

FOLDER = "backups"
"""Where the ring lies unless somebody says otherwise: a folder beside the journal."""
_NAME = re.compile(r"journal-([0-9]{8})\.db", re.ASCII)
_UNFINISHED = "unfinished.db"
_TAILS = "SELECT (SELECT max(sequence) FROM entry), (SELECT max(position) FROM audit)"


def write(database: Database, key: bytes, folder: Path, keep: int, kept_free_bytes: int) -> Path:
    """Add a copy to the ring in `folder`, which then holds the `keep` newest; its path.

    Raises `JournalError`: NO_ROOM when the copy would eat what is kept back, DAMAGED when it does not check.
    """
    if keep < 1:
        raise ValueError("a ring keeps one copy at least")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if free_bytes(folder) < _size(database) + kept_free_bytes:
            raise JournalError(JournalFault.NO_ROOM, "backup")
        copy = _written(database, key, folder)
        for old in list(newest_first(folder))[keep:]:
            old.unlink()
    except OSError as error:
        raise journal_error(error) from error
    return copy


def newest_first(folder: Path) -> Iterator[Path]:
    """The copies in the ring, the newest first."""
    with suppress(OSError):
        yield from sorted((one for one in folder.iterdir() if _NAME.fullmatch(one.name)), reverse=True)


def newest_readable(folder: Path, key: bytes) -> Database | None:
    """The newest copy that opens and is whole, or None. The caller closes it.

    Raises `JournalError` where that cannot be told: no memory, no descriptor, busy.
    """
    for copy in newest_first(folder):
        try:
            database = Database(copy, key)
        except JournalError as error:
            if error.fault in NOT_OF_THE_FILE:
                raise
            continue
        try:
            whole = _is_whole(database)
        except BaseException:
            database.close()
            raise
        if whole:
            return database
        database.close()
    return None


def _written(database: Database, key: bytes, folder: Path) -> Path:
    unfinished = folder / _UNFINISHED
    _clear(unfinished)
    number = max([_number(one) for one in newest_first(folder)], default=0) + 1
    before = _tails(database)
    # The journal's page key is taken over. It is made from one snapshot, and makes nobody wait who writes.
    database.run("VACUUM INTO ?", (str(unfinished),))
    copy = Database(unfinished, key)
    try:
        whole = _is_whole(copy) and all(a >= b for a, b in zip(_tails(copy), before, strict=True))
    finally:
        copy.close()
    if not whole:
        raise JournalError(JournalFault.DAMAGED, "the copy does not check")
    sync_path(unfinished)
    target = folder / f"journal-{number:08d}.db"
    unfinished.rename(target)
    sync_path(folder)
    return target


def _is_whole(copy: Database) -> bool:
    """Every page's MAC is right, and the structure is one that can be walked."""
    try:
        return not copy.rows("PRAGMA cipher_integrity_check") and not structure_problems(
            copy, "PRAGMA quick_check(1)"
        )
    except JournalError as error:
        if error.fault in NOT_OF_THE_FILE:
            raise
        return False
    except LibraryError:
        return False


def _tails(database: Database) -> tuple[int, ...]:
    row = database.row(_TAILS)
    return tuple(int(one or 0) for one in row) if row else ()


def _size(database: Database) -> int:
    pages, size = database.row("PRAGMA page_count"), database.row("PRAGMA page_size")
    return int(pages[0]) * int(size[0]) if pages and size else 0


def _number(copy: Path) -> int:
    found = _NAME.fullmatch(copy.name)
    return int(found[1]) if found else 0


def _clear(unfinished: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)
