"""Each fault of a line by itself, first on what carries cases and then on everything, under the real sync process."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.line.chaos_line import PASSES, ChaosLine, Exchange, Toxic
from tests.line.county import LineTerminal
from tests.line.toxics import MAKERS

MakeTerminal = Callable[[str], LineTerminal]
_DRAWS = 2
_PER_TOXIC = [
    pytest.param("late", marks=pytest.mark.fault(43)),
    pytest.param("drip", marks=pytest.mark.fault(49)),
    pytest.param("cut_request", marks=pytest.mark.fault(40, 47)),
    pytest.param("cut_answer", marks=pytest.mark.fault(40, 48)),
    pytest.param("lost_answer", marks=pytest.mark.fault(40, 51)),
    pytest.param("doubled", marks=pytest.mark.fault(52)),
    pytest.param("corrupt_request", marks=pytest.mark.fault(55)),
    pytest.param("meddled", marks=pytest.mark.fault(55)),
    pytest.param("corrupt_answer", marks=pytest.mark.fault(55)),
    pytest.param("blackhole", marks=pytest.mark.fault(45)),
    pytest.param("half_open", marks=pytest.mark.fault(46)),
    pytest.param("refused", marks=pytest.mark.fault(40, 47)),
    pytest.param("portal", marks=pytest.mark.fault(54)),
    pytest.param("endless", marks=pytest.mark.fault(50)),
    pytest.param("bomb", marks=pytest.mark.fault(50)),
    pytest.param("trouble", marks=pytest.mark.fault(59)),
    pytest.param("wait_please", marks=pytest.mark.fault(60)),
    pytest.param("another_schema", marks=pytest.mark.fault(64)),
    pytest.param("said_before", marks=pytest.mark.fault(52)),
    pytest.param("overtaken", marks=pytest.mark.fault(53)),
]


class Striking:
    """Plays a toxic's draws, one an exchange, on the exchanges whose address holds `part`."""

    def __init__(self, toxics: list[Toxic], part: str = "") -> None:
        self._toxics, self._part = toxics, part

    @property
    def done(self) -> bool:
        return not self._toxics

    def choose(self, exchange: Exchange) -> Toxic:
        return self._toxics.pop(0) if self._toxics and self._part in exchange.target else PASSES


def test_every_toxic_is_played() -> None:
    assert {str(one.values[0]) for one in _PER_TOXIC} == set(MAKERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", _PER_TOXIC)
def test_one_fault_again_and_again(line: ChaosLine, make_terminal: MakeTerminal, name: str) -> None:
    draw = random.Random(name)
    terminal = make_terminal(line.url)
    terminal.start()
    for part in ("/entries", ""):
        strikes = Striking([MAKERS[name](draw) for _ in range(_DRAWS)], part)
        line.choose = strikes.choose
        terminal.record(20_000)
        terminal.record_until(lambda strikes=strikes: strikes.done)  # type: ignore[misc]
        line.clear()
        terminal.until_drained(30)
        terminal.check()
    assert line.played[name] == 2 * _DRAWS


@pytest.mark.slow
@pytest.mark.fault(55)
def test_one_case_whose_request_a_proxy_rewrites(line: ChaosLine, make_terminal: MakeTerminal) -> None:
    """It is the line's fault and never the case's: nothing is set aside."""
    terminal = make_terminal(line.url)
    terminal.start()
    strikes = Striking([MAKERS["meddled"](random.Random(seed)) for seed in range(7)], "/entries")
    line.choose = strikes.choose
    while not strikes.done:
        terminal.record()
        terminal.until_drained(30)
    terminal.check()
