"""Every entry reaches the platform exactly once, whatever the line does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.clock import SystemClock
from kiosk.domain.case import DeliveryState, ParkReason, PlatformState
from kiosk.errors import LineFault, PlatformError
from sync.acknowledgement import read_token
from sync.batch_size import BatchSize
from sync.central.case_store import CaseStore
from sync.central.entry_store import EntryStore, Intake
from sync.central.exchange import Platform, Refusal
from sync.central.server import build_platform, serving
from sync.central.store import Terminal as KnownTerminal
from sync.line import LineState
from sync.line_simulator import LineMode, LineSimulator
from sync.signing import SignedRequest
from sync.wire import CaseCount, WireEntry
from tests.sync.impostor import unsigned


def counts(platform: Platform) -> dict[str, CaseCount]:
    return {count.receipt_number: count for count in CaseStore(platform.store).count()}


def exactly_once(platform: Platform, receipts: list[Any]) -> bool:
    found = counts(platform)
    return set(found) == {receipt.number for receipt in receipts} and all(
        (count.stored, count.quarantined) == (1, 0) for count in found.values()
    )


def test_a_batch_is_delivered_and_acknowledged(platform: Platform, terminal: Any) -> None:
    receipts = terminal.record(120)
    assert terminal.drain() is None
    assert exactly_once(platform, receipts)
    assert terminal.delivered == [receipt.number for receipt in receipts]
    status = terminal.journal.entries.by_number(receipts[0].number)
    assert (status.delivery, status.platform) == (DeliveryState.ACKNOWLEDGED, PlatformState.RECEIVED)
    assert terminal.line.status().state is LineState.ONLINE


def test_the_kept_acknowledgement_proves_what_was_stored(platform: Platform, terminal: Any) -> None:
    (receipt,) = terminal.record()
    kept: list[bytes] = []
    settle = terminal.journal.outbox.settle

    def keep(settlements: list[Any]) -> int:
        kept.extend(one.token for one in settlements)
        changed: int = settle(settlements)
        return changed

    terminal.journal.outbox.settle = keep
    terminal.drain()
    key: Ed25519PublicKey = platform.keys.signing.public_key()
    said = read_token(kept[0], key)
    assert said["entry_id"] == str(receipt.entry_id)
    assert (said["sequence"], said["result"], said["epoch"]) == (1, "stored", platform.store.epoch)


@pytest.mark.fault(51)
def test_every_answer_is_lost_once(platform: Platform, line: LineSimulator, terminal: Any) -> None:
    terminal.relay.size = BatchSize(10)
    receipts = terminal.record(60)

    def lose() -> None:
        line.set_mode(LineMode.LOSE_ANSWER, times=1)

    terminal.after_batch = lose
    lose()
    terminal.drain_whatever_happens()
    assert exactly_once(platform, receipts)
    assert line.state()["answers_lost"] >= 6
    assert {count.received for count in counts(platform).values()} == {2}


@pytest.mark.fault(40, 45, 54, 59)
@pytest.mark.parametrize("mode", [LineMode.ERROR500, LineMode.PORTAL, LineMode.CUT, LineMode.BLACKHOLE])
def test_a_line_that_fails_for_a_while(
    platform: Platform, line: LineSimulator, terminal: Any, mode: LineMode
) -> None:
    receipts = terminal.record(5)
    line.set_mode(mode)
    error = terminal.drain()
    expected = {
        LineMode.ERROR500: LineFault.SERVER_TROUBLE,
        LineMode.PORTAL: LineFault.PORTAL,
        LineMode.CUT: LineFault.NO_LINE,
        LineMode.BLACKHOLE: LineFault.TIMED_OUT,
    }
    assert error is not None and error.fault is expected[mode]
    assert terminal.journal.outbox.summary().pending == 5
    line.set_mode(LineMode.UP)
    terminal.drain_whatever_happens()
    assert exactly_once(platform, receipts)


@pytest.mark.fault(47)
def test_the_line_is_cut_in_the_middle_of_a_batch(
    platform: Platform, line: LineSimulator, terminal: Any
) -> None:
    receipts = terminal.record(50)
    line.set_mode(LineMode.SLOW, bytes_per_s=8000)
    before = line.state()["bytes_up"]
    cut = threading.Event()

    def cut_soon() -> None:
        while line.state()["bytes_up"] < before + 4000 and not cut.wait(0.01):
            pass
        line.set_mode(LineMode.CUT)

    thread = threading.Thread(target=cut_soon)
    thread.start()
    error = terminal.drain()
    cut.set()
    thread.join()
    assert error is not None
    assert terminal.journal.outbox.summary().acknowledged == 0
    line.set_mode(LineMode.UP)
    terminal.drain_whatever_happens()
    assert exactly_once(platform, receipts)


@pytest.mark.fault(44)
def test_a_slow_line_is_not_a_dead_line(platform: Platform, line: LineSimulator, terminal: Any) -> None:
    """A batch may take longer than any single time-out, as long as it moves."""
    receipts = terminal.record(40)
    line.set_mode(LineMode.SLOW, bytes_per_s=8000)
    assert terminal.drain() is None
    assert exactly_once(platform, receipts)


@pytest.mark.fault(40, 45, 51)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    schedule=st.lists(
        st.tuples(
            st.sampled_from([LineMode.LOSE_ANSWER, LineMode.PORTAL, LineMode.ERROR500, LineMode.CUT]),
            st.integers(1, 3),
            st.integers(1, 9),
        ),
        max_size=5,
    )
)
def test_any_schedule_of_faults(
    platform: Platform, line: LineSimulator, terminal: Any, schedule: list[tuple[LineMode, int, int]]
) -> None:
    terminal.relay.size = BatchSize(4)
    for mode, times, cases in schedule:
        terminal.record(cases)
        line.set_mode(mode, times=times)
        terminal.drain()
    line.set_mode(LineMode.UP)
    terminal.drain_whatever_happens()
    found = counts(platform)
    assert len(found) == terminal.journal.entries.count()
    assert all(count.stored == 1 for count in found.values())


@pytest.mark.fault(51)
def test_the_platform_is_killed_and_comes_back(tmp_path: Path, make_terminal: Callable[..., Any]) -> None:
    folder = tmp_path / "restarted"
    first = build_platform(folder / "central.db", folder)
    first.store.add_enrolment_code("4821093377", timedelta(hours=1))
    with serving(first) as url:
        terminal = make_terminal(url, batch=10)
        terminal.enrol()
        receipts = terminal.record(60)
        # The store is gone under the server in the middle of the drain: every later request fails.
        terminal.after_batch = lambda: first.store.close() if len(terminal.delivered) == 20 else None
        error = terminal.drain()
        assert error is not None and error.fault is LineFault.SERVER_TROUBLE
        port = int(url.rpartition(":")[2])
    assert terminal.drain() is not None
    second = build_platform(folder / "central.db", folder)
    with serving(second, port=port):
        terminal.drain_whatever_happens()
    assert exactly_once(second, receipts)
    second.store.close()


class ChoosyEntryStore(EntryStore):
    """Refuses every batch that holds one of the entries it does not like."""

    disliked: frozenset[str] = frozenset()
    status = 422

    def take_in(self, terminal: KnownTerminal, nonce: str, entries: list[WireEntry]) -> Intake:
        if any(entry.receipt_number in self.disliked for entry in entries):
            raise Refusal(self.status, "wrong-shape")
        return super().take_in(terminal, nonce, entries)


@pytest.mark.fault(61)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_poisoned_entry_is_set_aside_and_the_others_flow(
    platform: Platform, make_terminal: Callable[..., Any], status: int
) -> None:
    choosy = ChoosyEntryStore(platform.store, platform.keys.sealing)
    choosy.status = status
    fussy = Platform(
        platform.store, choosy, platform.cases, platform.keys, platform.clock, platform.region_code
    )
    with serving(fussy) as url:
        terminal = make_terminal(url)
        terminal.enrol()
        receipts = terminal.record(30)
        choosy.disliked = frozenset({receipts[7].number, receipts[22].number})
        assert terminal.drain() is None
    assert len(counts(platform)) == 28
    parked = terminal.journal.outbox.listing(DeliveryState.PARKED)
    assert {item.receipt_number for item in parked} == choosy.disliked
    assert {item.park_reason for item in parked} == {ParkReason.REJECTED}


def test_a_platform_that_refuses_everything_parks_nothing(
    platform: Platform, make_terminal: Callable[..., Any]
) -> None:
    choosy = ChoosyEntryStore(platform.store, platform.keys.sealing)
    fussy = Platform(
        platform.store, choosy, platform.cases, platform.keys, platform.clock, platform.region_code
    )
    with serving(fussy) as url:
        terminal = make_terminal(url)
        terminal.enrol()
        choosy.disliked = frozenset(receipt.number for receipt in terminal.record(4))
        error = terminal.drain()
    assert error is not None and error.fault is LineFault.REFUSED
    assert terminal.journal.outbox.summary().parked == 0
    assert terminal.journal.outbox.summary().pending == 4


def test_a_gateway_that_says_too_large_parks_nothing(impostor: Any, fooled_terminal: Any) -> None:
    fooled_terminal.record(4)
    impostor.behave = lambda connection, request: connection.sendall(
        unsigned(b"too large", 413, {"content-type": "text/html"})
    )
    error = fooled_terminal.drain()
    assert error is not None and error.fault is LineFault.TOO_LARGE
    assert fooled_terminal.journal.outbox.summary().parked == 0


def test_one_entry_is_too_large_for_a_gateway_and_the_others_flow(
    platform: Platform, platform_url: str, make_terminal: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands first in the queue, and must not hold everything behind it for ever."""
    terminal = make_terminal(platform_url)
    terminal.enrol()
    (large, *others) = terminal.record(6)
    send = terminal.client.send_entries

    def through_the_gateway(entries: Any, sequence: int) -> Any:
        if any(entry.sequence == large.sequence for entry in entries):
            raise PlatformError(LineFault.TOO_LARGE, "413, not signed")
        return send(entries, sequence)

    monkeypatch.setattr(terminal.client, "send_entries", through_the_gateway)
    assert terminal.drain() is not None
    assert terminal.drain() is None
    assert set(counts(platform)) == {receipt.number for receipt in others}
    summary = terminal.journal.outbox.summary()
    assert (summary.pending, summary.parked) == (1, 0)


