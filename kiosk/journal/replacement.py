"""A damaged journal is set aside, never deleted, and one with everything that can still be read takes its place.

Three steps, each of which may be cut off and is then gone on with at the next start: a note of what is to be
done, the renaming of the damaged files, and the fresh file, which gets its name only when it is complete.  While
the note is there nobody opens a journal, so nobody begins an empty one in the middle.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kiosk.durability import sync_path
from kiosk.errors import JournalFault
from kiosk.journal.os_fault import NOT_OF_THE_FILE, journal_error

_SUFFIXES = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What happened when a journal had to be replaced; to be shown to the keeper and reported."""

    fault: JournalFault
    detail: str
    set_aside: Path
    """The damaged file's new name; its log lies beside it."""
    salvaged: int
    """Entries carried over."""
    unsent_salvaged: int
    readable: bool
    """Whether the damaged file opened at all. When not, and no backup was there, it must be enrolled again."""
    from_backup: int = 0
    """Entries that only the backup could tell."""
    attachments_lost: int = 0
    may_fork: bool = False
    """Entries newer than those carried over may have been sent.  Then new receipts are stopped here
    (`Standing.ROLLED_BACK`) until the platform has said what it holds: a new entry at a sequence that is taken
    would be refused there, after a resident was promised that it is received."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The note beside the journal: what is being replaced, and why."""

    aside: str
    fault: JournalFault
    detail: str


def planned(file: Path) -> Plan | None:
    """The replacement that was begun and not finished, if there is one."""
    try:
        return msgspec.json.decode(_note(file).read_bytes(), type=Plan)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        if isinstance(error, OSError) and (refused := journal_error(error)).fault in NOT_OF_THE_FILE:
            raise refused from error  # whether there is a note at all is not known
        # The note is written whole or not at all, so this is a disk that cannot read: go on with another name.
        return Plan(aside=_free_name(file).name, fault=JournalFault.DAMAGED, detail="replaced before")


def plan(file: Path, fault: JournalFault, detail: str) -> Plan:
    """Note, durably, that `file` is going to be replaced."""
    made = Plan(aside=_free_name(file).name, fault=fault, detail=detail)
    unfinished = file.with_name(file.name + ".replacing.unfinished")
    try:
        unfinished.write_bytes(msgspec.json.encode(made))
        sync_path(unfinished)
        unfinished.rename(_note(file))
        sync_path(file.parent)
    except OSError as error:
        raise journal_error(error) from error
    return made


def set_aside(file: Path, made: Plan) -> Path:
    """Rename `file` and what belongs to it, as planned; the new name."""
    target = file.with_name(made.aside)
    if target.exists():
        return target
    if not file.exists():
        target.touch()  # so that its being there always means that this step is over
    # The main file goes last: while it is there under its name, nobody starts a fresh one beside old logs.
    for suffix in reversed(_SUFFIXES):
        with suppress(FileNotFoundError):
            file.with_name(file.name + suffix).rename(target.with_name(target.name + suffix))
    sync_path(file.parent)
    return target


def is_finished(file: Path, made: Plan) -> bool:
    """Whether only the note was left: the damaged files are aside and a complete journal is in place."""
    return file.with_name(made.aside).exists() and file.exists()


def forget(file: Path) -> None:
    """The replacement is over."""
    _note(file).unlink(missing_ok=True)
    sync_path(file.parent)


def fresh_file(file: Path) -> Path:
    """Where the fresh journal is built; nothing of an earlier try is there."""
    fresh = file.with_name(file.name + ".fresh")
    for suffix in (*_SUFFIXES, ".lock"):
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    return fresh


def put_in_place(file: Path, fresh: Path) -> None:
    """The fresh journal, complete and closed, becomes the journal, and the note goes."""
    sync_path(fresh)
    fresh.rename(file)
    sync_path(file.parent)
    forget(file)


def _note(file: Path) -> Path:
    return file.with_name(file.name + ".replacing")


def _free_name(file: Path) -> Path:
    number = 1
    while any(file.with_name(f"{file.name}.damaged-{number}{suffix}").exists() for suffix in _SUFFIXES):
        number += 1
    return file.with_name(f"{file.name}.damaged-{number}")
