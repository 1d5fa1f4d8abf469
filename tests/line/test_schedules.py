"""Schedules of faults drawn at random: whatever comes in whatever order, each receipt is on the platform once.

A schedule that fails is played again with `LINE_SEED=<seed> LINE_SCHEDULES=1`.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.line.chaos_line import ChaosLine
from tests.line.conftest import PACE
from tests.line.county import County, county_in
from tests.line.hurried_clock import HurriedClock
from tests.line.schedules import Schedule
from tests.line.toxics import MAKERS

CASES = 50
_SEED = int(os.environ.get("LINE_SEED", "0")) or int(time.time())
_FEW = int(os.environ.get("LINE_SCHEDULES", "0")) or 25
_MANY = int(os.environ.get("LINE_SCHEDULES", "0")) or 1000
_MOST_S = 60.0
"""Real seconds for one schedule: far beyond what the pauses of its faults add up to."""


def play(county: County, seed: int, played: Counter[str]) -> float:
    """One schedule and fifty cases; how long it took."""
    began, schedule, draw = time.monotonic(), Schedule.drawn(seed), random.Random(seed)
    print(f"seed {seed}: {schedule}", flush=True)
    line = ChaosLine(county.port, PACE)
    terminal = county.terminal(line.url)
    try:
        terminal.start()
        line.choose = schedule.choose
        terminal.record_some(CASES, draw)
        schedule.over.wait(8.0)
        line.clear()
        terminal.until_drained(_MOST_S)
        terminal.check()
    finally:
        played.update(line.played)
        terminal.close()
        county.terminals.remove(terminal)
        line.close()
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.fault(40, 43, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 59, 60, 64)
def test_some_schedules(tmp_path: Path) -> None:
    played = run_schedules(tmp_path, _SEED, _FEW, most_s=45.0)
    assert sum(played.values()) > played["passes"] > 0


@pytest.mark.soak
@pytest.mark.fault(40, 43, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 59, 60, 64)
def test_a_thousand_schedules(tmp_path: Path) -> None:
    played = run_schedules(tmp_path, _SEED, _MANY)
    if _MANY >= 1000:
        assert set(played) >= set(MAKERS)


def run_schedules(folder: Path, first_seed: int, count: int, most_s: float = float("inf")) -> Counter[str]:
    """So many, on a new platform for each hundred; fewer when they take longer than `most_s`."""
    played: Counter[str] = Counter()
    began, took = time.monotonic(), []
    for hundred in range(0, count, 100):
        with county_in(folder / f"county-{hundred}", HurriedClock(PACE)) as county:
            for seed in range(first_seed + hundred, first_seed + min(hundred + 100, count)):
                took.append(play(county, seed, played))
                if time.monotonic() - began > most_s:
                    break
    print(f"{len(took)} schedules, {len(took) * CASES} cases, {sum(took):.1f} s, slowest {max(took):.1f} s")
    print(dict(played))
    return played
