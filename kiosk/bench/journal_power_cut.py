"""What is left of what was acknowledged when the power is cut right after: ours, and others as they are shipped.

A program of its own puts items in and says after each that it is safe; its calls are recorded, and the disk of
`journal_disk` keeps only what was synced (`Damage.LOST`).  Then the files are opened by their own library and counted.
No disk is needed for it, only strace.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from kiosk.bench.journal_calls import STRACE, CallKind, NotRecorded, record
from kiosk.bench.journal_disk import Damage, played
from kiosk.bench.journal_peers import PEERS, installed
from kiosk.bench.record import enrolled_journal, invented_case
from kiosk.bench.sample import goal_at_least
from kiosk.clock import SystemClock
from kiosk.config import PACKAGE_ROOT
from kiosk.errors import JournalError
from kiosk.journal.journal import Journal

OURS = "journal"
COUNTS = (10, 150, 1000)
_KEY = bytes(range(32))
_FILE = "journal.db"


def acknowledged_and_left(place: Path, counts: tuple[int, ...] = COUNTS) -> dict[str, Any]:
    """For each system: acknowledged → left."""
    if STRACE is None:
        return {"missing": "strace is not installed"}
    report: dict[str, Any] = {}
    for system in (OURS, *PEERS):
        if system == OURS or installed(system):
            left = {str(count): _left(place / f"{system}-{count}", system, count) for count in counts}
            report[system] = left
    worst = min(left / int(count) for count, left in report[OURS].items())
    report["ours_kept"] = goal_at_least(worst * 100, 100, "%")
    return report


def _left(place: Path, system: str, count: int) -> int:
    before, after = place / "before", place / "after"
    before.mkdir(parents=True)
    after.mkdir()
    program = [sys.executable, "-m", "kiosk.bench.journal_power_cut", system, str(count), str(before)]
    calls = record(program, before, place / "calls", {"PYTHONPATH": str(PACKAGE_ROOT)})
    said = [number for number, call in enumerate(calls) if call.kind is CallKind.SAID]
    if len(said) != count:
        raise NotRecorded(f"{system} told of {len(said)} items, not {count}")
    # The process has ended by then, but its last words stand before its closing: the power goes here.
    disk = played(calls[: said[-1] + 1])
    for name, content in disk.after_power_cut(Damage.LOST, random.Random(0)).items():  # noqa: S311
        file = after / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return _counted(system, after)


def _counted(system: str, folder: Path) -> int:
    if system == OURS:
        try:
            with Journal.open(folder / _FILE, _KEY, SystemClock()) as journal:
                return journal.entries.count()
        except JournalError:
            return 0
    peer = PEERS[system](folder)
    try:
        return peer.count()
    finally:
        peer.close()


def _put(system: str, count: int, folder: Path) -> None:
    if system == OURS:
        journal = enrolled_journal(folder / _FILE)
        for number in range(count):
            journal.entries.record(invented_case())
            _say(number)
        return
    peer = PEERS[system](folder)
    for number in range(count):
        peer.put()
        _say(number)


def _say(number: int) -> None:
    sys.stdout.write(f"acknowledged {number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _put(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
