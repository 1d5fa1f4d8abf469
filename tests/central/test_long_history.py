"""A terminal of many years costs the platform no more than a new one: no statement reads its history whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from kiosk.clock import ManualClock
from sync.central.exchange import Platform
from sync.central.heartbeats import Heartbeats
from sync.central.server import build_platform
from sync.heartbeat_wire import HeartbeatRequest
from sync.wire import WireEntry
from tests.central.simulated_terminal import SimulatedTerminal, enrolled

_WHOLE_HISTORY = ("SCAN entry", "SEARCH entry USING PRIMARY KEY (terminal_id=?)")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """On SQLite, whose planner knows nothing unless it is told; PostgreSQL counts by itself."""
    made = build_platform(tmp_path / "central.db", tmp_path, ManualClock())
    yield made
    made.store.close()


def take_in(platform: Platform, terminal: SimulatedTerminal, entries: list[WireEntry]) -> None:
    platform.entries.take_in(terminal.known, terminal.nonce(), entries)


def beat(platform: Platform, terminal: SimulatedTerminal, message: HeartbeatRequest) -> None:
    known = platform.store.terminal(terminal.terminal_id)
    assert known is not None
    Heartbeats(platform.store).note(known, terminal.nonce(), message, 0.5, message.tail_sequence)


def test_no_statement_of_the_daily_work_reads_a_terminals_whole_history(
    platform: Platform, tmp_path: Path
) -> None:
    terminal = enrolled(platform)
    said: set[str] = set()
    connection: Any = platform.store._engine._connection  # type: ignore[attr-defined]
    connection.set_trace_callback(said.add)
    first, second, late = terminal.record(4), terminal.record(4), terminal.record(4)
    take_in(platform, terminal, first)
    take_in(platform, terminal, late)
    beat(platform, terminal, terminal.heartbeat())
    take_in(platform, terminal, second)
    take_in(platform, terminal, second)
    platform.entries.opener.open_all()
    beat(platform, terminal, terminal.heartbeat())
    connection.set_trace_callback(None)
    about_entries = [sql for sql in said if " entry" in sql and "insert into" not in sql]
    assert len(about_entries) > 5
    with dbapi2.connect(str(tmp_path / "central.db")) as reader:
        for sql in about_entries:
            plan = [row[3] for row in reader.execute(f"explain query plan {sql}")]
            assert not [
                step for step in plan if step.startswith(_WHOLE_HISTORY[0]) or step == _WHOLE_HISTORY[1]
            ], sql
    reader.close()
