"""How long a resident waits for the record of a case while the other process drains the whole outbox.

The other process is the real relay with its real pacing, on a line that costs no time: batches come back at once, so
the journal is written as fast as the relay ever writes it.  (`kiosk bench drain` measures the same on a real line.)
Where the relay is not installed the figure is missing.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kiosk.bench.journal_fill import fill
from kiosk.bench.record import MICROSECONDS, enrolled_journal, invented_case
from kiosk.bench.sample import goal
from kiosk.clock import SystemClock
from kiosk.config import PACKAGE_ROOT
from kiosk.journal.journal import Journal

AT_MOST_TO_IDLE = 4.0
KEY = bytes(range(32))
_BATCH = 500
_PACE_S = 0.005
"""Between two records: residents come less often, but enough of them must be measured while the outbox drains."""


def while_draining(place: Path, pending: int, windows: int = 6, window_s: float = 1.5) -> dict[str, Any]:
    """Microseconds of `record` in windows, by turns idle and while up to `pending` entries are being drained."""
    if importlib.util.find_spec("sync") is None:
        return {"missing": "the sync package is not installed"}
    journal = enrolled_journal(place / "drained.db")
    fill(journal, pending, delivered=False)
    _recorded(journal, window_s)
    idle: list[float] = []
    draining: list[float] = []
    with subprocess.Popen(
        [sys.executable, "-m", "kiosk.bench.journal_drain", str(place / "drained.db"), str(window_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PACKAGE_ROOT,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        drained = 0
        for _ in range(windows):
            idle += _recorded(journal, window_s)
            process.stdin.write("drain\n")
            process.stdin.flush()
            draining += _recorded(journal, window_s)
            drained += int(process.stdout.readline())
        process.stdin.close()
    left = journal.outbox.summary().pending
    journal.close()
    return _compared(idle, draining, round(drained / (windows * window_s)), left)


def _compared(idle: list[float], draining: list[float], drained_per_s: int, left: int) -> dict[str, Any]:
    p99_idle, p99_draining = _percentile(idle, 0.99), _percentile(draining, 0.99)
    return {
        "idle_us": _figures(idle),
        "draining_us": _figures(draining),
        "drained_per_s": drained_per_s,
        "left": left,
        "p99_to_idle": goal(p99_draining / p99_idle, AT_MOST_TO_IDLE, "×"),
    }


def _recorded(journal: Journal, seconds: float) -> list[float]:
    """Record for so long, as residents at many counters would."""
    times: list[float] = []
    never = threading.Event()
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        prepared = journal.entries.prepare(invented_case())
        begin = time.perf_counter()
        journal.entries.record(prepared)
        times.append(time.perf_counter() - begin)
        never.wait(random.uniform(0.5, 1.5) * _PACE_S)  # noqa: S311
    return times


def _figures(times: list[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    told = {name: round(_percentile(times, share) * MICROSECONDS, 1) for name, share in shares.items()}
    return {**told, "n": len(times)}


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _InstantDelivery:
    """Stands where the relay's deliveries stand: everything is acknowledged at once."""

    def __init__(self) -> None:
        self.client = SimpleNamespace(bytes_in_flight=0)
        self.entries = 0

    def become(self, enrolment: object) -> None:
        del enrolment

    def deliver(self, leased: Any, sequence: int, beat: Any, *, searching: bool) -> Any:
        del sequence, searching
        beat()
        outbox = importlib.import_module("kiosk.journal.outbox")
        delivery = importlib.import_module("sync.delivery")
        self.entries += len(leased)
        settlements = [
            outbox.Acknowledged(entry_id=item.entry.header.entry_id, token=bytes(200)) for item in leased
        ]
        return delivery.Delivered(leased, settlements, None, 0.0)


def _drain(file: Path, window_s: float) -> None:
    """The other process: the relay's own `drain`, for a window whenever it is told to."""
    relay_module = importlib.import_module("sync.relay")
    line = SimpleNamespace(
        is_online=True,
        note_queue=lambda summary: None,
        succeeded=lambda kind: None,
        failed=lambda fault: None,
    )
    client = SimpleNamespace(become=lambda enrolment: None, bytes_in_flight=0)
    stopping = threading.Event()
    relay = relay_module.Relay([client], line, SystemClock(), stopping, batch=_BATCH, retry_cap_s=1.0)
    instant = _InstantDelivery()
    relay._deliveries = [instant]
    with Journal.open(file, KEY, SystemClock()) as journal:
        _say("ready")
        for _ in sys.stdin:
            stopping.clear()
            window = threading.Timer(window_s, stopping.set)
            window.start()
            before = instant.entries
            error = relay.drain(journal)
            window.join()
            if error is not None:
                raise error
            _say(str(instant.entries - before))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _drain(Path(sys.argv[1]), float(sys.argv[2]))
