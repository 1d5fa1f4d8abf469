"""The face beside a drain: records prepared cases again and again and tells how long each took.

    python -m sync.bench.recorder JOURNAL KEY SECONDS

Prints one JSON line: milliseconds of each record.  It runs in a process of its own, as the face does.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from kiosk.bench.invented_cases import MEASURING, invented_cases
from kiosk.catalogue.loader import load_catalogue
from kiosk.clock import SystemClock
from kiosk.config import PACKAGE_ROOT
from kiosk.journal.journal import Journal, load_or_create_key

_PAUSE_S = 0.004
"""Between two: a resident comes once in minutes, a hundred of them give a percentile."""


def main() -> None:
    """Record for the time that is given, beginning when a line comes in."""
    journal_file, key_file, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    packs = list(load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs.values())
    cases = (case for case in invented_cases(packs, MEASURING, seed=time.time_ns()) if not case.attachments)
    clock = SystemClock()
    with Journal.open(journal_file, load_or_create_key(key_file), clock) as journal:
        prepared = (journal.entries.prepare(case) for case in cases)
        for _ in range(20):
            journal.entries.record(next(prepared))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        took: list[float] = []
        never = threading.Event()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            ready = next(prepared)
            started = time.perf_counter()
            journal.entries.record(ready)
            took.append((time.perf_counter() - started) * 1000)
            clock.wait(never, _PAUSE_S)
    sys.stdout.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()
