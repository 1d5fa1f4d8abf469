"""How a figure is taken and told: median of several, with the spread."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any


def summary(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Minimum, median, 95th percentile and maximum of at least one value."""
    ordered = sorted(values)
    return {
        "min": round(ordered[0], digits),
        "median": round(statistics.median(ordered), digits),
        "p95": round(ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))], digits),
        "max": round(ordered[-1], digits),
        "n": len(ordered),
    }


def in_turn(rounds: int, **contestants: Callable[[], float]) -> dict[str, list[float]]:
    """Run the contestants A B C, A B C, …: whatever slows the machine slows them all."""
    values: dict[str, list[float]] = {name: [] for name in contestants}
    for contestant in contestants.values():
        contestant()
    for _ in range(rounds):
        for name, contestant in contestants.items():
            values[name].append(contestant())
    return values


def goal(figure: float, limit: float, unit: str) -> dict[str, Any]:
    """A figure, what it may be at most, and whether it is."""
    return {"value": round(figure, 3), "at_most": limit, "unit": unit, "met": figure <= limit}


def goal_at_least(figure: float, limit: float, unit: str) -> dict[str, Any]:
    """A figure, what it has to be at least, and whether it is."""
    return {"value": round(figure, 3), "at_least": limit, "unit": unit, "met": figure >= limit}
