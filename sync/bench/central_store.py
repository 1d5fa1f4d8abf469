"""`kiosk bench central`: what the platform's store costs an entry, beside the bare engine, at few rows and at many.

Measured is `EntryStore.take_in`: batches of 200 real sealed entries, each batch from another terminal, verified outside
their seals and committed durably; and what the opener needs afterwards.  The yardstick is the same rows put into the
same table by the engine's own quickest way (executemany, COPY), in the same durable batches, with nothing looked at.
The rows that are there already are made by the engine: of ten thousand terminals, so that each batch meets cold pages.
"""

# ruff: noqa: S608 — statements are put together from our own words only

from __future__ import annotations

import contextlib
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.domain.case import Case, new_entry_id
from kiosk.domain.entry import EntryHeader, EntryKind, RecordedEntry, entry_digest
from kiosk.domain.receipt import receipt_number
from kiosk.journal.sealing import encode_case, seal
from sync.bench.postgres_server import bin_dir, postgres
from sync.central.entry_store import ENTRY_COLUMNS, entry_row
from sync.central.exchange import Platform
from sync.central.server import build_platform
from sync.central.store import Terminal
from sync.wire import Reason, Result, WireEntry, to_wire

_BATCH = 200
_BATCHES = 25
_FEW_ROWS = 10_000
_MANY_ROWS = 1_000_000
_A_TERMINAL = 1000
_GROWTH_AT_MOST = 1.3
_SEALED_BYTES = 250
"""Of the rows that are there already: as long as a usual sealed case."""
_CHUNK = 500_000
"""Rows a transaction: the log of one with ten millions would be as large as the table."""
_SETTINGS = {"max_wal_size": "4GB", "wal_compression": "on", "shared_buffers": "512MB"}
"""What a county's server is set to; as shipped it is set for a notebook, with a checkpoint every few seconds."""
_OLD = "'2026-01-01T00:00:00.000Z'"


def run(rows: int = _MANY_ROWS, engines: Sequence[str] = ("sqlite", "postgresql")) -> dict[str, Any]:
    """Measure the engines at few and at `rows` stored rows; a minute, and a quarter of an hour with ten millions."""
    report: dict[str, Any] = {"batch": _BATCH, "rows_few": _FEW_ROWS, "rows_many": rows}
    with tempfile.TemporaryDirectory(prefix="linban-bench-") as name:
        if "sqlite" in engines:
            few, many = Path(name) / "few.db", Path(name) / "many.db"
            report["sqlite"] = _measure("sqlite", few, many, Path(name), rows)
            for file in (few, many):
                file.unlink()
        if "postgresql" in engines and bin_dir() is None:
            report["postgresql"] = "no PostgreSQL is installed"
        elif "postgresql" in engines:
            with postgres(_SETTINGS, on_disk=True) as server:
                urls = server.new_database(), server.new_database()
                report["postgresql"] = _measure("postgresql", *urls, Path(name), rows)
    return report


def _measure(kind: str, few: Path | str, many: Path | str, data: Path, rows: int) -> dict[str, Any]:
    with _platform(few, data) as small, _platform(many, data) as large:
        started = time.perf_counter()
        _fill(kind, small, _FEW_ROWS)
        _fill(kind, large, rows)
        filled_s = time.perf_counter() - started
        senders = {id(one): _Senders(one) for one in (small, large)}
        times: dict[str, list[float]] = {"few": [], "many": [], "raw": [], "raw_many": []}
        opened: dict[str, list[float]] = {"few": [], "many": []}
        for turn in range(_BATCHES + 2):
            # By turns, so that a disturbance of the machine meets all of them.
            for word, platform in (("few", small), ("many", large)):
                senders_here = senders[id(platform)]
                taken_s, opened_s = senders_here.send()
                raw_s = senders_here.put_raw()
                if turn >= 2:  # the first ones pay for cold pages and for statements that are not prepared
                    times[word].append(taken_s)
                    opened[word].append(opened_s)
                    times["raw" if word == "few" else "raw_many"].append(raw_s)
    cost = {word: statistics.median(found) / _BATCH * 1e6 for word, found in times.items()}
    return {
        "filled_s": round(filled_s, 1),
        "take_in_us_per_entry": {"few": round(cost["few"], 1), "many": round(cost["many"], 1)},
        "take_in_entries_per_s": {"few": round(1e6 / cost["few"]), "many": round(1e6 / cost["many"])},
        "raw_batch_entries_per_s": {"few": round(1e6 / cost["raw"]), "many": round(1e6 / cost["raw_many"])},
        "opening_us_per_entry": {
            word: round(statistics.median(found) / _BATCH * 1e6, 1) for word, found in opened.items()
        },
        "ratio_to_raw": {
            "few": round(cost["raw"] / cost["few"], 3),
            "many": round(cost["raw_many"] / cost["many"], 3),
        },
        "growth": {
            "value": round(cost["many"] / cost["few"], 3),
            "unit": "x the cost at few rows",
            "at_most": _GROWTH_AT_MOST,
            "met": cost["many"] / cost["few"] <= _GROWTH_AT_MOST,
        },
        "growth_of_raw": round(cost["raw_many"] / cost["raw"], 3),
    }


