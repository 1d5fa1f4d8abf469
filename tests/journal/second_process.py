"""Another process on the same journal, for tests that kill it or let it compete: `record`, `drain`.

Writes one line for each thing that it was told is done, at once, so that the test knows what was promised.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from kiosk.clock import SystemClock
from kiosk.domain.case import Case, new_entry_id
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged

_KEY = bytes(range(32))


def _say(*words: object) -> None:
    # One write a line, whatever the buffering, so that a killed process leaves whole lines.
    os.write(1, (" ".join(map(str, words)) + "\n").encode("ascii"))


def _case(entry_id: UUID) -> Case:
    return Case(
        entry_id=entry_id,
        service_code="pension-certification",
        pack_version="1.0.0",
        started_at=datetime(2026, 11, 22, tzinfo=UTC),
        answers={"phone": "13800138000"},
    )


def _open(file: Path) -> Journal:
    """Open; after a fault try again, as the supervisor would by starting the process again."""
    for _try in range(3):
        try:
            return Journal.open(file, _KEY, SystemClock())
        except JournalError as error:
            _say("fault", error.fault)
    sys.exit(1)


def record(file: Path, count: int) -> None:
    """Record `count` cases; after a fault open again and record the same case again."""
    journal = _open(file)
    _say("ready")
    for _ in range(count):
        case = _case(new_entry_id())
        for _try in range(3):
            try:
                receipt = journal.entries.record(case)
            except JournalError as error:
                _say("fault", error.fault)
                if error.fault is JournalFault.INPUT_OUTPUT:
                    journal.close()
                    journal = _open(file)
                continue
            _say("receipt", receipt.number, case.entry_id)
            break
    journal.close()


def drain(file: Path, count: int) -> None:
    """Lease and acknowledge until `count` entries went out."""
    journal = _open(file)
    _say("ready")
    done = 0
    while done < count:
        leased = journal.outbox.lease(20, 1_000_000, 30)
        done += journal.outbox.settle(
            [Acknowledged(entry_id=item.entry.header.entry_id, token=b"signed") for item in leased]
        )
    _say("done", done)
    journal.close()


if __name__ == "__main__":
    {"record": record, "drain": drain}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
