"""A journal at work whose library may use only so much memory, a little more each time until it is enough.

    python starved_process.py FILE OPERATION STEP

The limit is the library's own for its whole process, so this is one.  After each refusal there is memory again, and
the same is done once more.  Ends with 0 when every promise was kept; the last line says how often what happened.
"""

from __future__ import annotations

import collections
import ctypes
import sys
from collections.abc import Callable
from pathlib import Path

import sqlcipher3._sqlite3

from kiosk.clock import SystemClock
from kiosk.domain.case import Case
from kiosk.errors import JournalError
from kiosk.journal.database import Database
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged
from tests.journal.crash_states.mixed_run import KEY, TOKEN, a_case, enrolment

ENOUGH_TIMES = 3
"""So often in a row it must have gone well before the memory is held to be enough."""
_library = ctypes.CDLL(sqlcipher3._sqlite3.__file__)
_library.sqlite3_memory_used.restype = ctypes.c_int64
_library.sqlite3_hard_heap_limit64.argtypes = [ctypes.c_int64]
_library.sqlite3_hard_heap_limit64.restype = ctypes.c_int64


class Starved:
    """One journal, and what was promised from it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.journal = self.opened()
        self.journal.settings.set_enrolment(enrolment())
        self.promised: set[str] = set()
        self.case: Case = a_case()
        self.replaced = 0

    def opened(self) -> Journal:
        found = Journal.open_or_replace(self.file, KEY, SystemClock())
        assert found.replaced is None, found.replaced
        return found.journal

    def record(self) -> None:
        self.promised.add(self.journal.entries.record(self.case).number)

    def lease(self) -> None:
        assert len(self.journal.outbox.lease(5, 1_000_000, 0.0)) == 5

    def settle(self) -> None:
        last = self.journal.entries.last()
        assert last is not None
        acknowledged = Acknowledged(entry_id=last.receipt.entry_id, token=TOKEN)
        self.journal.outbox.settle([acknowledged])

    def open(self) -> None:
        self.journal.close()
        self.journal = self.opened()

    def verify(self) -> None:
        check = self.journal.verify()
        assert check.ok or check.undone is not None, check
        if check.undone is not None:
            raise JournalError(check.undone)

    def back_up(self) -> None:
        self.journal.back_up(self.file.parent / "backups", 2)

    def replace(self) -> None:
        """What a start does with a damaged file: it is salvaged, and nobody says "damaged" for want of memory."""
        self.journal.close()
        found = Journal.open_or_replace(self.file, KEY, SystemClock())
        self.journal = found.journal
        if found.replaced is not None:
            assert found.replaced.salvaged == len(self.promised), found.replaced
            self.replaced += 1

    def prepare(self, operation: str) -> None:
        """With memory: what `operation` is going to need."""
        self.case = a_case(3000)
        if operation == "replace":
            self.journal.close()
            _spoil(self.file)
        if operation in ("lease", "settle"):
            self.record()
            self.journal.outbox.lease(50, 1_000_000, 0.0)

    def tried(self, doing: Callable[[], None], allowed_bytes: int) -> JournalError | None:
        _library.sqlite3_hard_heap_limit64(_library.sqlite3_memory_used() + allowed_bytes)
        try:
            doing()
        except JournalError as error:
            return error
        finally:
            _library.sqlite3_hard_heap_limit64(0)
        return None

    def check(self) -> None:
        for number in self.promised:
            assert self.journal.entries.by_number(number) is not None, number
        assert self.journal.entries.count() == len(self.promised)
        check = self.journal.verify()
        assert check.ok, check


def _spoil(file: Path) -> None:
    """A line of the audit log is not as it was written; everything else can be salvaged."""
    database = Database(file, KEY)
    triggers = database.rows(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
    )
    for name, _ in triggers:
        database.run(f"DROP TRIGGER {name}")
    database.run("UPDATE audit SET subject = 'changed' WHERE position = 2")
    for _, sql in triggers:
        database.run(sql)
    database.close()


def sweep(starved: Starved, operation: str, step_bytes: int) -> collections.Counter[str]:
    said: collections.Counter[str] = collections.Counter()
    doing: Callable[[], None] = getattr(starved, operation)
    allowed = well = 0
    while well < ENOUGH_TIMES:
        starved.prepare(operation)
        if operation in ("record", "settle"):
            starved.journal.close()  # from cold: a warm cache would need next to nothing
            starved.journal = starved.opened()
        error = starved.tried(doing, allowed)
        said[error.fault.value if error is not None else "well"] += 1
        well = 0 if error is not None else well + 1
        if error is not None:
            if not starved.journal.usable and operation not in ("open", "replace"):
                starved.journal = starved.opened()
            doing()
            if said.total() % 40 == 0:
                starved.check()
        allowed += step_bytes
        assert allowed < 50_000_000, said
    starved.check()
    return said


if __name__ == "__main__":
    work = Starved(Path(sys.argv[1]))
    for _ in range(5):
        work.case = a_case(3000)
        work.record()
    print(*(f"{word}={count}" for word, count in sweep(work, sys.argv[2], int(sys.argv[3])).items()))
