"""The journal as the face uses it: opened after the first page is painted, opened again when it fails."""

from __future__ import annotations

import contextlib
import logging
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from kiosk.clock import Clock, boot_id
from kiosk.config import KeepingSettings
from kiosk.domain.case import Case, PlatformState
from kiosk.domain.enrolment import Standing
from kiosk.domain.printing import PrintOutcome, PrintState
from kiosk.domain.receipt import Receipt
from kiosk.errors import JournalError, JournalFault, SealingError

if TYPE_CHECKING:
    from kiosk.journal.entries import PreparedCase
    from kiosk.journal.headroom import HeadRoom
    from kiosk.journal.journal import Journal

_RETRY_MS = 2000
_HEAD_ROOM_S = 5.0
"""A disk does not fill faster than that, and the pages ask at every change of anything."""
RESUMABLE_S = 180.0
"""A result older than this belongs to somebody who has left."""

log = logging.getLogger(__name__)


class Records(QObject):
    """Records cases and keeps the book on their slips. Every method says with a value what went wrong."""

    opened = Signal()
    failed = Signal()
    _key_found = Signal(object)
    """From the thread that asks for it: the key, or the fault."""

    def __init__(
        self,
        file: Path,
        key_file: Path,
        run_dir: Path,
        clock: Clock,
        parent: QObject | None = None,
        tpm: str = "",
        keeping: KeepingSettings | None = None,
    ) -> None:
        super().__init__(parent)
        self._file, self._key_file, self._tpm, self._clock = file, key_file, tpm, clock
        self._keeping = keeping or KeepingSettings()
        self._head_room: tuple[float, HeadRoom] | None = None
        self._shown_file = run_dir / "shown-receipt"
        self._journal: Journal | None = None
        self._prepared: PreparedCase | None = None
        self.fault: JournalFault | None = None
        self._key: bytes | None = None
        self._asking: threading.Thread | None = None
        self._key_found.connect(self._open_with, Qt.ConnectionType.QueuedConnection)
        self._retry = QTimer(self, singleShot=True, interval=_RETRY_MS)
        self._retry.timeout.connect(self.open)

    @property
    def ready(self) -> bool:
        """Whether a case could be recorded now."""
        return self._journal is not None

    @property
    def enrolled(self) -> bool:
        """Whether this terminal may receive cases."""
        try:
            return self._journal is not None and self._journal.settings.enrolment() is not None
        except JournalError as error:
            self._lose(error.fault)
            return False

    @property
    def standing(self) -> Standing:
        """What the platform thinks of this terminal; anything but OK stops new receipts."""
        try:
            return self._journal.settings.standing() if self._journal is not None else Standing.OK
        except JournalError as error:
            self._lose(error.fault)
            return Standing.OK

    @property
    def room_for_cases(self) -> bool:
        """Whether the disk has room for more than what was received already."""
        found = self._measured()
        return found is None or found.cases_allowed

    @property
    def days_left(self) -> float | None:
        """How long the disk lasts if nothing can be sent; None where no pace is known yet."""
        found = self._measured()
        return found.days_left if found is not None else None

    def open(self) -> None:
        """Open the journal; where it cannot be opened, say so and go on trying.

        With a TPM this returns at once: a chip of its own may take a second to give the key, and one that hangs
        much longer, for which no page should stand still.
        """
        from kiosk.secrets.tpm import is_usable

        if not is_usable(self._tpm):
            self._open_with(self._load_key())
        elif self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(target=self._ask_for_key, name="page-key", daemon=True)
            self._asking.start()

    def _ask_for_key(self) -> None:
        found = self._load_key()
        with contextlib.suppress(RuntimeError):  # the face has ended meanwhile
            self._key_found.emit(found)

    def _load_key(self) -> bytes | JournalFault:
        from kiosk.journal.journal import load_or_create_key

        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return load_or_create_key(self._key_file, self._file, self._tpm)
        except JournalError as error:
            return error.fault
        except OSError:
            return JournalFault.READ_ONLY

    def _open_with(self, key: bytes | JournalFault) -> None:
        from kiosk.journal.journal import Journal

        if not isinstance(key, bytes):
            self._lose(key)
            return
        try:
            found = Journal.open_or_replace(self._file, key, self._clock)
            found.journal.print_jobs.reconcile()
        except JournalError as error:
            self._lose(error.fault)
            return
        except OSError:
            self._lose(JournalFault.READ_ONLY)
            return
        if found.replaced is not None:
            log.error(
                "the journal was replaced",
                extra={"fault": found.replaced.fault, "may_fork": found.replaced.may_fork},
            )
        self._key = key
        self._journal, self.fault, self._head_room = found.journal, None, None
        self._journal.reserve.wanted_bytes = self._reserve_bytes
        self.opened.emit()

    def close(self) -> None:
        """Close the journal."""
        self._retry.stop()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def prepare(self, case: Case) -> None:
        """Seal the case while its summary is read; `record` of the same case then only has to write."""
        self._prepared = None
        if self._journal is not None:
            with contextlib.suppress(JournalError, SealingError):  # `record` meets it again and says so
                self._prepared = self._journal.entries.prepare(case)

    def earlier(self, case: Case) -> Receipt | None:
        """The same person's case for the same service, handed in a few days ago and not over yet."""
        resident, days = case.resident, self._keeping.duplicate_days
        if self._journal is None or resident is None or not days:
            return None
        try:
            found = self._journal.entries.similar(case.service_code, resident.number)
        except JournalError:
            return None  # `record` meets it again and says so
        if found is None or self._clock.now() - found.received_at > timedelta(days=days):
            return None
        return found

    def words_on(self, number: str, state: PlatformState) -> str:
        """What the platform said here of that case with that state; empty when nothing, or when nobody knows."""
        try:
            return "" if self._journal is None else self._journal.inbox.words_on(number, state)
        except JournalError:
            return ""  # the state is an answer without them

    def forget(self) -> None:
        """The session is over: nothing of its case stays here."""
        self._prepared = None
        if self._journal is not None:
            with contextlib.suppress(
                JournalError
            ):  # whoever records next meets it, and the next start tidies up
                self._journal.attachments.drop_orphans()

    def record(self, case: Case) -> Receipt | JournalFault:
        """Write the case down; the receipt means that it is on the disk."""
        prepared = self._prepared
        for _ in range(2):
            if self._journal is None:
                return self.fault or JournalFault.INPUT_OUTPUT
            try:
                ahead = prepared if prepared is not None and prepared.case == case else None
                receipt = self._journal.entries.record(ahead or case)
                self._prepared = None
                self._note_shown(receipt)
                return receipt
            except SealingError:
                return JournalFault.NOT_ENROLLED
            except JournalError as error:
                log.warning("a case was not recorded", extra={"fault": error.fault})
                if self._journal.usable:
                    return error.fault
                # Nobody knows whether it was recorded: a fresh journal and the same case settle it.
                self.close()
                self._open_with(self._key if self._key is not None else self._load_key())
        return JournalFault.INPUT_OUTPUT

    def slip_key(self) -> bytes | None:
        """What slips are signed with; None when there is nothing, which must not keep a slip from being printed."""
        from kiosk.journal.slip_key import usable_slip_key

        try:
            return None if self._journal is None else usable_slip_key(self._journal.settings)
        except JournalError:
            return None

    def start_print(self, receipt: Receipt, attempt: int) -> str:
        """Note that a slip is about to be printed; returns the job's name, the same for the same paper."""
        name = f"{receipt.entry_id.hex}-{attempt}"
        if self._journal is not None:
            try:
                jobs = self._journal.print_jobs.for_entry(receipt.entry_id)
                job = jobs[-1] if jobs and attempt == 1 else self._journal.print_jobs.again(receipt.entry_id)
                self._journal.print_jobs.start(job.job_id)
                name = f"{receipt.entry_id.hex}-{job.job_id}"
            except (JournalError, KeyError):
                log.warning("a print was not noted")
        return name

    def end_print(self, receipt: Receipt, outcome: PrintOutcome) -> None:
        """Note how the newest print of this receipt ended."""
        self._finish(receipt, outcome)

    def slip_taken(self, receipt: Receipt) -> None:
        """Note that the resident has the slip, or wants none."""
        self._finish(receipt, PrintState.TAKEN)

    def result_left(self) -> None:
        """Whoever stood at the result has gone: it is shown to nobody else."""
        with contextlib.suppress(OSError):
            self._shown_file.unlink(missing_ok=True)

    def last_shown(self) -> Receipt | None:
        """The newest receipt, if its owner may still stand there: given moments ago, and never left.

        Either its number was on the screen (a note in the run folder says so), or not even its slip was begun:
        then this face was killed between the commit and the result page.
        """
        if self._journal is None:
            return None
        try:
            last = self._journal.entries.last()
            if last is None:
                return None
            entry = next(self._journal.entries.stream(last.receipt.sequence - 1), None)
            if entry is None or entry.boot_id != boot_id():
                return None
            age_s = self._clock.monotonic() - entry.monotonic_s
            jobs = self._journal.print_jobs.for_entry(last.receipt.entry_id)
            begun = any(job.state is not PrintState.QUEUED for job in jobs)
            mine = 0 <= age_s <= RESUMABLE_S and (self._noted(last.receipt) or not begun)
            if mine:
                self._note_shown(last.receipt)
            return last.receipt if mine else None
        except JournalError as error:
            self._lose(error.fault)
            return None

    @property
    def _reserve_bytes(self) -> int:
        return self._keeping.reserve_mib * 1024 * 1024

    def _measured(self) -> HeadRoom | None:
        now = self._clock.monotonic()
        if self._head_room is not None and now - self._head_room[0] < _HEAD_ROOM_S:
            return self._head_room[1]
        if self._journal is None:
            return None
        try:
            found = self._journal.headroom(self._journal.free_bytes(), self._reserve_bytes)
        except JournalError as error:
            self._lose(error.fault)
            return None
        self._head_room = now, found
        return found

    def _note_shown(self, receipt: Receipt) -> None:
        try:
            self._shown_file.write_text(receipt.number, encoding="ascii")
        except OSError:
            log.warning("a result was not noted")

    def _noted(self, receipt: Receipt) -> bool:
        try:
            return self._shown_file.read_text(encoding="ascii") == receipt.number
        except (OSError, UnicodeDecodeError):
            return False

    def _finish(self, receipt: Receipt, outcome: PrintOutcome | PrintState) -> None:
        if self._journal is None:
            return
        try:
            if jobs := self._journal.print_jobs.for_entry(receipt.entry_id):
                self._journal.print_jobs.finish(jobs[-1].job_id, outcome)
        except (JournalError, KeyError):
            log.warning("the end of a print was not noted")

    def _lose(self, fault: JournalFault) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        self.fault = fault
        log.error("the journal cannot be used", extra={"fault": fault})
        self._retry.start()
        self.failed.emit()
