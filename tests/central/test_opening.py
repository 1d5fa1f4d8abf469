"""Sealed entries are opened after the answer: once, by any number of workers; what cannot be opened waits for a person."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.domain.case import PlatformState
from sync.central.background import Background
from sync.central.exchange import Platform
from sync.central.opener import Opener
from sync.central.quarantine import Quarantine
from sync.wire import Reason, Result


def send(platform: Platform, terminal: Any, entries: list[Any]) -> list[Result]:
    intake = platform.entries.take_in(terminal.known, terminal.nonce(), entries)
    return [outcome.result for outcome in intake.outcomes]


def rows(platform: Platform, query: str) -> list[tuple[Any, ...]]:
    with platform.store.reading() as run:
        return [tuple(row) for row in run.execute(query).fetchall()]


def altered(terminal: Any) -> Any:
    """An entry whose sealed body is spoilt under a digest that covers it."""
    terminal.record(1)
    sealed = bytearray(terminal.entries.pop().sealed)
    sealed[-1] ^= 1
    return terminal.record(1, sealed=bytes(sealed))[0]


def test_several_openers_open_each_case_once(
    another: Callable[[], Platform], platform: Platform, make_terminal: Callable[..., Any]
) -> None:
    fleet = [make_terminal(str(number)) for number in range(3)]
    for terminal in fleet:
        send(platform, terminal, terminal.record(70))
    openers = [platform.entries.opener]
    if platform.store.many_writers:
        openers += [another().entries.opener for _ in range(2)]
    done: list[int] = []
    threads = [threading.Thread(target=lambda one=one: done.append(one.open_all())) for one in openers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sum(done) == 210
    assert rows(platform, "select count(*) from opening") == [(0,)]
    assert rows(platform, "select count(*), count(distinct receipt_number) from case_record") == [(210, 210)]
    assert rows(platform, "select count(*) from case_history") == [(210,)]


def test_an_opener_that_dies_in_the_middle_leaves_the_rest(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(30))

    class Dies(Opener):
        def _opened(self, row: tuple[Any, ...]) -> str | None:
            if row[6] == terminal.entries[20].header.receipt_number:
                raise MemoryError
            return super()._opened(row)

    with pytest.raises(MemoryError):
        Dies(platform.store, platform.keys.sealing).open_all()
    assert rows(platform, "select count(*) from case_record") == [(0,)]
    assert platform.entries.opener.open_all() == 30
    assert rows(platform, "select count(*) from case_record") == [(30,)]


def test_the_background_opens_what_comes_in(platform: Platform, terminal: Any) -> None:
    background = Background(platform.entries.opener)
    background.start()
    try:
        send(platform, terminal, terminal.record(5))
        turn = threading.Event()
        for _ in range(200):
            if rows(platform, "select count(*) from case_record") == [(5,)]:
                break
            turn.wait(0.02)
    finally:
        background.stop()
    assert rows(platform, "select count(*) from case_record") == [(5,)]


@pytest.mark.fault(66)
def test_a_case_that_cannot_be_opened_is_kept_apart_and_the_terminal_is_told(
    platform: Platform, terminal: Any
) -> None:
    bad = altered(terminal)
    good = terminal.record(1)
    assert send(platform, terminal, [bad, *good]) == [Result.STORED] * 2
    platform.entries.opener.open_all()
    (kept,) = Quarantine(platform.store, platform.entries.opener).listing()
    assert (kept.entry_id, kept.reason) == (bad.id, Reason.CANNOT_OPEN)
    (message,) = platform.cases.inbox(terminal.terminal_id, 0).messages
    assert (message.kind, message.entry_id) == ("entry_quarantined", bad.id)
    assert platform.cases.progress(bad.receipt_number).state is PlatformState.UNKNOWN
    assert send(platform, terminal, [bad]) == [Result.QUARANTINED]


def test_a_key_is_put_back_and_the_entry_is_judged_again(platform: Platform, terminal: Any) -> None:
    (entry,) = terminal.record(1)
    send(platform, terminal, [entry])
    Opener(platform.store, X25519PrivateKey.generate()).open_all()
    quarantine = Quarantine(platform.store, platform.entries.opener)
    assert [one.reason for one in quarantine.listing(terminal.terminal_id)] == [Reason.CANNOT_OPEN]
    assert quarantine.requeue(terminal.terminal_id, entry.id)
    assert platform.entries.opener.open_all() == 1
    assert quarantine.listing() == []
    assert platform.cases.progress(entry.receipt_number).state is PlatformState.RECEIVED
    kinds = [message.kind for message in platform.cases.inbox(terminal.terminal_id, 0).messages]
    assert kinds == ["entry_quarantined", "entry_released"]
    assert not quarantine.requeue(terminal.terminal_id, entry.id)


@pytest.mark.fault(25)
def test_a_fork_is_not_requeued_but_an_operator_may_let_it_through(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(2))
    terminal.entries.pop()
    (fork,) = terminal.record(1)
    send(platform, terminal, [fork])
    quarantine = Quarantine(platform.store, platform.entries.opener)
    assert not quarantine.requeue(terminal.terminal_id, fork.id)
    assert quarantine.release(terminal.terminal_id, fork.id)
    platform.entries.opener.open_all()
    assert platform.cases.progress(fork.receipt_number).state is PlatformState.RECEIVED
    assert quarantine.listing() == []


@pytest.mark.fault(63)
def test_an_entry_in_conflict_is_listed_beside_the_one_that_stands(platform: Platform, terminal: Any) -> None:
    (entry,) = terminal.record(1)
    send(platform, terminal, [entry])
    kept = terminal.entries.pop()
    (other,) = terminal.record(1, header=kept.header)
    assert send(platform, terminal, [other]) == [Result.QUARANTINED]
    (listed,) = Quarantine(platform.store, platform.entries.opener).listing()
    assert (listed.entry_id, listed.reason) == (entry.id, Reason.CONFLICT)


def test_two_entries_with_one_receipt_number(platform: Platform, terminal: Any) -> None:
    """Two of a terminal's entries in a hundred million: the second is kept apart, the first stays as it is."""
    first, second = terminal.record(2)
    send(platform, terminal, [first])
    platform.entries.opener.open_all()
    send(platform, terminal, [second])
    with platform.store.transaction(terminal.terminal_id) as run:
        run.execute("update case_record set receipt_number = ?", (second.receipt_number,))
    platform.entries.opener.open_all()
    assert rows(platform, "select entry_id from case_record") == [(first.id.bytes,)]
    (kept,) = Quarantine(platform.store, platform.entries.opener).listing()
    assert (kept.entry_id, kept.reason) == (second.id, Reason.CONFLICT)
