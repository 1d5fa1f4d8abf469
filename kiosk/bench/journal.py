"""The journal beside queues that others use, in one run (`kiosk bench journal`): cost, growth, power cut, drain.

* `one_case`: a case that was sealed ahead, recorded in one commit with one sync; beside a bare durable insert, and
  beside the same seven changed rows with a commit each (entry, print job, likeness, audit line, delivery, and what the
  tally notes of two of them), which is what the case ends in.  A sync here may cost less than the rows do; on a
  terminal's flash it costs 1 to 10 ms and decides, so that goal is for `on_a_slow_disk`: 5 ms added to every sync.
* `growth`: the same calls on an empty journal, on one with `rows` pending entries and on one that keeps `rows`
  delivered ones, interleaved; beside what that many rows do to other queues.
* `power_cut`: acknowledged → left, in a model where only synced bytes survive (`journal_power_cut`).
* `draining`: recording while the relay drains the outbox from another process (`journal_drain`).

A million rows need some 2.5 GB on the disk that the temporary folder is on, and four minutes; `--rows` asks for fewer.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk.bench import journal_drain, journal_power_cut
from kiosk.bench.journal_calls import STRACE
from kiosk.bench.journal_fill import fill
from kiosk.bench.journal_peers import PEERS, installed
from kiosk.bench.record import (
    BARE_TABLE,
    INSERT_BARE,
    MICROSECONDS,
    bare_rows,
    enrolled_journal,
    invented_case,
    spread,
    syncs_per_record,
    timed,
)
from kiosk.bench.sample import goal
from kiosk.config import PACKAGE_ROOT
from kiosk.journal.database import Database
from kiosk.journal.entries import PreparedCase
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged

ROWS = 1_000_000
_KEY = bytes(range(32))
_ROUNDS = 400
_WARM_UP = 700
"""Until each log has reached its full size and is written over, as on a terminal that has been up for a while."""
_AT_MOST_TO_BARE_INSERT = 1.5
_AT_MOST_TO_COMMIT_BY_ROW = 0.2
_AT_MOST_GROWTH = 1.25
_SLOW_SYNC_US = 5000
_PENDING_TO_DRAIN = 150_000
_PEER_OPERATIONS = {"empty": 200, "full": 12}
"""A full peer may take a second for one."""


def run(rows: int = ROWS, folder: Path | None = None, rounds: int = _ROUNDS) -> dict[str, Any]:
    """Measure; times in microseconds. `folder` names the disk to measure."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="linban-bench-") as name:
        place = Path(name)
        return {
            "one_case": _one_case(place / "one", rounds),
            "draining": journal_drain.while_draining(_made(place / "drain"), min(rows, _PENDING_TO_DRAIN)),
            "growth": _growth(place / "growth", rows, rounds),
            "power_cut": journal_power_cut.acknowledged_and_left(place / "cut"),
        }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


# ---------------------------------------------------------------------------------------------------------------------
# One case


def _one_case(place: Path, rounds: int) -> dict[str, Any]:
    times = _lanes(_made(place), rounds, _WARM_UP)
    p50 = {lane: statistics.median(values) for lane, values in times.items()}
    syncs = syncs_per_record(place)
    return {
        **{f"{lane}_us": spread(values) for lane, values in times.items()},
        "syncs": None if syncs is None else goal(syncs, 1, "syncs"),
        "to_bare_insert": goal(p50["record"] / p50["bare_insert"], _AT_MOST_TO_BARE_INSERT, "×"),
        "to_commit_by_row": round(p50["record"] / p50["commit_by_row"], 3),
        "on_a_slow_disk": _on_a_slow_disk(_made(place / "slow")),
    }


