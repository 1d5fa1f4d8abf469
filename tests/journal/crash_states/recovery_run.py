"""What the terminal does after a power cut, for a folder of folders with one journal each: open, record, send, close.

    python recovery_run.py FOLDER COUNT [synchronous]

Says `in NUMBER` before each, then what it is about to do and what is done, as `mixed_run.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged
from tests.journal.crash_states.mixed_run import KEY, TOKEN, a_case, say


def recover(file: Path) -> None:
    with Journal.open_or_replace(file, KEY, SystemClock(), "boot-2").journal as journal:
        if journal.settings.enrolment() is None:
            return
        case = a_case(50)
        say("do", f"entry:{case.entry_id}", 1)
        try:
            receipt = journal.entries.record(case)
            say("did", f"entry:{receipt.entry_id}", 1)
        except JournalError as error:
            # One that was replaced, and may have lost its newest entries, makes no new receipt until it is enrolled.
            if error.fault is not JournalFault.STOPPED:
                raise
        leased = [item.entry.header.entry_id for item in journal.outbox.lease(3, 1_000_000, 30)]
        for entry_id in leased:
            say("do", f"acknowledged:{entry_id}", 1)
        journal.outbox.settle([Acknowledged(entry_id=entry_id, token=TOKEN) for entry_id in leased])
        for entry_id in leased:
            say("did", f"acknowledged:{entry_id}", 1)
        journal.checkpoint()


if __name__ == "__main__":
    for number in range(int(sys.argv[2])):
        say("in", number)
        recover(Path(sys.argv[1]) / str(number) / "journal.db")
