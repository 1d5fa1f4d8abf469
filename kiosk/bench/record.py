"""How long recording a whole case takes, beside its yardsticks in the same run (`kiosk bench record`).

Yardsticks, interleaved with it in random order on files of their own in the same folder:

* a bare durable insert: one row of the same columns, constraints and size, through the same library with
  the same key, WAL and synchronous=FULL;
* commit by row: the three rows that a case ends in (entry, print job, audit line), a commit each.

Before each turn the same input is made, whoever's turn it is, so that nobody finds a warmer processor.  What
a resident waits for is `prepared`: the case was sealed when the review page opened.  `record` seals within
the call, which no schema makes cheaper: a single HPKE seal is a third of a bare insert here (`sealing_us`).  So
`prepared` has the goal, and `record` is a figure beside it.  Recording writes the entry alone: the rows of its
slip and of its audit line ride on later commits that happen anyway (the first print try, the next audit line),
and `commit_by_row` is what all three cost when each is written at once.

`record_to_commit_by_row` is a figure and no goal.  A commit costs a sync whatever is in it, so the ratio
cannot fall much below 1/rows, a third for the three rows of a case, and sealing stands on both sides of it.

Measured once the logs have reached their full size and are written over, as on a terminal that has been up
for a while.  Put the folder on the disk that is meant: a temporary folder in memory has no sync to wait for.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.bench.sample import goal
from kiosk.clock import SystemClock
from kiosk.domain.case import Case, new_entry_id
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.entry import EntryHeader, EntryKind
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.domain.trust import Proof
from kiosk.journal import sealing
from kiosk.journal.database import AUTOCHECKPOINT_PAGES, Database
from kiosk.journal.entries import PreparedCase
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged

_AT_MOST_TO_BARE_INSERT = 1.5
_AT_MOST_GROWTH = 1.25

_KEY = bytes(range(32))
_TERMINAL = "370508"
INSERT_BARE = "INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
BARE_TABLE = """
CREATE TABLE bare (
    sequence INTEGER PRIMARY KEY, entry_id BLOB NOT NULL UNIQUE, receipt_number TEXT NOT NULL UNIQUE,
    terminal_number TEXT NOT NULL, kind TEXT NOT NULL, service_code TEXT NOT NULL, pack_version TEXT NOT NULL,
    recorded_at TEXT NOT NULL, boot_id TEXT NOT NULL, monotonic_ms INTEGER NOT NULL,
    previous_digest BLOB NOT NULL, digest BLOB NOT NULL, sealed BLOB
) STRICT
"""
MICROSECONDS = 1e6


def run(folder: Path | None = None, rounds: int = 600, delivered: int = 100_000) -> dict[str, object]:
    """Measure; figures in microseconds, each beside its yardstick. `folder` names the disk to measure."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        figures = latency(place, rounds)
        syncs = syncs_per_record(place)
        figures["syncs_per_record"] = None if syncs is None else goal(syncs, 1, "syncs")
        figures["growth"] = _growth(place, delivered, rounds // 2)
    return figures


_Row = tuple[object, ...]


def latency(place: Path, rounds: int) -> dict[str, object]:
    journal, by_row = enrolled_journal(place / "whole.db"), enrolled_journal(place / "by_row.db")
    bare = Database(place / "bare.db", _KEY)
    bare.run(BARE_TABLE)
    rows = bare_rows()

    def commit_by_row(case: Case, _prepared: PreparedCase, _row: _Row) -> None:
        by_row.entries.record(case)
        by_row.print_jobs.write_down()
        by_row.audit.tell_entries()

    lanes: dict[str, Callable[[Case, PreparedCase, _Row], object]] = {
        "record": lambda case, _prepared, _row: journal.entries.record(case),
        "prepared": lambda _case, prepared, _row: journal.entries.record(prepared),
        "bare_insert": lambda _case, _prepared, row: bare.run(INSERT_BARE, row),
        "commit_by_row": commit_by_row,
    }
    times: dict[str, list[float]] = {lane: [] for lane in lanes}
    warm_up = AUTOCHECKPOINT_PAGES // 3
    for number in range(warm_up + rounds):
        for lane in random.sample(list(lanes), len(lanes)):
            made = invented_case(), journal.entries.prepare(invented_case()), next(rows)
            elapsed = timed(lanes[lane], *made)
            if number >= warm_up:
                times[lane].append(elapsed)
    for opened in (journal, by_row, bare):
        opened.close()
    return _compared(times)


def _compared(times: dict[str, list[float]]) -> dict[str, object]:
    p50 = {lane: statistics.median(values) for lane, values in times.items()}
    prepared = p50["prepared"] / p50["bare_insert"]
    return {
        **{f"{lane}_us": spread(values) for lane, values in times.items()},
        "sealing_us": _sealing_us(),
        "prepared_to_bare_insert": goal(prepared, _AT_MOST_TO_BARE_INSERT, "×"),
        "record_to_bare_insert": round(p50["record"] / p50["bare_insert"], 3),
        "record_to_commit_by_row": round(p50["record"] / p50["commit_by_row"], 3),
    }


def _growth(place: Path, delivered: int, rounds: int) -> dict[str, object]:
    """The same calls on an empty journal and on one that keeps `delivered` entries, interleaved."""
    empty, full = enrolled_journal(place / "empty.db"), enrolled_journal(place / "full.db")
    fill(full, delivered)
    times: dict[str, list[float]] = {}
    for number in range(rounds * 2):
        for name, journal in random.sample([("empty", empty), ("full", full)], 2):
            recorded = timed(journal.entries.record, invented_case())
            sent = timed(_send, journal)
            if number >= rounds:
                times.setdefault(f"record_{name}", []).append(recorded)
                times.setdefault(f"send_{name}", []).append(sent)
    empty.close()
    full.close()
    p50 = {name: statistics.median(values) for name, values in times.items()}
    return {
        "delivered_rows": delivered,
        **{f"{name}_us": spread(values) for name, values in times.items()},
        "record": goal(p50["record_full"] / p50["record_empty"], _AT_MOST_GROWTH, "×"),
        "lease_and_settle": goal(p50["send_full"] / p50["send_empty"], _AT_MOST_GROWTH, "×"),
    }


def fill(journal: Journal, count: int) -> None:
    """Put `count` delivered entries into an empty journal quickly: real rows, in one commit, digests made up."""
    database = journal._database
    digests = [os.urandom(32) for _ in range(count)]

    def entries() -> Iterator[tuple[object, ...]]:
        previous = bytes(32)
        for (_, *columns), digest in zip(bare_rows(), digests, strict=False):
            columns[9], columns[10] = previous, digest
            previous = digest
            yield tuple(columns)

    columns = (
        "entry_id, receipt_number, terminal_number, kind, service_code, pack_version, recorded_at, boot_id,"
    )
    columns += " monotonic_ms, previous_digest, digest, sealed"
    with database.transaction():
        database.run_many(
            f"INSERT INTO entry (sequence, {columns})"  # noqa: S608
            " VALUES ((SELECT ifnull(max(sequence), 0) + 1 FROM entry), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            entries(),
        )
        database.run(
            "INSERT INTO delivery"
            " (sequence, state, attempts, platform_state, acknowledged_at, acknowledgement, stored_at)"
            " SELECT sequence, 'acknowledged', 1, 'received', recorded_at, zeroblob(200), recorded_at FROM entry"
        )
        database.run(
            "INSERT INTO print_job (closed, id, kind, state, attempts, changed_at)"
            " SELECT 1, sequence * 100, 'slip', 'taken', 1, recorded_at FROM entry"
        )
        database.run("UPDATE tally SET (told, likened) = (SELECT max(sequence), max(sequence) FROM entry)")


def _send(journal: Journal) -> None:
    leased = journal.outbox.lease(10, 1_000_000, 30)
    journal.outbox.settle(
        [Acknowledged(entry_id=item.entry.header.entry_id, token=bytes(200)) for item in leased]
    )


def syncs_per_record(place: Path) -> float | None:
    """Counted by strace over 50 records in a process of their own; None where there is no strace."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    counts = []
    for records in (10, 60):
        log, file = place / f"strace-{records}", place / f"syncs-{records}.db"
        command = [sys.executable, "-m", "kiosk.bench.record", str(file), str(records)]
        options = ["-f", "-qq", "-o", str(log), "-e", "trace=fsync,fdatasync,sync_file_range,msync"]
        done = subprocess.run([strace, *options, *command], capture_output=True, check=False)
        if done.returncode != 0:
            return None  # a container that does not let strace attach
        counts.append(len(log.read_text("ascii").splitlines()))
    return (counts[1] - counts[0]) / 50


def enrolled_journal(file: Path) -> Journal:
    journal = Journal.open(file, _KEY, SystemClock())
    public = X25519PrivateKey.generate().public_key().public_bytes_raw()
    journal.settings.set_enrolment(
        Enrolment(
            terminal_id="bench",
            terminal_number=_TERMINAL,
            region_code="370502",
            sealing_key=public,
            signing_key=bytes(32),
        )
    )
    return journal


def invented_case() -> Case:
    return Case(
        entry_id=new_entry_id(),
        service_code="pension-certification",
        pack_version="1.0.0",
        started_at=datetime.now(UTC),
        answers={"phone": "13800138000", "relation": "self", "address": "测试市测试区测试路1号"},
        resident=IdentityDocument(
            kind=DocumentKind.RESIDENT_ID_CARD,
            name="测试甲",
            number="11010519491231002X",
            sex=Sex.FEMALE,
            birth=date(1949, 12, 31),
            valid_from=date(2020, 1, 1),
            valid_until=None,
            address="测试市测试区测试路1号",
            issuer="测试市公安局",
        ),
        proofs=frozenset({Proof.CHIP_READ}),
    )


def _header() -> EntryHeader:
    return EntryHeader(
        terminal_number=_TERMINAL,
        entry_id=new_entry_id(),
        kind=EntryKind.CASE,
        service_code="pension-certification",
        pack_version="1.0.0",
        receipt_number=f"{random.randrange(10**16):016d}",  # noqa: S311
    )


def bare_rows() -> Iterator[tuple[object, ...]]:
    """Rows as the journal's own: same columns, same sizes."""
    public = X25519PrivateKey.generate().public_key().public_bytes_raw()
    sealed = sealing.seal(sealing.encode_case(invented_case()), _header(), public)
    sequence = 0
    while True:
        sequence += 1
        number = f"{random.randrange(10**16):016d}"  # noqa: S311
        yield (
            sequence,
            new_entry_id().bytes,
            number,
            _TERMINAL,
            "case",
            "pension-certification",
            "1.0.0",
            "2026-11-22T02:00:00.000Z",
            "00000000-0000-4000-8000-000000000000",
            123_456_789,
            os.urandom(32),
            os.urandom(32),
            sealed,
        )


def _sealing_us() -> float:
    """Sealing alone, without waiting for a disk in between."""
    public = X25519PrivateKey.generate().public_key().public_bytes_raw()
    body, header = sealing.encode_case(invented_case()), _header()
    times = [timed(sealing.seal, body, header, public) for _ in range(300)]
    return round(statistics.median(times) * MICROSECONDS, 1)


def timed(call: Callable[..., object], *arguments: object) -> float:
    begin = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - begin


def spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50": round(statistics.median(ordered) * MICROSECONDS, 1),
        "p95": round(ordered[int(len(ordered) * 0.95)] * MICROSECONDS, 1),
    }


if __name__ == "__main__":
    counted = enrolled_journal(Path(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        counted.entries.record(invented_case())
    counted.close()
