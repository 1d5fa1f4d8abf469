"""`python -m sync.central.inspect --data DIR [--database URL] [--receipt N]`: how often each case is stored, as JSON.

For demonstrations and tests.  It reads the platform's database beside the running platform; `cases` is how
many cases are stored under the number (1, or something is wrong), `received` how often they were sent.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from kiosk.clock import SystemClock
from kiosk.domain.case import PlatformState
from sync.central.case_store import CaseStore
from sync.central.store import Store
from sync.wire import CaseCount


def count_cases(store: Store, receipt_number: str | None = None) -> list[CaseCount]:
    """How often each case is stored and how often it came."""
    return CaseStore(store).count(receipt_number)


def main() -> int:
    """Print what was asked for; 2 when there is no database yet."""
    parser = argparse.ArgumentParser(prog="python -m sync.central.inspect", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the platform's folder")
    parser.add_argument("--database", default=None, metavar="URL", help="[default: central.db in --data]")
    parser.add_argument("--receipt", default=None, metavar="NUMBER")
    arguments = parser.parse_args()
    file = arguments.data / "central.db"
    if arguments.database is None and not file.exists():
        sys.stderr.write(f"{file}: no such file; is the platform's --data another folder?\n")
        return 2
    store = Store(arguments.database or file, SystemClock())
    counts = count_cases(store, arguments.receipt)
    store.close()
    states = [count.state for count in counts if count.state is not PlatformState.UNKNOWN]
    report = {
        "receipt_number": arguments.receipt,
        "cases": sum(count.stored for count in counts),
        "received": sum(count.received for count in counts),
        "quarantined": sum(count.quarantined for count in counts),
        "state": states[0].value if arguments.receipt and states else None,
    }
    sys.stdout.write(msgspec.json.encode(report).decode("utf-8") + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
