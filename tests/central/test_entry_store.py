"""Taking batches in, on both engines: stored once, whoever sends what again, and in whatever order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kiosk.clock import ManualClock
from kiosk.domain.case import PlatformState
from sync.central.engine import DatabaseAway
from sync.central.exchange import Platform
from sync.central.store import EnrolmentRefused, Replayed
from sync.wire import Reason, Result


def results(platform: Platform, terminal: Any, entries: list[Any]) -> list[Result]:
    intake = platform.entries.take_in(terminal.known, terminal.nonce(), entries)
    return [outcome.result for outcome in intake.outcomes]


def rows(platform: Platform, query: str) -> list[tuple[Any, ...]]:
    with platform.store.reading() as run:
        return run.execute(query).fetchall()


@pytest.mark.fault(51, 52)
def test_a_batch_that_comes_again_is_stored_once(platform: Platform, terminal: Any) -> None:
    batch = terminal.record(20)
    assert results(platform, terminal, batch) == [Result.STORED] * 20
    assert results(platform, terminal, batch) == [Result.DUPLICATE] * 20
    assert rows(platform, "select count(*), sum(times_received) from entry") == [(20, 40)]


@pytest.mark.fault(52)
def test_one_entry_twice_in_one_batch(platform: Platform, terminal: Any) -> None:
    (entry,) = terminal.record()
    assert results(platform, terminal, [entry, entry]) == [Result.STORED, Result.DUPLICATE]
    assert rows(platform, "select times_received from entry") == [(2,)]


def test_a_batch_that_is_half_known_and_shuffled(platform: Platform, terminal: Any) -> None:
    batch = terminal.record(10)
    results(platform, terminal, batch[2:5])
    assert sorted(results(platform, terminal, batch[::-1])) == [Result.DUPLICATE] * 3 + [Result.STORED] * 7
    assert rows(
        platform, "select kind, first_sequence, last_sequence, closed_at is null from chain_note"
    ) in (
        [("gap", 1, 2, 0)],
        [("gap", 1, 2, False)],
    )
    assert rows(platform, "select high_water from terminal") == [(10,)]


@pytest.mark.fault(52)
def test_a_request_shown_again_is_refused(platform: Platform, terminal: Any) -> None:
    batch = terminal.record(2)
    platform.entries.take_in(terminal.known, "once", batch)
    with pytest.raises(Replayed):
        platform.entries.take_in(terminal.known, "once", batch)
    assert rows(platform, "select sum(times_received) from entry") == [(2,)]


def test_old_nonces_are_forgotten(platform: Platform, terminal: Any) -> None:
    with platform.store.transaction(terminal.terminal_id) as run:
        for _ in range(2300):
            platform.store.use_nonce(run, terminal.terminal_id, terminal.nonce())
    ((kept,),) = rows(platform, "select count(*) from seen_nonce")
    assert 2048 <= kept < 2048 + 64


@pytest.mark.fault(52, 53)
def test_two_workers_are_shown_the_same_batches_at_once(
    another: Callable[[], Platform], make_terminal: Callable[..., Any], platform: Platform
) -> None:
    terminal = make_terminal()
    batch = terminal.record(60)
    workers = [platform, another()] if platform.store.many_writers else [platform, platform]
    seen: list[list[Result]] = []
    refused: list[Exception] = []
    ready = threading.Barrier(4)

    def send(worker: Platform, sender: int) -> None:
        ready.wait(timeout=10)
        for begin in range(0, 60, 10):
            for attempt in range(3):  # the same nonce three times: once it counts
                try:
                    intake = worker.entries.take_in(
                        terminal.known, f"{sender}-{begin}", batch[begin : begin + 10]
                    )
                    seen.append([outcome.result for outcome in intake.outcomes])
                except Replayed as error:
                    refused.append(error)
                del attempt

    threads = [threading.Thread(target=send, args=(workers[n % 2], n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    flat = [result for each in seen for result in each]
    assert (flat.count(Result.STORED), flat.count(Result.DUPLICATE)) == (60, 180)
    assert len(refused) == 4 * 6 * 2
    assert rows(platform, "select count(*), count(distinct sequence), max(times_received) from entry") == [
        (60, 60, 4)
    ]
    assert rows(platform, "select count(*) from chain_note where kind <> 'gap'") == [(0,)]


@pytest.mark.fault(25)
def test_two_clones_send_different_entries_for_one_place_at_once(
    another: Callable[[], Platform], platform: Platform, terminal: Any
) -> None:
    original = terminal.record(1)
    results(platform, terminal, original)
    ours = terminal.record(1)
    terminal.entries.pop()
    theirs = terminal.record(1)
    workers = [platform, another()] if platform.store.many_writers else [platform, platform]
    seen: list[Result] = []
    ready = threading.Barrier(2)

    def send(worker: Platform, nonce: str, batch: list[Any]) -> None:
        ready.wait(timeout=10)
        intake = worker.entries.take_in(terminal.known, nonce, batch)
        seen.extend(outcome.result for outcome in intake.outcomes)

    threads = [
        threading.Thread(target=send, args=(workers[n], f"clone-{n}", batch))
        for n, batch in enumerate((ours, theirs))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(seen) == [Result.QUARANTINED, Result.STORED]
    assert rows(platform, "select kind, first_sequence from chain_note") == [("fork", 2)]


def test_text_that_postgresql_cannot_hold(platform: Platform, terminal: Any) -> None:
    terminal.boot_id = "boot\0one"
    assert results(platform, terminal, terminal.record(1)) == [Result.STORED]


@pytest.mark.fault(66)
def test_a_case_is_received_before_it_is_opened_and_may_be_moved(platform: Platform, terminal: Any) -> None:
    first, second = terminal.record(2)
    results(platform, terminal, [first, second])
    assert platform.cases.progress(first.receipt_number).state is PlatformState.RECEIVED
    assert [count.state for count in platform.cases.count()] == [PlatformState.RECEIVED] * 2
    assert platform.cases.change_state(first.receipt_number, PlatformState.RETURNED)
    platform.entries.opener.open_all()
    progress = platform.cases.progress(first.receipt_number)
    assert [step.state for step in progress.history] == [PlatformState.RECEIVED, PlatformState.RETURNED]
    assert platform.cases.progress(second.receipt_number).state is PlatformState.RECEIVED
    contents = [content for (content,) in rows(platform, "select content from case_record")]
    assert len(contents) == 2 and all("13900000000" in content for content in contents)
    (message,) = platform.cases.inbox(terminal.terminal_id, 0).messages
    assert (message.kind, message.state) == ("case_state", PlatformState.RETURNED)
    assert results(platform, terminal, [first]) == [Result.DUPLICATE]


@pytest.mark.slow
def test_the_server_goes_away_and_comes_back(
    another: Callable[[], Platform], platform: Platform, terminal: Any, request: pytest.FixtureRequest
) -> None:
    if not platform.store.many_writers:
        pytest.skip("a file does not go away")
    server = request.getfixturevalue("postgres_server")
    batch = terminal.record(5)
    results(platform, terminal, batch[:3])
    server.stop("immediate")
    try:
        with pytest.raises(DatabaseAway):
            results(platform, terminal, batch)
    finally:
        server.start()
    assert results(platform, terminal, batch) == [Result.DUPLICATE] * 3 + [Result.STORED] * 2


@pytest.mark.fault(25)
def test_a_fork_is_kept_apart_and_its_reason_is_told_again(platform: Platform, terminal: Any) -> None:
    results(platform, terminal, terminal.record(2))
    terminal.entries.pop()
    other = terminal.record(1)
    intake = platform.entries.take_in(terminal.known, "fork", other)
    assert [(one.result, one.reason) for one in intake.outcomes] == [(Result.QUARANTINED, Reason.FORK)]
    again = platform.entries.take_in(terminal.known, "again", other)
    assert [(one.result, one.reason) for one in again.outcomes] == [(Result.QUARANTINED, Reason.FORK)]


def test_a_case_moves_from_the_state_that_was_seen_and_its_words_reach_the_terminal(
    platform: Platform, terminal: Any
) -> None:
    (entry,) = terminal.record(1)
    platform.entries.take_in(terminal.known, terminal.nonce(), [entry])
    move, number = platform.cases.change_state, entry.receipt_number
    assert move(number, PlatformState.RETURNED, PlatformState.RECEIVED, "请带上户口簿", "test.jia")
    assert not move(number, PlatformState.ACCEPTED, PlatformState.RECEIVED, "", "test.yi"), (
        "somebody was quicker"
    )
    assert not move(number, PlatformState.RETURNED, PlatformState.RECEIVED, "another word", "test.yi")
    assert platform.cases.progress(number).state is PlatformState.RETURNED
    assert move(number, PlatformState.ACCEPTED, PlatformState.RETURNED, "", "test.yi")
    told = [
        (message.state.value, message.words)
        for message in platform.cases.inbox(terminal.terminal_id, 0).messages
    ]
    assert told == [("returned", "请带上户口簿"), ("accepted", "")]
    with platform.store.reading() as run:
        kept = run.execute("select number, state, words, operator from case_word order by number").fetchall()
    assert [tuple(row) for row in kept] == [
        (2, "returned", "请带上户口簿", "test.jia"),
        (3, "accepted", "", "test.yi"),
    ]


def test_two_operators_move_one_case_at_once(platform: Platform, terminal: Any) -> None:
    (entry,) = terminal.record(1)
    platform.entries.take_in(terminal.known, terminal.nonce(), [entry])
    with ThreadPoolExecutor(6) as threads:
        moved = list(
            threads.map(
                lambda number: platform.cases.change_state(
                    entry.receipt_number,
                    PlatformState.RETURNED,
                    PlatformState.RECEIVED,
                    f"words {number}",
                    f"op.{number}",
                ),
                range(6),
            )
        )
    assert sum(moved) == 1
    (message,) = platform.cases.inbox(terminal.terminal_id, 0).messages
    assert message.words == f"words {moved.index(True)}"


def test_guesses_at_enrolment_fill_nothing_and_the_door_opens_again(
    platform: Platform, clock: ManualClock
) -> None:
    def guess() -> str:
        with pytest.raises(EnrolmentRefused) as refused:
            platform.store.enrol("guess", bytes(32), "370508", "0.1.0")
        return refused.value.word

    assert [guess() for _ in range(30)] == ["unknown-code"] * 20 + ["too-many-tries"] * 10
    clock.advance(300)
    assert guess() == "too-many-tries"
    clock.advance(301)
    assert guess() == "unknown-code", (
        "ten minutes after the last try that was judged, whoever knocked meanwhile"
    )
    with platform.store.reading() as run:
        assert run.execute("select count(*) from enrolment_failure").fetchone() == (1,)
