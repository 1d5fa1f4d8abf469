"""A terminal's last week as three small curves: SVG made here, with a sentence that says what is seen.

No script and no style attribute: colours and widths come from the style sheet by class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sync.central.console.figures import BEIJING, size, span
from sync.central.console.terminal_facts import Beat

WIDTH, HEIGHT = 400, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 8, 14, 26
_BREAK = timedelta(hours=2)
"""Longer without a heartbeat and the curve is interrupted: nobody knows what was in between."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One curve, ready for the template."""

    title: str
    summary: str
    paths: list[str]
    """`d` of each stretch without a break."""
    areas: list[str]
    rows: list[tuple[float, str]]
    """Height and label of each line of the grid."""
    ticks: list[tuple[float, str]]
    """Place and label of each day."""


@dataclass(frozen=True, slots=True)
class _Curve:
    title: str
    values: list[tuple[datetime, float]]
    unit: float
    """What people count in: the top of the curve is a round number of it."""
    label: Callable[[float], str]


def plots(history: Sequence[Beat], say: Callable[..., str]) -> list[Plot]:
    """Queue, oldest unsent and free disk; nothing when there is too little to draw."""
    if len(history) < 2:
        return []
    times = [datetime.fromisoformat(beat.at) for beat in history]
    curves = (
        _Curve(
            say("待发送的条目"), _told(times, [beat.pending for beat in history]), 4, lambda v: f"{v:.0f}"
        ),
        _Curve(
            say("最久未送的时间"),
            _told(times, [beat.oldest_unsent_s or 0 for beat in history]),
            3600,
            lambda v: span(v, say),
        ),
        _Curve(
            say("磁盘余量"),
            _told(times, [beat.disk_free_bytes for beat in history]),
            1e9,
            lambda v: size(int(v)) if v else "0",
        ),
    )
    return [_plot(curve, times[0], times[-1], say) for curve in curves if len(curve.values) > 1]


def _told(times: list[datetime], values: Sequence[float | None]) -> list[tuple[datetime, float]]:
    return [(at, float(value)) for at, value in zip(times, values, strict=True) if value is not None]


def _plot(curve: _Curve, since: datetime, until: datetime, say: Callable[..., str]) -> Plot:
    top = curve.unit * _round_up(max(value for _, value in curve.values) / curve.unit)
    whole_s = max((until - since).total_seconds(), 1)

    def place(at: datetime, value: float) -> tuple[float, float]:
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * (at - since).total_seconds() / whole_s
        return round(x, 1), _height(value, top)

    paths, areas = [], []
    for stretch in _stretches(curve.values):
        points = [place(at, value) for at, value in stretch]
        line = " L".join(f"{x} {y}" for x, y in points)
        paths.append(f"M{line}")
        floor = HEIGHT - _BOTTOM
        areas.append(f"M{points[0][0]} {floor} L{line} L{points[-1][0]} {floor} Z")
    last, highest = curve.values[-1][1], max(value for _, value in curve.values)
    summary = say("现在 {now}，一周最高 {most}", now=curve.label(last), most=curve.label(highest))
    rows = [(_height(top * part / 2, top), curve.label(top * part / 2)) for part in range(3)]
    return Plot(curve.title, summary, paths, areas, rows, _days(since, until, place))


def _height(value: float, top: float) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top, 1)


def _stretches(values: list[tuple[datetime, float]]) -> list[list[tuple[datetime, float]]]:
    stretches = [[values[0]]]
    for before, this in pairwise(values):
        if this[0] - before[0] > _BREAK:
            stretches.append([])
        stretches[-1].append(this)
    return stretches


def _days(
    since: datetime, until: datetime, place: Callable[[datetime, float], tuple[float, float]]
) -> list[tuple[float, str]]:
    """The midnights in China; for less than a day and a half, begin and end instead."""
    if until - since < timedelta(hours=36):
        return [(place(at, 0)[0], at.astimezone(BEIJING).strftime("%H:%M")) for at in (since, until)]
    local = since.astimezone(BEIJING)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    ticks = []
    while midnight <= until:
        ticks.append((place(midnight, 0)[0], f"{midnight.month}-{midnight.day}"))
        midnight += timedelta(days=1)
    return ticks


def _round_up(value: float) -> float:
    """The next of 2, 4, 6, 8, 10 times a power of ten: its half is a number that people say, too."""
    power = 1.0
    while power * 10 < value:
        power *= 10
    return next(power * step for step in (2, 4, 6, 8, 10) if power * step >= value)
