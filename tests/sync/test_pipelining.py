"""Two batches on their way at once, their size learned from the line, and nothing lost or twice by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.errors import JournalError, JournalFault, LineFault, PlatformError
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.outbox import Released
from kiosk.journal.settings import SettingKey
from sync.batch import BatchAnswer
from sync.batch_size import MOST_BYTES, BatchSize
from sync.central.exchange import Platform
from sync.line_simulator import LineMode, LineSimulator
from sync.platform_client import PlatformClient
from sync.relay import Relay
from tests.sync.test_delivery import counts, exactly_once

PATIENCE_S = 10.0


class SlowedClient(PlatformClient):
    """A client whose exchanges begin or end when the test says so."""

    before: Callable[[], object] = staticmethod(lambda: None)
    after: Callable[[], object] = staticmethod(lambda: None)
    batches: list[list[int]]

    def send_entries(self, entries: Any, sequence: int) -> BatchAnswer:
        self.batches.append([entry.sequence for entry in entries])
        self.before()
        answer = super().send_entries(entries, sequence)
        self.after()
        return answer


@pytest.fixture
def lanes(terminal: Any) -> list[SlowedClient]:
    """The clients of a relay that sends two batches of ten at once."""
    clients = []
    for _ in range(2):
        client = SlowedClient(PlatformSettings(url=terminal.url), terminal.key, SystemClock())
        client.batches = []
        clients.append(client)
    terminal.relay = Relay(
        clients,
        terminal.line,
        terminal.clock,
        terminal.stopping,
        batch=10,
        retry_cap_s=0.3,
        on_delivered=terminal._note,
    )
    terminal.relay.size.side_by_side = True
    return clients


def sent(lanes: list[SlowedClient]) -> list[int]:
    return sorted(sequence for client in lanes for batch in client.batches for sequence in batch)


def test_two_batches_are_on_their_way_at_once(
    platform: Platform, terminal: Any, lanes: list[SlowedClient]
) -> None:
    receipts = terminal.record(40)
    both = threading.Barrier(2, timeout=PATIENCE_S)
    for client in lanes:
        client.before = both.wait  # passes only when both are under way
    assert terminal.drain() is None
    assert exactly_once(platform, receipts)
    assert sent(lanes) == list(range(1, 41))
    assert terminal.journal.outbox.summary().acknowledged == 40


@pytest.mark.fault(53)
def test_answers_that_come_in_another_order_than_the_batches_were_sent(
    platform: Platform, terminal: Any, lanes: list[SlowedClient]
) -> None:
    receipts = terminal.record(20)
    one_is_written_down = threading.Event()
    terminal.after_batch = one_is_written_down.set
    lanes[0].after = lambda: one_is_written_down.wait(PATIENCE_S)
    assert terminal.drain() is None
    assert terminal.delivered[:10] == [receipt.number for receipt in receipts[10:]]
    assert exactly_once(platform, receipts)
    assert {count.received for count in counts(platform).values()} == {1}


@pytest.mark.fault(51, 52)
def test_one_of_two_answers_is_lost(
    platform: Platform, line: LineSimulator, terminal: Any, lanes: list[SlowedClient]
) -> None:
    receipts = terminal.record(60)
    line.set_mode(LineMode.LOSE_ANSWER, times=1)
    terminal.drain_whatever_happens()
    assert line.state()["answers_lost"] == 1
    assert exactly_once(platform, receipts)
    assert terminal.journal.outbox.summary().acknowledged == 60
    received = [count.received for count in counts(platform).values()]
    assert set(received) == {1, 2}


def test_one_of_two_fails_and_the_other_still_counts(terminal: Any, lanes: list[SlowedClient]) -> None:
    terminal.record(20)
    under_way = threading.Barrier(2, timeout=PATIENCE_S)

    def fail() -> None:
        under_way.wait()
        raise PlatformError(LineFault.NO_LINE, "cut")

    lanes[0].before = fail
    lanes[1].before = under_way.wait
    error = terminal.drain()
    assert error is not None and error.fault is LineFault.NO_LINE
    summary = terminal.journal.outbox.summary()
    assert (summary.acknowledged, summary.pending, summary.leased) == (10, 10, 0)


def test_a_bug_in_a_batch_beside_ends_the_relay_and_not_silently(
    terminal: Any, lanes: list[SlowedClient]
) -> None:
    terminal.record(20)

    def break_down() -> None:
        raise ZeroDivisionError

    lanes[1].before = break_down
    with pytest.raises(ZeroDivisionError):
        terminal.drain()


def test_a_journal_that_fails_while_two_are_on_their_way_leaves_none_behind(
    platform: Platform, terminal: Any, lanes: list[SlowedClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = terminal.record(40)
    under_way: list[int] = []
    for client in lanes:
        client.before = lambda: under_way.append(1)
        client.after = lambda: under_way.remove(1)

    def fail(settlements: Any) -> int:
        raise JournalError(JournalFault.INPUT_OUTPUT)

    with monkeypatch.context() as patch:
        patch.setattr(terminal.journal.outbox, "settle", fail)
        with pytest.raises(JournalError):
            terminal.drain()
    assert under_way == []
    terminal.journal.outbox.settle([Released(entry_id=receipt.entry_id) for receipt in receipts])
    terminal.drain_whatever_happens()
    assert exactly_once(platform, receipts)


def test_on_a_line_that_is_not_known_yet_they_go_one_by_one(terminal: Any, lanes: list[SlowedClient]) -> None:
    terminal.relay.size = BatchSize(10)
    terminal.record(10)
    running: list[int] = []
    for client in lanes:
        client.before = lambda: running.append(1)
        client.after = lambda: running.remove(1)
    terminal.drain()
    assert not lanes[1].batches


def test_a_batch_that_takes_long_has_nothing_leased_beside_it(
    terminal: Any, lanes: list[SlowedClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its own lease could run out under it and it would be sent twice."""
    monkeypatch.setattr("sync.relay._LEASE_BESIDE_S", 0.0)
    terminal.record(40)
    terminal.drain()
    assert not lanes[1].batches
    assert sent(lanes) == list(range(1, 41))