def knocks_within(terminal: Any, impostor: Any, seconds: float) -> int:
    """How often the relay's thread knocks at a platform that always answers the same."""
    terminal.record(3)
    terminal.line.succeeded()
    thread = threading.Thread(target=terminal.relay.run, args=(_own_journal(terminal),))
    thread.start()
    impostor.ended.wait(seconds)
    terminal.stopping.set()
    terminal.relay.wake()
    thread.join(timeout=5)
    assert not thread.is_alive()
    return len(impostor.requests)


def _own_journal(terminal: Any) -> Any:
    """The same journal from another thread: a connection belongs to the thread that opened it."""
    from kiosk.journal.journal import Journal, load_or_create_key

    class Opener:
        def __getattr__(self, name: str) -> Any:
            if "journal" not in self.__dict__:
                folder = terminal.folder
                key = load_or_create_key(folder / "journal.key")
                self.__dict__["journal"] = Journal.open(folder / "journal.db", key, SystemClock())
            return getattr(self.__dict__["journal"], name)

    return Opener()


@pytest.mark.fault(62)
def test_lost_authorisation_pauses(impostor: Any, fooled_terminal: Any) -> None:
    problem = b'{"type":"urn:linban:problem:unknown-terminal","status":401}'

    def refuse(connection: socket.socket, request: SignedRequest) -> None:
        connection.sendall(impostor.signed(request, problem, 401, "application/problem+json"))

    impostor.behave = refuse
    assert knocks_within(fooled_terminal, impostor, 1.0) == 1  # the keeper alone asks on
    assert fooled_terminal.line.status().fault is LineFault.NOT_AUTHORISED


@pytest.mark.fault(60)
def test_an_absurd_retry_after_is_clamped(impostor: Any, fooled_terminal: Any) -> None:
    impostor.behave = lambda connection, request: connection.sendall(
        unsigned(b"", 429, {"retry-after": "31536000"})
    )
    # The cap of these terminals is 0.3 s: more than one knock in 1.2 s, and no more than it allows.
    assert 2 <= knocks_within(fooled_terminal, impostor, 1.2) <= 5
    assert fooled_terminal.line.status().state is LineState.ONLINE


@pytest.mark.fault(64)
def test_an_acknowledgement_that_is_not_signed_counts_for_nothing(
    platform: Platform, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = terminal.record(3)
    monkeypatch.setattr("sync.central.api.sign_batch", lambda *facts: bytes(64))
    assert terminal.drain() is None
    assert terminal.journal.outbox.summary().acknowledged == 0
    monkeypatch.undo()
    ended = threading.Event()
    for _ in range(60):
        ended.wait(0.05)
        terminal.drain()
        if terminal.journal.outbox.summary().acknowledged == 3:
            break
    assert exactly_once(platform, receipts)
    assert terminal.journal.outbox.summary().acknowledged == 3
