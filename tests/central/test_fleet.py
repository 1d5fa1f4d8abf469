"""A whole fleet comes back in the same moment, to two workers on PostgreSQL: nothing lost, nothing twice, no stampede."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import SystemClock
from sync.bench.postgres_server import PostgresServer, bin_dir, postgres
from sync.central.exchange import Platform
from sync.central.server import build_platform
from sync.wire import Result
from tests.central.fleet import FleetRun, FleetTerminal, found_fleet

ROOT = Path(__file__).resolve().parents[2]
_MOST_RSS_MB = 350


class Central:
    """`kiosk central --workers 2` and what its processes weigh."""

    def __init__(self, database: str, data: Path) -> None:
        command = [sys.executable, "-m", "kiosk", "central", "--listen", "127.0.0.1:0", "--workers", "2"]
        self._process = subprocess.Popen(
            [*command, "--database", database, "--data", str(data)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]

    def peak_rss_mb(self) -> list[float]:
        """The most that each worker ever held."""
        found = []
        for pid in self.workers():
            status = Path(f"/proc/{pid}/status").read_text()
            (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
            found.append(int(peak) / 1024)
        return found

    def close(self) -> None:
        self._process.terminate()
        assert self._process.wait(timeout=60) == 0
        if self._process.stdout is not None:
            self._process.stdout.close()

    def workers(self) -> list[int]:
        found: list[int] = []
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
        return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@contextlib.contextmanager
def running(server: PostgresServer, data: Path) -> Iterator[tuple[Central, Platform]]:
    """Two workers, and the same database seen from here."""
    url = server.new_database()
    platform = build_platform(url, data, SystemClock())
    central = Central(url, data)
    try:
        yield central, platform
    finally:
        central.close()
        platform.store.close()


def rows(platform: Platform, query: str) -> list[tuple[Any, ...]]:
    with platform.store.reading() as run:
        return run.execute(query).fetchall()


def play(
    central: Central,
    platform: Platform,
    count: int,
    within_s: float,
    meanwhile: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Let `count` terminals come at once; checks that all is there once, and reports."""
    fleet = found_fleet(platform, count, each=2)
    run = FleetRun(central.url, platform.keys.signing.public_key(), meanwhile=meanwhile)
    run.prepare(fleet)
    crowd = run.run(fleet, within_s)
    peaks = central.peak_rss_mb()
    _everything_is_there_once(platform, fleet)
    opened_s = _until_opened(platform, count * 2, within_s)
    tries = [terminal.attempts for terminal in fleet]
    waits = sorted(crowd.waits_s)
    report = {
        "terminals": count,
        "took_s": round(crowd.took_s, 1),
        "answers": dict(crowd.statuses),
        "tries_mean": round(statistics.mean(tries), 2),
        "tries_most": max(tries),
        "busiest_second_of_returns": max(crowd.returns.values(), default=0),
        "wait_median_s": round(statistics.median(waits), 3),
        "wait_p99_s": round(waits[int(len(waits) * 0.99)], 3),
        "peak_rss_mb": [round(peak) for peak in peaks],
        "twice_received": int(rows(platform, "select sum(times_received - 1) from entry")[0][0]),
        "opened_after_s": round(opened_s, 1),
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return report


def _everything_is_there_once(platform: Platform, fleet: list[FleetTerminal]) -> None:
    expected = {
        (terminal.terminal_id, entry.header.entry_id.bytes, entry.digest)
        for terminal in fleet
        for entry in terminal.entries
    }
    stored = rows(platform, "select terminal_id, entry_id, digest from entry where result = 'stored'")
    assert len(stored) == len(expected)
    assert {(row[0], bytes(row[1]), bytes(row[2])) for row in stored} == expected
    assert rows(platform, "select count(*) from chain_note") == [(0,)]
    assert rows(platform, "select count(*) from terminal where high_water <> 2") == [(0,)]
    assert all(set(terminal.results) <= {Result.STORED, Result.DUPLICATE} for terminal in fleet)


def _until_opened(platform: Platform, cases: int, within_s: float) -> float:
    started, turn = time.monotonic(), threading.Event()
    while platform.entries.opener.waiting():
        assert time.monotonic() - started < within_s
        turn.wait(0.2)
    assert rows(platform, "select count(*), count(distinct (terminal_id, entry_id)) from case_record") == [
        (cases, cases)
    ]
    return time.monotonic() - started


@pytest.mark.fault(67, 51, 52)
@pytest.mark.slow
def test_a_few_hundred_terminals_come_back_at_once(postgres_server: PostgresServer, tmp_path: Path) -> None:
    with running(postgres_server, tmp_path) as (central, platform):
        report = play(central, platform, 250, within_s=90)
    assert report["answers"]["503"] > 0, "nobody was turned away, so nothing was tried"
    assert report["twice_received"] > 0, "no answer was lost, so nothing was tried"
    assert max(report["peak_rss_mb"]) < _MOST_RSS_MB
    assert report["tries_most"] <= 12


@pytest.mark.fault(26, 67)
@pytest.mark.slow
def test_a_worker_is_killed_while_they_come(postgres_server: PostgresServer, tmp_path: Path) -> None:
    with running(postgres_server, tmp_path) as (central, platform):
        killed: list[int] = []

        def harm(delivered: int) -> None:
            if delivered == 20:
                killed.append(central.workers()[0])
                os.kill(killed[0], signal.SIGKILL)

        play(central, platform, 120, within_s=90, meanwhile=harm)
        assert killed and killed[0] not in central.workers()


@pytest.mark.fault(67)
@pytest.mark.slow
def test_the_database_crashes_while_they_come(postgres_server: PostgresServer, tmp_path: Path) -> None:
    with running(postgres_server, tmp_path) as (central, platform):
        crashes = []

        def harm(delivered: int) -> None:
            if delivered == 20:
                postgres_server.stop("immediate")
                postgres_server.start()
                crashes.append(delivered)

        play(central, platform, 120, within_s=90, meanwhile=harm)
        assert crashes == [20]


@pytest.mark.soak
@pytest.mark.fault(67, 51, 52)
def test_ten_thousand_terminals_come_back_at_once(tmp_path: Path) -> None:
    if bin_dir() is None:
        pytest.skip("no PostgreSQL is installed")
    with postgres(on_disk=True) as server, running(server, tmp_path) as (central, platform):
        report = play(central, platform, 10_000, within_s=1200)
    assert max(report["peak_rss_mb"]) < _MOST_RSS_MB
    assert report["tries_mean"] <= 6
    # After the first blow they come spread out: a twentieth of the fleet in one second would be another one.
    assert report["busiest_second_of_returns"] < 500