@contextlib.contextmanager
def _platform(database: Path | str, data: Path) -> Iterator[Platform]:
    platform = build_platform(database, data)
    try:
        yield platform
    finally:
        platform.store.close()


class _Senders:
    """Terminals of a platform that each send one batch, in an order that nobody can foresee."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        with platform.store.reading() as run:
            rows = run.execute("select terminal_id, terminal_number, public_key from terminal").fetchall()
        # Always the same order, so that a run can be repeated.
        self._terminals = random.Random(1).sample(rows, len(rows))  # noqa: S311 — no secret
        self._next: dict[str, tuple[int, bytes]] = {}
        self._turn = 0

    def send(self) -> tuple[float, float]:
        """Seconds to take one batch in, and to open it."""
        terminal, entries = self._batch()
        nonce = secrets.token_hex(8)
        started = time.perf_counter()
        self._platform.entries.take_in(terminal, nonce, entries)
        taken_s = time.perf_counter() - started
        started = time.perf_counter()
        assert self._platform.entries.opener.open_all() == _BATCH
        return taken_s, time.perf_counter() - started

    def put_raw(self) -> float:
        """Seconds to put the rows of one batch in, durably, looking at nothing."""
        terminal, entries = self._batch()
        now = self._platform.store.now()
        rows = [entry_row(terminal.terminal_id, one, Result.STORED, Reason.NONE, now, 1) for one in entries]
        started = time.perf_counter()
        with self._platform.store.unordered() as run:
            run.load("entry", ENTRY_COLUMNS, rows)
        taken_s = time.perf_counter() - started
        with self._platform.store.unordered() as run:
            run.execute(
                "update terminal set high_water = ? where terminal_id = ?",
                (entries[-1].sequence, terminal.terminal_id),
            )
        return taken_s

    def _batch(self) -> tuple[Terminal, list[WireEntry]]:
        terminal_id, number, public_key = self._terminals[self._turn % len(self._terminals)]
        self._turn += 1
        sequence, digest = self._next.get(terminal_id) or self._tail(terminal_id)
        sealing_key = self._platform.keys.sealing.public_key().public_bytes_raw()
        entries = []
        for _ in range(_BATCH):
            sequence += 1
            entries.append(_entry(number, sequence, digest, sealing_key))
            digest = entries[-1].digest
        self._next[terminal_id] = (sequence, digest)
        return Terminal(terminal_id, number, "370508", bytes(public_key), 0), entries

    def _tail(self, terminal_id: str) -> tuple[int, bytes]:
        with self._platform.store.reading() as run:
            query = "select sequence, digest from entry where terminal_id = ? and sequence = ?"
            found = run.execute(query, (terminal_id, _A_TERMINAL)).fetchone()
        assert found is not None, "every terminal was filled"
        return int(found[0]), bytes(found[1])


def _entry(number: str, sequence: int, previous: bytes, sealing_key: bytes) -> WireEntry:
    entry_id, moment = new_entry_id(), datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=sequence)
    header = EntryHeader(
        terminal_number=number,
        entry_id=entry_id,
        kind=EntryKind.CASE,
        service_code="pension-qualification",
        pack_version="1.0.0",
        receipt_number=receipt_number(number, entry_id),
    )
    case = Case(
        entry_id=entry_id,
        service_code=header.service_code,
        pack_version=header.pack_version,
        started_at=moment,
        answers={"phone": "13900000000", "household": "same", "note": "住址未变，本人到场办理。"},
    )
    sealed = seal(encode_case(case), header, sealing_key)
    digest = entry_digest(header, sequence, moment, "boot", 1.0 + sequence, sealed, previous)
    return to_wire(
        RecordedEntry(
            header=header,
            sequence=sequence,
            recorded_at=moment,
            boot_id="boot",
            monotonic_s=1.0 + sequence,
            sealed=sealed,
            previous_digest=previous,
            digest=digest,
        )
    )


def _fill(kind: str, platform: Platform, rows: int) -> None:
    """Rows of terminals with a thousand entries each, straight by the engine; indexes are made afterwards."""
    store, say = platform.store, _DIALECTS[kind]
    terminals = max(rows // _A_TERMINAL, 1)
    with store.reading() as run:
        indexes = [row for row in run.execute(say.indexes).fetchall() if row[1]]
    with store.unordered() as run:
        for name, _ in indexes:
            run.execute(f"drop index {name}")
        run.execute(
            "insert into terminal (terminal_id, terminal_number, region_code, public_key, enrolled_at, high_water)"
            f" select 't' || {say.number('n')}, {say.number('n')}, '370508', {say.noise(32)}, {_OLD}, {_A_TERMINAL}"
            f" from {say.series(0, terminals - 1)} s"
        )
    for first in range(0, terminals * _A_TERMINAL, _CHUNK):
        last = min(first + _CHUNK, terminals * _A_TERMINAL) - 1
        terminal = say.number(f"n / {_A_TERMINAL}")
        with store.unordered() as run:
            run.execute(say.patience)
            run.execute(
                f"insert into entry ({', '.join(ENTRY_COLUMNS)}) select 't' || {terminal}, {say.identity},"
                f" n % {_A_TERMINAL} + 1, 'case', 'pension-qualification', '1.0.0', {terminal} || (1000000000 + n),"
                f" {_OLD}, 'boot', n, {say.noise(_SEALED_BYTES)}, {say.noise(32)}, {say.noise(32)}, 'stored', '',"
                f" {_OLD}, 1 from {say.series(first, last)} s"
            )
    for _, definition in indexes:
        with store.unordered() as run:
            run.execute(say.patience)
            run.execute(definition)
    with store.unordered() as run:
        run.execute(say.patience)
        run.execute("analyze")


@dataclass(frozen=True)
class _Dialect:
    """What the engines call the same things when they make rows by themselves."""

    indexes: str
    """Name and definition of each index on `entry` beside its key."""
    patience: str
    """Says that this statement may take long."""
    identity: str
    """Sixteen bytes that grow with n."""
    number: Callable[[str], str]
    """Six digits of an expression."""
    noise: Callable[[int], str]
    """So many bytes that do not repeat."""
    series: Callable[[int, int], str]
    """A table of all n from first to last."""


_DIALECTS = {
    "sqlite": _Dialect(
        indexes="select name, sql from sqlite_master where type = 'index' and tbl_name = 'entry'",
        patience="select 1",
        identity="cast(printf('%016d', n) as blob)",
        number=lambda n: f"printf('%06d', 200000 + {n})",
        noise=lambda size: f"randomblob({size})",
        series=lambda first, last: (
            f"(with recursive s(n) as (select {first} union all select n + 1 from s where n < {last}) select n from s)"
        ),
    ),
    "postgresql": _Dialect(
        indexes=(
            "select indexname, indexdef from pg_indexes where tablename = 'entry' and indexname <> 'entry_pkey'"
        ),
        patience="set local statement_timeout = 0",
        identity="convert_to(to_char(n, 'FM0000000000000000'), 'UTF8')",
        number=lambda n: f"to_char(200000 + {n}, 'FM000000')",
        noise=lambda size: (
            f"substring(decode(repeat(md5(random()::text || n), {size // 16 + 1}), 'hex') from 1 for {size})"
        ),
        series=lambda first, last: f"(select generate_series({first}::bigint, {last}::bigint) as n)",
    ),
}
