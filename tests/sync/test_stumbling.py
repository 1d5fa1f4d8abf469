"""An entry over which something always stumbles, without a word that counts, holds up none of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from kiosk.domain.case import DeliveryState
from kiosk.domain.receipt import Receipt
from sync.central.exchange import Platform
from sync.line import ExchangeKind

_MOST_CYCLES = 60
_never = threading.Event()


def stumbles_over(platform: Platform, bad: list[Receipt], monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform has a bug that these entries meet: each batch with one of them is answered with 500."""
    ids, take_in = {one.entry_id for one in bad}, platform.entries.take_in

    def take_in_or_fail(owner: Any, nonce: str, entries: Any) -> Any:
        if any(entry.id in ids for entry in entries):
            raise RuntimeError("a bug")
        return take_in(owner, nonce, entries)

    monkeypatch.setattr(platform.entries, "take_in", take_in_or_fail)


def batches_of(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each batch that is sent from now on."""
    asked: list[int] = []
    send = terminal.client.send_entries

    def count(entries: Any, sequence: int) -> Any:
        asked.append(len(entries))
        return send(entries, sequence)

    monkeypatch.setattr(terminal.client, "send_entries", count)
    return asked


def go_on(terminal: Any, over: Callable[[], bool], heartbeats: bool = True) -> None:
    """As the agent's relay does, with a keeper whose heartbeats go well, or not."""
    for _ in range(_MOST_CYCLES):
        if over():
            return
        if heartbeats:
            terminal.line.succeeded(ExchangeKind.HEARTBEAT)
        else:
            terminal.line.succeeded()
        _never.wait(min(terminal.relay._cycle(terminal.journal), 0.3))


def unsent(terminal: Any) -> list[int]:
    """The sequences that are not acknowledged."""
    return [
        item.sequence
        for item in terminal.journal.outbox.listing()
        if item.delivery is not DeliveryState.ACKNOWLEDGED
    ]


@pytest.mark.fault(54, 61)
@pytest.mark.parametrize("bad", [(7,), (0,), (19,), (0, 1, 2), (3, 4, 5, 6, 12)])
def test_the_platform_always_stumbles_over_an_entry(
    platform: Platform, terminal: Any, monkeypatch: pytest.MonkeyPatch, bad: tuple[int, ...]
) -> None:
    receipts = terminal.record(20)
    held = [receipts[place] for place in bad]
    stumbles_over(platform, held, monkeypatch)
    go_on(terminal, lambda: len(unsent(terminal)) == len(bad))
    assert unsent(terminal) == [one.sequence for one in held]
    newer = terminal.record(3)
    go_on(terminal, lambda: len(unsent(terminal)) == len(bad))
    assert not {one.sequence for one in newer} & set(unsent(terminal))
    assert terminal.journal.outbox.summary().parked == 0, "nobody said that it is their fault"
    monkeypatch.undo()
    go_on(terminal, lambda: not unsent(terminal))
    assert unsent(terminal) == []


@pytest.mark.fault(54)
def test_a_platform_in_trouble_is_not_asked_entry_by_entry(
    platform: Platform, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = terminal.record(40)
    stumbles_over(platform, receipts, monkeypatch)
    asked = batches_of(terminal, monkeypatch)
    go_on(terminal, lambda: len(asked) > 3)
    del asked[:]
    terminal.line.succeeded(ExchangeKind.HEARTBEAT)
    terminal.relay._not_before = 0.0
    assert terminal.relay._cycle(terminal.journal) > 0
    assert asked.count(1) == 3, asked
    assert len(asked) < 12, asked
    monkeypatch.undo()
    go_on(terminal, lambda: not unsent(terminal))
    assert unsent(terminal) == []


def test_without_a_heartbeat_it_is_the_line_and_no_entry(
    platform: Platform, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = terminal.record(8)
    stumbles_over(platform, receipts[2:3], monkeypatch)
    asked = batches_of(terminal, monkeypatch)
    go_on(terminal, lambda: len(asked) > 8, heartbeats=False)
    assert set(asked) == {8}