def _on_a_slow_disk(place: Path) -> dict[str, Any] | None:
    """The same lanes in a process whose every sync returns 5 ms later; None where there is no strace."""
    if STRACE is None:
        return None
    slow = ["-f", "-qq", "--seccomp-bpf", "-o", os.devnull, "-e", "trace=fsync,fdatasync"]
    inject = ["-e", f"inject=fsync,fdatasync:delay_exit={_SLOW_SYNC_US}"]
    program = [sys.executable, "-m", "kiosk.bench.journal", str(place)]
    done = subprocess.run(
        [STRACE, *slow, *inject, *program], cwd=PACKAGE_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return None  # a container that does not let strace attach
    p50: dict[str, float] = json.loads(done.stdout)
    return {
        **{f"{lane}_us": round(value * MICROSECONDS, 1) for lane, value in p50.items()},
        "to_bare_insert": goal(p50["record"] / p50["bare_insert"], _AT_MOST_TO_BARE_INSERT, "×"),
        "to_commit_by_row": goal(p50["record"] / p50["commit_by_row"], _AT_MOST_TO_COMMIT_BY_ROW, "×"),
    }


def _lanes(place: Path, rounds: int, warm_up: int) -> dict[str, list[float]]:
    journal, by_row = enrolled_journal(place / "whole.db"), _ByRow(place / "by_row.db")
    bare = Database(place / "bare.db", _KEY)
    bare.run(BARE_TABLE)
    rows = bare_rows()
    lanes: dict[str, Callable[[PreparedCase, PreparedCase, tuple[object, ...]], object]] = {
        "record": lambda prepared, _, row: journal.entries.record(prepared),
        "bare_insert": lambda prepared, _, row: bare.run(INSERT_BARE, row),
        "commit_by_row": lambda _, prepared, row: by_row.record(prepared),
    }
    times: dict[str, list[float]] = {lane: [] for lane in lanes}
    for number in range(warm_up + rounds):
        for lane in random.sample(list(lanes), len(lanes)):
            case = invented_case()
            made = journal.entries.prepare(case), by_row.journal.entries.prepare(case), next(rows)
            elapsed = timed(lanes[lane], *made)
            if number >= warm_up:
                times[lane].append(elapsed)
    for opened in (journal, by_row.journal, bare):
        opened.close()
    return times


class _ByRow:
    """A journal in which every row that a case changes is a commit of its own."""

    def __init__(self, file: Path) -> None:
        self.journal = enrolled_journal(file)
        self._position, self._previous = 0, bytes(32)

    def record(self, prepared: PreparedCase) -> None:
        run = self.journal._database.run
        receipt = self.journal.entries.record(prepared)
        moment = "2026-11-22T02:00:00.000Z"
        run(
            "INSERT INTO print_job (id, kind, state, changed_at) VALUES (?, 'slip', 'queued', ?)",
            (receipt.sequence * 100, moment),
        )
        run("INSERT INTO likeness VALUES (?, ?)", (prepared.likeness or bytes(16), receipt.sequence))
        run("UPDATE tally SET likened = ?", (receipt.sequence,))
        self._position += 1
        digest = os.urandom(32)
        line = (
            self._position,
            moment,
            "boot",
            1,
            "case_recorded",
            str(receipt.entry_id),
            "{}",
            self._previous,
            digest,
        )
        run("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
        self._previous = digest
        run("UPDATE tally SET told = ?", (receipt.sequence,))
        run("INSERT INTO delivery (sequence, state) VALUES (?, 'recorded')", (receipt.sequence,))


# ---------------------------------------------------------------------------------------------------------------------
# Growth


def _growth(place: Path, rows: int, rounds: int) -> dict[str, Any]:
    place.mkdir()
    journals = {name: enrolled_journal(place / f"{name}.db") for name in ("empty", "pending", "delivered")}
    fill(journals["pending"], rows, delivered=False)
    fill(journals["delivered"], rows, delivered=True)
    times: dict[str, dict[str, list[float]]] = {"record": {}, "lease_and_acknowledge": {}}
    for number in range(_WARM_UP + rounds):
        for name in random.sample(list(journals), len(journals)):
            journal = journals[name]
            prepared = journal.entries.prepare(invented_case())
            recorded = timed(journal.entries.record, prepared)
            sent = timed(_lease_and_acknowledge, journal)
            if number >= _WARM_UP:
                times["record"].setdefault(name, []).append(recorded)
                times["lease_and_acknowledge"].setdefault(name, []).append(sent)
    for journal in journals.values():
        journal.close()
    report: dict[str, Any] = {"rows": rows}
    for call, by_journal in times.items():
        report[call] = {f"{name}_us": spread(values) for name, values in by_journal.items()}
        empty = statistics.median(by_journal["empty"])
        for name in ("pending", "delivered"):
            ratio = statistics.median(by_journal[name]) / empty
            report[call][f"{name}_to_empty"] = goal(ratio, _AT_MOST_GROWTH, "×")
    report["peers"] = {
        name: _peer_growth(place, name, rows) for name in PEERS if installed(name) and name != "diskcache"
    }
    return report


def _lease_and_acknowledge(journal: Journal) -> None:
    (item,) = journal.outbox.lease(1, 1_000_000, 30)
    journal.outbox.settle([Acknowledged(entry_id=item.entry.header.entry_id, token=bytes(200))])


def _peer_growth(place: Path, name: str, rows: int) -> dict[str, Any]:
    """How much dearer putting and taking become; `delivered` only where the queue keeps what was delivered."""
    empty = _peer_times(place, name, "empty", 0, delivered=False)
    report: dict[str, Any] = {f"empty_{call}_us": value for call, value in empty.items()}
    for state in ("pending", "delivered"):
        if state == "delivered" and name == "sqloutbox":
            continue
        full = _peer_times(place, name, state, rows, delivered=state == "delivered")
        for call, value in full.items():
            report[f"{state}_{call}_us"] = value
            report[f"{state}_{call}_to_empty"] = round(value / empty[call], 1)
    return report


def _peer_times(place: Path, name: str, state: str, rows: int, delivered: bool) -> dict[str, float]:
    folder = _made(place / f"{name}-{state}")
    peer = PEERS[name](folder)
    if rows:
        peer.fill(rows, delivered)
    operations = _PEER_OPERATIONS["full" if rows else "empty"]
    times: dict[str, list[float]] = {"put": [], "take": []}
    for _ in range(operations):
        times["put"].append(timed(peer.put))
    for _ in range(operations):
        times["take"].append(timed(peer.take))
    peer.close()
    return {call: round(statistics.median(values) * MICROSECONDS, 1) for call, values in times.items()}


if __name__ == "__main__":
    lanes_here = _lanes(Path(sys.argv[1]), 60, 10)
    sys.stdout.write(json.dumps({lane: statistics.median(values) for lane, values in lanes_here.items()}))