@pytest.mark.fault(70)
def test_a_face_that_records_meanwhile_finds_its_cases_sent_too(
    platform: Platform, terminal: Any, lanes: list[SlowedClient]
) -> None:
    receipts = terminal.record(30)
    more: list[Any] = []
    terminal.after_batch = lambda: more.extend(terminal.record(2)) if len(more) < 12 else None
    assert terminal.drain() is None
    assert exactly_once(platform, receipts + more)


def test_sizes_grow_while_the_line_is_quick_and_shrink_when_it_is_slow() -> None:
    size = BatchSize(500)
    assert size.entries < 100 and not size.side_by_side
    for _ in range(12):
        size.took(0.2, size.entries, size.sealed_bytes)
    assert (size.entries, size.sealed_bytes, size.side_by_side) == (500, MOST_BYTES, True)
    size.took(6.0, 500, 150_000)
    assert 100 <= size.entries <= 150 and size.sealed_bytes < 50_000 and not size.side_by_side
    for _ in range(20):
        size.timed_out()
    assert size.entries >= 1 and size.sealed_bytes >= 8 * 1024


def test_a_batch_that_is_not_half_full_teaches_nothing() -> None:
    size = BatchSize(500)
    before = size.entries, size.sealed_bytes
    size.took(0.05, 3, 900)
    assert (size.entries, size.sealed_bytes) == before


@pytest.mark.fault(61)
def test_a_gateway_that_takes_less_is_asked_for_less_from_then_on() -> None:
    size = BatchSize(500)
    for _ in range(12):
        size.took(0.2, size.entries, size.sealed_bytes)
    size.too_large()
    most = size.sealed_bytes
    assert most == MOST_BYTES // 2
    for _ in range(12):
        size.took(0.2, size.entries, size.sealed_bytes)
    assert size.sealed_bytes == most


@pytest.mark.fault(44)
def test_an_exchange_on_a_line_of_64_kbit_takes_a_second_or_two() -> None:
    """Of whole exchanges as `took` sees them, with 330 bytes a case."""
    size, bytes_per_s = BatchSize(500), 8000.0
    for _ in range(10):
        entries = min(size.entries, size.sealed_bytes // 313)
        size.took(0.1 + entries * 330 / bytes_per_s, entries, entries * 313)
    seconds = min(size.entries, size.sealed_bytes // 313) * 330 / bytes_per_s
    assert 0.4 < seconds < 2.1


@pytest.mark.fault(70)
def test_beside_a_face_that_records_one_batch_is_enough(
    terminal: Any, lanes: list[SlowedClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would want the processor that a person waits for."""
    monkeypatch.setattr("sync.commit_pace._OTHERS_STAY_S", 3600.0)
    terminal.record(40)
    terminal.drain()
    alone = len(lanes[1].batches)
    assert alone
    terminal.record(40)
    page_key = load_or_create_key(terminal.folder / "journal.key")
    with Journal.open(terminal.folder / "journal.db", page_key, terminal.clock) as face:
        face.settings.put(SettingKey.PLATFORM_TIME, b"2026-11-22T02:00:00.000Z")
    assert terminal.drain() is None
    assert len(lanes[1].batches) == alone
    assert terminal.journal.outbox.summary().acknowledged == 80
