"""A process that records as the face does, one resident after the other, and says how long each commit took.

    python -m tests.line.face JOURNAL KEY COUNT EVERY_MS

One JSON object a line; it ends early when its input is closed.
"""

from __future__ import annotations

import json
import select
import sys
import time
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.journal.journal import Journal, load_or_create_key
from tests.invented_cases import invented_case


def main(journal_file: Path, key_file: Path, count: int, every_s: float) -> None:
    """See the module."""
    key = load_or_create_key(key_file, journal_file)
    with Journal.open(journal_file, key, SystemClock()) as journal:
        for _ in range(count):
            case = invented_case()
            began_s = time.perf_counter()
            receipt = journal.entries.record(case)
            took_ms = (time.perf_counter() - began_s) * 1000
            said = {
                "number": receipt.number,
                "sequence": receipt.sequence,
                "digest": receipt.digest.hex(),
                "took_ms": round(took_ms, 3),
            }
            print(json.dumps(said), flush=True)
            if select.select([sys.stdin], [], [], every_s)[0]:
                return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]) / 1000)
