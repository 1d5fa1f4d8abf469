"""A heartbeat that was long on its way tells of an older journal than the platform knows: that condemns nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from kiosk.domain.enrolment import Standing
from tests.line.chaos_line import PASSES, ChaosLine, Exchange, Toxic
from tests.line.county import LineTerminal, until


class HeldHeartbeat:
    """Holds the next heartbeat back until `go`; the platform gets it then, and its answer is lost to a reset."""

    def __init__(self) -> None:
        self.held, self.go, self.lost = threading.Event(), threading.Event(), threading.Event()

    def choose(self, exchange: Exchange) -> Toxic:
        if self.held.is_set() or "/heartbeat" not in exchange.target:
            return PASSES
        self.held.set()
        return Toxic("held_heartbeat", self._play)

    async def _play(self, exchange: Exchange) -> bool:
        request = exchange.head + await exchange.body()
        while not self.go.is_set():
            await asyncio.sleep(0.002)
        await exchange.ask(request)
        exchange.reset()
        self.lost.set()
        return False


@pytest.mark.fault(17, 51, 52, 53)
def test_a_heartbeat_overtaken_by_cases_and_sent_again(
    line: ChaosLine, make_terminal: Callable[[str], LineTerminal]
) -> None:
    terminal = make_terminal(line.url)
    agent = terminal.start()
    terminal.record()
    terminal.until_drained(20)
    for _ in range(3):
        held = HeldHeartbeat()
        line.choose = held.choose
        assert held.held.wait(10)
        for _ in range(3):
            terminal.record()
        until(lambda: terminal.drained, 10)
        held.go.set()
        assert held.lost.wait(10)
        line.choose = lambda exchange: PASSES
        beats = line.played["passes"]
        until(lambda beats=beats: line.played["passes"] > beats + 3, 10)  # type: ignore[misc]
        assert terminal.journal.settings.standing() is Standing.OK
    assert agent.line.status().standing is Standing.OK
    terminal.record()
    terminal.until_drained(20)
    terminal.check()
