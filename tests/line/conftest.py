"""A county whose clock hurries, shared by the tests of a module: each test takes terminals of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.line.chaos_line import ChaosLine
from tests.line.county import County, LineTerminal, county_in
from tests.line.hurried_clock import HurriedClock

PACE = 40.0


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with county_in(tmp_path_factory.mktemp("county"), HurriedClock(PACE)) as made:
        yield made


@pytest.fixture
def line(county: County) -> Iterator[ChaosLine]:
    made = ChaosLine(county.port, PACE)
    yield made
    made.close()


@pytest.fixture
def make_terminal(county: County) -> Iterator[Callable[[str], LineTerminal]]:
    made: list[LineTerminal] = []

    def make(url: str) -> LineTerminal:
        made.append(county.terminal(url))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()
        county.terminals.remove(terminal)
