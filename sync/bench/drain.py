"""`kiosk bench drain`: 10,000 cases from the journal to the platform, durable at both ends, beside its peers.

In one run and on one machine, in turn, so that what slows one slows all: the product (journal → requests →
platform's commit → acknowledgement in the journal); the same stack with one entry a request; bare TCP with
the same commits at both ends, nothing signed, checked or opened; bare TCP from memory, where only the platform
commits; and, where they are installed, MQTT to a subscriber that commits, and PouchDB.  Then what travels for
each case, counted on the socket in both directions; a line of 50 ms and 2 Mbit/s; how long recording takes while
it drains; and a lost answer.

Quote the ratios; the absolute figures belong to the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from kiosk.bench.sample import goal, goal_at_least
from kiosk.config import PACKAGE_ROOT
from kiosk.domain.entry import RecordedEntry
from kiosk.journal.outbox import Acknowledged
from kiosk.journal.sealing import encode_case
from sync.batch_size import MOST_BYTES, BatchSize
from sync.bench import mqtt_peer, pouch_peer
from sync.bench.raw_server import LENGTH
from sync.bench.shaped_line import ShapedLine
from sync.bench.terminal import BenchTerminal, platform_in, served
from sync.commit_pace import ROWS_AT_ONCE
from sync.line_simulator import LineMode, LineSimulator
from sync.relay import LEASE_S, Relay
from sync.wire import encode, to_wire

_CASES = 10_000
_ROUNDS = 3
_BATCH = 500
"""What a terminal has by default (`platform.batch`)."""
_SINGLES = 300
"""One entry a request is slow and steady: a few hundred give the rate."""
_LINE_CASES, _LINE_SINGLES = 4000, 60
_ROUND_TRIP_S, _LINE_BYTES_PER_S = 0.05, 2_000_000 / 8
_RECORDING_S = 4.0
_OPENED_WITHIN_S = 120.0
_TOKEN_BYTES = 500
_LANES = (
    "drain",
    "raw_tcp_from_journal",
    "raw_tcp_from_memory",
    "one_per_request",
    "mqtt_to_committed",
    "mqtt_gathered",
    "pouchdb",
)

_AT_LEAST_TO_RAW = 0.75
_AT_LEAST_TO_SINGLE = 14.0
_AT_LEAST = {"mqtt_to_committed": 1.2, "pouchdb": 2.0}
_PEERS: dict[str, Callable[[Path, list[bytes]], dict[str, Any] | None]] = {
    "mqtt_to_committed": mqtt_peer.measure,
    "mqtt_gathered": partial(mqtt_peer.measure, rows_a_commit=mqtt_peer.GATHERED),
    "pouchdb": pouch_peer.measure,
}
_AT_MOST_WIRE = 0.40
_AT_LEAST_OF_LINE = 0.70
_AT_LEAST_LINE_TO_SINGLE = 30.0
_AT_MOST_RECORD = 4.0


def run(cases: int = _CASES) -> dict[str, Any]:
    """Measure; takes some two minutes."""
    with tempfile.TemporaryDirectory(prefix="linban-bench-") as name:
        place = Path(name)
        with platform_in(place / "platform") as (url, pid):
            terminal = BenchTerminal(place / "terminal", url)
            terminal.record(_BATCH)
            terminal.drain(terminal.relay(url, _BATCH))  # the first requests pay for imports and cold pages
            bodies = [encode_case(case) for _, case in terminal.record(cases)]
            said: dict[str, Any] = {}
            rates = _rates(place, terminal, url, bodies, said)
            report = {
                "cases": cases,
                "case_as_compact_json_bytes": round(statistics.mean(map(len, bodies))),
                "durability": _durability(terminal, url, pid),
                "throughput": _compared(rates),
                "peers": _peers(rates, said),
                "wire": _wire(terminal, url, bodies),
                "slow_line": _slow_line(terminal, url),
                "recording_meanwhile": _recording(terminal, url, place / "platform", cases),
                "lost_answer": _lost_answer(terminal, url, place / "platform"),
            }
        terminal.journal.close()
    return report


def _rates(
    place: Path, terminal: BenchTerminal, url: str, bodies: list[bytes], said: dict[str, Any]
) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in _LANES}
    for number in range(_ROUNDS):
        if number:
            terminal.record(len(bodies))
        relay = terminal.relay(url, _BATCH)
        relay.size = BatchSize(_BATCH)
        rates["drain"].append(len(bodies) / terminal.drain(relay))
        ready = list(terminal.journal.entries.stream(terminal.journal.entries.tail()[0] - len(bodies)))
        rates["raw_tcp_from_memory"].append(_raw(place / f"raw-{number}", ready))
        terminal.record(len(bodies))
        # What is acknowledged here the platform has never seen: to it, the chain has a gap from now on.
        rates["raw_tcp_from_journal"].append(
            _raw_from_journal(place / f"raw-journal-{number}", terminal, len(bodies))
        )
        terminal.record(_SINGLES)
        one_by_one = terminal.relay(url, 1, at_once=1)
        rates["one_per_request"].append(_SINGLES / terminal.drain(one_by_one))
        for name, measure in _PEERS.items():
            said[name] = measure(place / f"{name}-{number}", bodies)
            if said[name] is not None and "items_per_s" in said[name]:
                rates[name].append(said[name].pop("items_per_s"))
    return rates


def _raw(data: Path, entries: list[RecordedEntry]) -> float:
    """Items a second over bare TCP; the batches lie ready in memory and nothing is written here."""
    batches = [encode_list(entries[start : start + _BATCH]) for start in range(0, len(entries), _BATCH)]
    with _raw_server(data) as exchange:
        started = time.perf_counter()
        for body in batches:
            exchange(body)
        return len(entries) / (time.perf_counter() - started)


def _raw_from_journal(data: Path, terminal: BenchTerminal, count: int) -> float:
    """The same from the journal: leased and settled as the product does, with a token of the same length."""
    outbox, token = terminal.journal.outbox, bytes(_TOKEN_BYTES)
    with _raw_server(data) as exchange:
        started = time.perf_counter()
        while leased := outbox.lease(_BATCH, MOST_BYTES, LEASE_S):
            exchange(encode_list([item.entry for item in leased]))
            moment = terminal.clock.now()
            told = [
                Acknowledged(entry_id=item.entry.header.entry_id, token=token, stored_at=moment)
                for item in leased
            ]
            for start in range(0, len(told), ROWS_AT_ONCE):
                outbox.settle(told[start : start + ROWS_AT_ONCE])
        return count / (time.perf_counter() - started)


@contextlib.contextmanager
def _raw_server(data: Path) -> Iterator[Callable[[bytes], bytes]]:
    with (
        served(["sync.bench.raw_server", str(data)], str.strip) as (port, _),
        socket.create_connection(("127.0.0.1", int(port))) as connection,
        connection.makefile("rb") as stream,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def exchange(body: bytes) -> bytes:
            connection.sendall(LENGTH.pack(len(body)) + body)
            return stream.read(LENGTH.unpack(stream.read(LENGTH.size))[0])

        yield exchange


def encode_list(entries: list[RecordedEntry]) -> bytes:
    """Whole entries as a JSON array."""
    return b"[" + b",".join(encode(to_wire(entry)) for entry in entries) + b"]"


def _compared(rates: dict[str, list[float]]) -> dict[str, Any]:
    drain, raw, memory, single = (
        statistics.median(rates[name])
        for name in ("drain", "raw_tcp_from_journal", "raw_tcp_from_memory", "one_per_request")
    )
    return {
        **{f"{name}_items_per_s": [round(value) for value in values] for name, values in rates.items()},
        "to_raw_tcp_same_commits": goal_at_least(drain / raw, _AT_LEAST_TO_RAW, "×"),
        "to_raw_tcp_from_memory": round(drain / memory, 3),
        "to_one_per_request": goal_at_least(drain / single, _AT_LEAST_TO_SINGLE, "×"),
    }


def _peers(rates: dict[str, list[float]], said: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for name in _PEERS:
        report[name] = said[name] or "not installed here: no figure"
        if rates[name]:
            ratio = statistics.median(rates["drain"]) / statistics.median(rates[name])
            limit = _AT_LEAST.get(name)
            report[f"to_{name}"] = goal_at_least(ratio, limit, "×") if limit else round(ratio, 3)
    return report


def _wire(terminal: BenchTerminal, url: str, bodies: list[bytes]) -> dict[str, Any]:
    """What passes over TCP in both directions, HTTP headers and acknowledgements included."""
    line = ShapedLine(int(url.rpartition(":")[2]))
    try:
        count = 4 * _BATCH
        recorded = [encode_case(case) for _, case in terminal.record(count)]
        relay = terminal.relay(line.url, _BATCH)
        terminal.drain(relay)
        up, down = line.bytes_up / count, line.bytes_down / count
        plain = statistics.mean(map(len, recorded))
        del bodies
        return {
            "bytes_per_case_up": round(up, 1),
            "bytes_per_case_down": round(down, 1),
            "to_compact_json": goal((up + down) / plain, _AT_MOST_WIRE, "×"),
        }
    finally:
        line.close()


def _slow_line(terminal: BenchTerminal, url: str) -> dict[str, Any]:
    port = int(url.rpartition(":")[2])
    line = ShapedLine(port, _ROUND_TRIP_S, _LINE_BYTES_PER_S)
    try:
        terminal.record(_LINE_SINGLES)
        single = _LINE_SINGLES / terminal.drain(terminal.relay(line.url, 1, at_once=1))
        terminal.record(_LINE_CASES)
        before = line.bytes_up
        rate = _LINE_CASES / terminal.drain(terminal.relay(line.url, 1000))
        limit = _LINE_BYTES_PER_S / ((line.bytes_up - before) / _LINE_CASES)
    finally:
        line.close()
    return {
        "line": "50 ms round trip, 2 Mbit/s each way",
        "items_per_s": round(rate),
        "one_per_request_items_per_s": round(single, 1),
        "of_the_lines_limit": goal_at_least(rate / limit, _AT_LEAST_OF_LINE, "×"),
        "to_one_per_request": goal_at_least(rate / single, _AT_LEAST_LINE_TO_SINGLE, "×"),
    }


def _recording(terminal: BenchTerminal, url: str, data: Path, cases: int) -> dict[str, Any]:
    """How long a prepared case takes to record in another process, idle and while the outbox drains, in turns."""
    idle: list[float] = []
    draining: list[float] = []
    for _ in range(_ROUNDS):
        _until_opened(data)
        idle += _recorded(terminal, None)
        terminal.record(cases)
        draining += _recorded(terminal, terminal.relay(url, _BATCH))
    p99 = {name: _percentile(values, 0.99) for name, values in (("idle", idle), ("draining", draining))}
    return {
        "idle_ms": {"p50": round(_percentile(idle, 0.5), 2), "p99": round(p99["idle"], 2), "n": len(idle)},
        "draining_ms": {
            "p50": round(_percentile(draining, 0.5), 2),
            "p99": round(p99["draining"], 2),
            "max": round(max(draining), 2),
            "n": len(draining),
        },
        "p99_to_idle": goal(p99["draining"] / p99["idle"], _AT_MOST_RECORD, "×"),
    }


def _until_opened(data: Path) -> None:
    """Idle means that the platform, on the same disk here, has nothing left to open either."""
    from sqlcipher3 import dbapi2

    never, until = threading.Event(), time.monotonic() + _OPENED_WITHIN_S
    with dbapi2.connect(f"file:{data / 'central.db'}?mode=ro", uri=True) as connection:
        while connection.execute("select 1 from opening limit 1").fetchone() and time.monotonic() < until:
            never.wait(0.5)


def _recorded(terminal: BenchTerminal, relay: Relay | None) -> list[float]:
    command = [sys.executable, "-m", "sync.bench.recorder"]
    files = [str(terminal.folder / "journal.db"), str(terminal.folder / "journal.key"), str(_RECORDING_S)]
    with subprocess.Popen(
        [*command, *files],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PACKAGE_ROOT,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        process.stdin.write("begin\n")
        process.stdin.flush()
        ended = time.perf_counter() + _RECORDING_S
        while relay is not None and time.perf_counter() < ended:
            terminal.drain(relay)
        took: list[float] = json.loads(process.stdout.readline())
    if relay is not None:
        terminal.drain(relay)
    return took


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _lost_answer(terminal: BenchTerminal, url: str, data: Path) -> dict[str, Any]:
    """Every answer is lost once: what was sent twice is stored once, and every acknowledgement counts."""
    line = LineSimulator(("127.0.0.1", 0), ("127.0.0.1", int(url.rpartition(":")[2])))
    try:
        count = 1000
        recorded = {entry_id for entry_id, _ in terminal.record(count)}
        relay = terminal.relay(f"http://127.0.0.1:{line.port}", 100)
        line.set_mode(LineMode.LOSE_ANSWER, times=5)
        tries = 0
        while terminal.journal.outbox.summary().pending and tries < 50:
            relay.drain(terminal.journal)
            tries += 1
        lost = line.state()["answers_lost"]
    finally:
        line.close()
    stored, received = _stored(data, recorded)
    once = goal(abs(stored - count) + terminal.journal.outbox.summary().pending, 0, "cases")
    return {
        "cases": count,
        "answers_lost": lost,
        "sent": received,
        "stored": stored,
        "missing_or_twice": once,
    }


def _stored(data: Path, ids: set[UUID]) -> tuple[int, int]:
    """How many of these entries the platform holds, and how often they came."""
    from sqlcipher3 import dbapi2

    with dbapi2.connect(f"file:{data / 'central.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "select entry_id, times_received from entry where result = 'stored'"
        ).fetchall()
    times = [received for entry_id, received in rows if UUID(bytes=bytes(entry_id)) in ids]
    return len(times), sum(times)


def _durability(terminal: BenchTerminal, url: str, platform_pid: int) -> dict[str, Any]:
    """Syncs a batch of 500 on either side, counted by strace over two batches; None where there is none."""
    terminal.record(4 * _BATCH)
    relay = terminal.relay(url, _BATCH)
    terminal.drain(relay)  # the first batches are small, until the line is known
    terminal.record(2 * _BATCH)
    strace = shutil.which("strace")
    counts: list[float | None] = [None, None]
    if strace is not None:
        with tempfile.TemporaryDirectory() as name:
            logs = [Path(name) / "terminal", Path(name) / "platform"]
            watchers = [
                subprocess.Popen(
                    [strace, "-f", "-qq", "-o", str(log), "-e", "trace=fsync,fdatasync", "-p", str(pid)],
                    stderr=subprocess.DEVNULL,
                )
                for log, pid in zip(logs, (os.getpid(), platform_pid), strict=True)
            ]
            threading.Event().wait(0.5)
            terminal.drain(relay)
            threading.Event().wait(0.2)
            for watcher in watchers:
                watcher.terminate()
                watcher.wait(timeout=10)
            counts = [log.read_text("ascii").count("sync(") / 2 if log.exists() else None for log in logs]
    return {
        "terminal": terminal.synchronous(),
        "platform": "SQLite wal, synchronous 2",
        "syncs_per_batch_of_500": {"terminal": counts[0], "platform": counts[1]},
    }
