"""Schedules of faults drawn at random: whatever comes in whatever order, each receipt is on the platform once.

A schedule that fails is played again with `LINE_SEED=<seed> LINE_SCHEDULES=1`.
"""

from __future__ import annotations

import os
import random
import shutil
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.line.chaos_line import ChaosLine
from tests.line.conftest import PACE
from tests.line.county import County, county_in
from tests.line.hurried_clock import HurriedClock
from tests.line.schedules import Schedule
from tests.line.toxics import MAKERS

# The proxy drops what hangs in a fault; how its sockets end is not what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CASES = 50
_SEED = int(os.environ.get("LINE_SEED", "0")) or int(time.time())
_FEW = int(os.environ.get("LINE_SCHEDULES", "0")) or 25
_MANY = int(os.environ.get("LINE_SCHEDULES", "0")) or 1000
_SIDE_BY_SIDE = 4
"""Most of a schedule is waiting."""
_MOST_S = 60.0
"""Real seconds for one schedule: far beyond what the pauses of its faults add up to."""


@dataclass(frozen=True)
class Outcome:
    """What became of one schedule."""

    seed: int
    took_s: float
    played: Counter[str]
    failure: str = ""


def play(county: County, seed: int) -> Outcome:
    """One schedule and fifty cases."""
    began_s, schedule, draw = time.monotonic(), Schedule.drawn(seed), random.Random(seed)
    print(f"seed {seed}: {schedule}", flush=True)
    line = ChaosLine(county.port, PACE)
    terminal = county.terminal(line.url)
    failure = ""
    try:
        terminal.start()
        line.choose = schedule.choose
        terminal.record_some(CASES, draw)
        schedule.over.wait(_MOST_S)
        line.clear()
        terminal.until_drained(_MOST_S)
        terminal.check()
    except Exception:  # noqa: BLE001 - a thousand schedules are not ended by the first that fails
        failure = f"LINE_SEED={seed} LINE_SCHEDULES=1 ({schedule})\n{traceback.format_exc()}"
        print(failure, flush=True)
    finally:
        terminal.close()
        county.terminals.remove(terminal)
        line.close()
    if not failure:
        shutil.rmtree(terminal.settings.paths.state_dir)  # the reserves of a thousand would fill a disk
    return Outcome(seed, time.monotonic() - began_s, line.played, failure)


@pytest.mark.slow
@pytest.mark.fault(40, 43, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 59, 60, 64)
def test_some_schedules(tmp_path: Path) -> None:
    played = run_schedules(tmp_path, _SEED, _FEW, most_s=20.0)
    assert sum(played.values()) > played["passes"] > 0


@pytest.mark.soak
@pytest.mark.fault(40, 43, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 59, 60, 64)
def test_a_thousand_schedules(tmp_path: Path) -> None:
    played = run_schedules(tmp_path, _SEED, _MANY)
    if _MANY >= 1000:
        assert set(played) >= set(MAKERS)


def run_schedules(folder: Path, first_seed: int, count: int, most_s: float = float("inf")) -> Counter[str]:
    """So many, some side by side, on a new platform for each hundred; fewer when they take longer than `most_s`."""
    seen: list[Outcome] = []
    began_s = time.monotonic()
    for hundred in range(0, count, 100):
        with (
            county_in(folder / f"county-{hundred}", HurriedClock(PACE)) as county,
            ThreadPoolExecutor(_SIDE_BY_SIDE) as pool,
        ):

            def play_in_time(seed: int, county: County = county) -> Outcome | None:
                return play(county, seed) if time.monotonic() - began_s < most_s else None

            seeds = range(first_seed + hundred, first_seed + min(hundred + 100, count))
            seen += [one for one in pool.map(play_in_time, seeds) if one is not None]
    took_s = sorted(one.took_s for one in seen)
    played = sum((one.played for one in seen), Counter[str]())
    print(
        f"{len(seen)} schedules, {len(seen) * CASES} cases, {time.monotonic() - began_s:.1f} s;"
        f" one takes {took_s[len(took_s) // 2]:.1f} s, the slowest {took_s[-1]:.1f} s; {dict(played)}"
    )
    assert [one.failure for one in seen if one.failure] == []
    return played
