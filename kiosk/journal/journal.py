"""The journal's front door: one connection, used from one thread of one process.

The ui and the sync process each open the same file.  `Journal.open` opens or creates it and raises when
it cannot be trusted; `Journal.open_or_replace` sets a damaged one aside and starts a fresh one.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from kiosk.clock import Clock, boot_id
from kiosk.domain.enrolment import Standing
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import backup, foreign_log, headroom, probe, replacement, salvage, schema, verification
from kiosk.journal.attachments import Attachments
from kiosk.journal.audit import Audit, AuditEvent, AuditField
from kiosk.journal.audit_roots import AuditRoots
from kiosk.journal.database import Database
from kiosk.journal.entries import Entries
from kiosk.journal.headroom import HeadRoom
from kiosk.journal.inbox import Inbox
from kiosk.journal.os_fault import journal_error
from kiosk.journal.outbox import Outbox
from kiosk.journal.page_key import load_or_create_key
from kiosk.journal.print_jobs import PrintJobs
from kiosk.journal.replacement import Replacement
from kiosk.journal.reserve import Reserve, free_bytes
from kiosk.journal.retention import Retention
from kiosk.journal.settings import Settings
from kiosk.journal.unsent import Unsent
from kiosk.journal.verification import Verification

__all__ = ["Journal", "OpenedJournal", "Replacement", "Verification", "load_or_create_key"]

_REPLACEABLE = {JournalFault.DAMAGED, JournalFault.WRONG_KEY}
_FULL_CHECK_UP_TO_BYTES = 4 * 1024 * 1024
"""Up to this size every page is checked at start (some 0.2 s); above it only the newest entries are."""


_OF_A_FULL_DISK = {JournalFault.DISK_FULL, JournalFault.INPUT_OUTPUT}
_FULL_BYTES = 256 * 1024
_OPENER_PATIENCE_S, _OPENER_POLL_S = 15.0, 0.005
"""Longer than opening takes, and no longer: the other opener may have been stopped while it held the lock."""
LOG_ALARM_BYTES = 64 * 1024 * 1024
"""A log this long has not been folded in for thousands of commits."""


class Journal:
    """Every promise of this terminal, by topic: entries, attachments, outbox, print jobs, inbox, settings, audit."""

    def __init__(self, database: Database, key: bytes, clock: Clock, boot: str) -> None:
        self._database, self._key = database, key
        self.reserve = Reserve(database.file)
        self.settings = Settings(database)
        self.audit = Audit(database, clock, boot)
        self.audit_roots = AuditRoots(database, self.audit)
        self.print_jobs = PrintJobs(database, clock)
        self.attachments = Attachments(database, self.settings, boot, self._has_room_for_attachments)
        self.entries = Entries(database, clock, boot, self.attachments)
        self.outbox = Outbox(database, clock, boot, self.audit, self.attachments, self._release_reserve)
        self.unsent = Unsent(database)
        self.retention = Retention(database, self.attachments, self.audit)
        self.inbox = Inbox(database, clock, self.settings, self.outbox)

    @classmethod
    def open(cls, file: Path, key: bytes, clock: Clock, boot: str | None = None) -> Journal:
        """Open or create the journal in `file`, its schema current. Raises `JournalError`.

        `boot` is the kernel's boot identity unless a test says otherwise.
        """
        with _one_opener(file):
            begun = replacement.planned(file)
            if begun is not None and not replacement.is_finished(file, begun):
                raise JournalError(JournalFault.DAMAGED, "it is being replaced")
            return cls._open(file, key, clock, boot)

    @classmethod
    def open_or_replace(
        cls, file: Path, key: bytes, clock: Clock, boot: str | None = None, backups: Path | None = None
    ) -> OpenedJournal:
        """As `open`, but a damaged journal is set aside and what it and its newest backup tell is carried over.

        The disk is tried too: what is written must be read back.  `backups` is the folder of `Journal.back_up`,
        by default the one beside the journal.  Raises `JournalError` for what a fresh file would not mend: no
        room, no permission, a newer schema, an unsafe library.
        """
        with _one_opener(file):
            ring = backups or file.with_name(backup.FOLDER)
            begun = replacement.planned(file)
            if begun is not None and replacement.is_finished(file, begun):
                replacement.forget(file)
            elif begun is not None:
                return cls._replace(file, key, clock, boot, ring, begun)
            try:
                journal = cls._open(file, key, clock, boot)
            except JournalError as error:
                if error.fault not in _REPLACEABLE:
                    raise
                made = replacement.plan(file, error.fault, error.detail)
                return cls._replace(file, key, clock, boot, ring, made)
            check = journal.verify(quick=file.stat().st_size > _FULL_CHECK_UP_TO_BYTES)
            if check.ok:
                journal._try_the_disk()
                return OpenedJournal(journal, None)
            journal.close()
            if check.undone is not None:
                raise JournalError(check.undone, check.problems[-1])
            detail = check.problems[0] if check.problems else "the chain is broken"
            made = replacement.plan(file, JournalFault.DAMAGED, detail)
            return cls._replace(file, key, clock, boot, ring, made)

    @property
    def usable(self) -> bool:
        """False after an I/O error: close this journal and open it again."""
        return self._database.usable

    def verify(self, quick: bool = False) -> Verification:
        """Check pages, structure, both chains and counters; quick: only the newest rows. Never raises."""
        return verification.verify(self._database, self.audit, quick)

    def checkpoint(self) -> None:
        """Fold the log into the main file. For the sync process in a pause: a resident should not wait for it."""
        self._database.checkpoint()

    def others_commits(self) -> int:
        """A number that is another one whenever somebody else has committed since this was asked last."""
        row = self._database.row("PRAGMA data_version")
        return int(row[0]) if row else 0

    @property
    def others_wait(self) -> bool:
        """Whether somebody else waits at this moment to write into this journal."""
        return self._database.others_wait

    def log_bytes(self) -> int:
        """How large the log beside the main file is. It stays below some 20 MB unless a reader holds it open."""
        try:
            return self._database.file.with_name(self._database.file.name + "-wal").stat().st_size
        except OSError:
            return 0

    @property
    def log_is_stuck(self) -> bool:
        """Whether somebody keeps the log from being folded in: a reader that hangs, to be ended and reported."""
        return self.log_bytes() > LOG_ALARM_BYTES

    def free_bytes(self) -> int:
        """What may still be written on the journal's disk. Raises `JournalError(INPUT_OUTPUT)`."""
        try:
            return free_bytes(self._database.file.parent)
        except OSError as error:
            raise JournalError(JournalFault.INPUT_OUTPUT, str(error)) from error

    def headroom(self, free_bytes: int, reserve_bytes: int) -> HeadRoom:
        """How long the disk lasts at this terminal's pace, and what must stop now. Costs the same at any size."""
        return headroom.measure(self._database, free_bytes, reserve_bytes, self.reserve.held)

    def back_up(self, folder: Path, keep: int) -> Path:
        """Add a checked copy to the ring of `keep` in `folder`; its path. Raises `JournalError` (NO_ROOM, DAMAGED).

        `Journal.open_or_replace` looks for copies in the folder `backups` beside the journal.
        """
        return backup.write(self._database, self._key, folder, keep, self.reserve.wanted_bytes)

    def close(self) -> None:
        """Close the connection; harmless twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _has_room_for_attachments(self, size_bytes: int) -> bool:
        wanted = self.reserve.wanted_bytes
        return not wanted or self.headroom(self.free_bytes() - size_bytes, wanted).attachments_allowed

    def _release_reserve(self) -> bool:
        """For the outbox, when the disk is full: whether it may try once more."""
        if not self.reserve.release():
            return False
        with suppress(JournalError):  # the line is worth less than what it makes room for
            self.audit.append(AuditEvent.RESERVE_RELEASED)
        return True

    @classmethod
    def _open(cls, file: Path, key: bytes, clock: Clock, boot: str | None) -> Journal:
        try:
            return cls._open_once(file, key, clock, boot)
        except JournalError as error:
            # Even opening needs a few pages for the log's index, and says "I/O error" when they cannot be had.
            if error.fault not in _OF_A_FULL_DISK or not _give_way(file):
                raise
            return cls._open_once(file, key, clock, boot)

    @classmethod
    def _open_once(cls, file: Path, key: bytes, clock: Clock, boot: str | None) -> Journal:
        database = Database(file, key)
        try:
            schema.bring_up_to_date(database)
            journal = cls(database, key, clock, boot if boot is not None else boot_id())
            journal._tell_of_foreign_logs()
        except BaseException:
            database.close()
            raise
        return journal

    def _tell_of_foreign_logs(self) -> None:
        """Another file's log lay where ours should have been: what ours held may have been sent already."""
        try:
            logs = foreign_log.untold(self._database.file)
        except OSError as error:
            raise journal_error(error) from error
        for aside in logs:
            detail: dict[AuditField, str | int] = {}
            if self.settings.enrolment() is not None and self.settings.standing() is Standing.OK:
                self.settings.set_standing(Standing.ROLLED_BACK)
                detail[AuditField.STANDING] = Standing.ROLLED_BACK.value
            self.audit.append(AuditEvent.FOREIGN_LOG, foreign_log.final_name(aside).name, detail)
            with suppress(OSError):  # then it is told once more
                foreign_log.mark_told(aside)

    def _try_the_disk(self) -> None:
        try:
            probe.write_and_read_back(self._database, self._key)
        except BaseException:
            self.close()
            raise

    @classmethod
    def _replace(
        cls, file: Path, key: bytes, clock: Clock, boot: str | None, backups: Path, made: replacement.Plan
    ) -> OpenedJournal:
        try:
            return cls._replace_as_planned(file, key, clock, boot, backups, made)
        except OSError as error:
            raise journal_error(error) from error  # the note stays, and the next start goes on
        except JournalError as error:
            if error.fault not in _OF_A_FULL_DISK or not _give_way(file):
                raise
            return cls._replace_as_planned(file, key, clock, boot, backups, made)

    @classmethod
    def _replace_as_planned(
        cls, file: Path, key: bytes, clock: Clock, boot: str | None, backups: Path, made: replacement.Plan
    ) -> OpenedJournal:
        damaged = replacement.set_aside(file, made)
        fresh_file = replacement.fresh_file(file)
        with cls._open(fresh_file, key, clock, boot) as fresh:
            carried = salvage.carry(damaged, key, backups, fresh._database)
            may_fork = carried.enrolled and not carried.tail_known
            if may_fork:
                fresh.settings.set_standing(Standing.ROLLED_BACK)
            detail = {AuditField.REASON: made.fault.value, AuditField.COUNT: carried.entries}
            if may_fork:
                detail[AuditField.STANDING] = Standing.ROLLED_BACK.value
            fresh.audit.append(AuditEvent.JOURNAL_REPLACED, damaged.name, detail)
        replacement.put_in_place(file, fresh_file)
        return OpenedJournal(
            cls._open(file, key, clock, boot),
            Replacement(
                fault=made.fault,
                detail=made.detail,
                set_aside=damaged,
                salvaged=carried.entries,
                unsent_salvaged=carried.unsent,
                readable=carried.readable,
                from_backup=carried.from_backup,
                attachments_lost=carried.attachments_lost,
                may_fork=may_fork,
            ),
        )


@dataclass(frozen=True, slots=True)
class OpenedJournal:
    """An open journal, and what had to be done to get it."""

    journal: Journal
    replaced: Replacement | None
    """None in the ordinary case."""


def _give_way(file: Path) -> bool:
    """Give the reserve free if the disk is full; whether there is room now that there was not."""
    try:
        full = free_bytes(file.parent) < _FULL_BYTES
    except OSError:
        return False
    return full and Reserve(file).release()


@contextmanager
def _one_opener(file: Path) -> Iterator[None]:
    """Creating, migrating and setting aside are done by one process at a time. Raises `JournalError` (BUSY)."""
    try:
        descriptor = os.open(
            file.with_name(file.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    except OSError as error:
        raise journal_error(error) from error
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    until_s, never = time.monotonic() + _OPENER_PATIENCE_S, threading.Event()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until_s:
                raise JournalError(
                    JournalFault.BUSY, "another process has been opening it for long"
                ) from error
            never.wait(_OPENER_POLL_S)
        except OSError as error:
            raise journal_error(error) from error
        else:
            return
