"""Clocks that are wrong, jump, or pass through the edges of the calendar, under the real sync process.

The terminal's wall clock is injected; the platform's is right unless a test says otherwise.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.errors import LineFault
from kiosk.journal.settings import SettingKey
from sync.line import LineState
from tests.line.chaos_line import PASSES, ChaosLine
from tests.line.county import County, LineTerminal, county_in, until
from tests.line.hurried_clock import HurriedClock
from tests.line.toxics import MAKERS
from tests.sync.tls_front import DAY, Authority, TlsFront, server_context

_PACE = 10.0
_HOUR = timedelta(hours=1)
_SEVEN_HOURS_S = 7 * 3600.0
"""After so long every chore has been due: dropping, copies, audit roots, orphans."""
WRONG = {
    "1970": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),
    "2001": datetime(2001, 9, 9, tzinfo=UTC),
    "ten years ahead": datetime.now(UTC) + timedelta(days=3653),
    "2038": datetime(2038, 1, 19, 3, 14, 0, tzinfo=UTC),
}
_tick = threading.Event()


@pytest.fixture(scope="module")
def true_county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    """A platform whose clock is right."""
    with county_in(tmp_path_factory.mktemp("clocks"), SystemClock()) as made:
        yield made


@pytest.fixture
def make(true_county: County) -> Iterator[Callable[..., LineTerminal]]:
    """A terminal with a wall clock of its own."""
    made: list[LineTerminal] = []

    def make(wall: datetime | None = None, url: str = "", **platform: object) -> LineTerminal:
        clock = HurriedClock(_PACE)
        if wall is not None:
            clock.set_wall(wall)
        url = url or f"http://127.0.0.1:{true_county.port}"
        made.append(true_county.terminal(url, clock, **platform))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()
        true_county.terminals.remove(terminal)


def clock_of(terminal: LineTerminal) -> HurriedClock:
    assert isinstance(terminal.clock, HurriedClock)
    return terminal.clock


def all_chores_done(terminal: LineTerminal) -> None:
    """Let seven hours pass and every chore be done."""
    agent = terminal.agent
    assert agent is not None
    beats = _beats(terminal)
    clock_of(terminal).skip(_SEVEN_HOURS_S)
    for part in (agent.relay, agent.keeper, agent.freight):
        part.wake()  # each waits by a clock that was skipped
    until(lambda: agent.chores.next_in_s() > 300, 20)
    until(lambda: _beats(terminal) > beats, 20)
    until(lambda: agent.healthy, 20)


def _beats(terminal: LineTerminal) -> float:
    """A number that grows with every heartbeat."""
    with terminal.county.platform.store.reading() as run:
        row = run.execute(
            "select uptime_s from heartbeat where terminal_id = ?", (terminal.terminal_id,)
        ).fetchone()
    return float(row[0]) if row else 0.0


def bodies_kept(terminal: LineTerminal) -> bool:
    return all(entry.sealed is not None for entry in terminal.journal.entries.stream())


@pytest.mark.slow
@pytest.mark.fault(34, 35, 38, 39)
@pytest.mark.parametrize("wall", WRONG.values(), ids=WRONG.keys())
def test_a_wall_clock_that_is_plainly_wrong(make: Callable[..., LineTerminal], wall: datetime) -> None:
    terminal = make(wall)
    agent = terminal.start()
    for number in range(10):
        terminal.record(5_000 if number == 3 else 0)
    terminal.until_drained(20)
    all_chores_done(terminal)
    terminal.record()
    terminal.until_drained(20)
    terminal.check()
    assert bodies_kept(terminal), "nothing was purged"
    assert not agent.line.status().clock_trusted
    with terminal.county.platform.store.reading() as run:
        trusted, faults = run.execute(
            "select clock_trusted, faults from heartbeat where terminal_id = ?", (terminal.terminal_id,)
        ).fetchone() or (1, "")
    assert not trusted and "clock" in str(faults).split()
    assert abs(terminal.receipts[0].received_at - wall) < _HOUR, "a receipt says what the wall clock said"


@pytest.mark.fault(36, 37)
def test_the_wall_clock_jumps_by_an_hour_while_the_line_is_being_tried_again(
    true_county: County, make: Callable[..., LineTerminal]
) -> None:
    line = ChaosLine(true_county.port, _PACE)
    terminal = make(url=line.url)
    agent, clock = terminal.start(), clock_of(terminal)
    refused = MAKERS["refused"](random.Random(1))
    line.choose = lambda exchange: refused
    line_end_s = time.monotonic() + 2.0
    jump = 1
    while time.monotonic() < line_end_s:
        clock.set_wall(clock.now() + jump * _HOUR)
        jump = -jump if jump > 0 else -jump + 1
        terminal.record()
        _tick.wait(0.05)
    assert agent.line.status().state is LineState.OFFLINE
    knocks = line.played["refused"]
    line.choose = lambda exchange: PASSES
    assert terminal.until_drained(10) < 3.0, "no pause grew by an hour"
    terminal.check()
    assert knocks < 40, "no pause shrank to nothing"
    line.close()


@pytest.mark.fault(37)
def test_a_clock_that_is_set_back_again_and_again(make: Callable[..., LineTerminal]) -> None:
    terminal = make()
    terminal.start()
    clock = clock_of(terminal)
    for _ in range(20):
        terminal.record()
        clock.set_wall(clock.now() - 3 * _HOUR)
    terminal.until_drained(20)
    terminal.check()
    assert len({one.entry_id for one in terminal.receipts}) == len({one.number for one in terminal.receipts})
    assert [one.sequence for one in terminal.receipts] == list(range(1, 21))
    assert terminal.receipts[0].received_at > terminal.receipts[-1].received_at


EDGES = {
    "2038": datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    "the turn of the year": datetime(2027, 1, 1, tzinfo=UTC),
    "the turn of the year in Beijing": datetime(2026, 12, 31, 16, tzinfo=UTC),
    "summer time begins": datetime(2027, 3, 28, 1, tzinfo=UTC),
    "summer time ends": datetime(2027, 10, 31, 1, tzinfo=UTC),
    "a leap day": datetime(2028, 2, 29, tzinfo=UTC),
    "a leap second": datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC),
}


@pytest.mark.slow
@pytest.mark.fault(38)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin"])
def test_the_edges_of_the_calendar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """Both clocks pass through each edge while cases come; local time is one that has summer time, or not."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    clock = HurriedClock(_PACE)
    with county_in(tmp_path, clock) as county:
        terminal = county.terminal(f"http://127.0.0.1:{county.port}")
        terminal.start()
        for edge in EDGES.values():
            clock.set_wall(edge - timedelta(seconds=1))
            first = len(terminal.receipts)
            while clock.now() < edge + timedelta(seconds=1):
                terminal.record()
                _tick.wait(0.01)
            terminal.until_drained(20)
            times = [one.received_at for one in terminal.receipts[first:]]
            assert times == sorted(times) and times[0] < edge < times[-1]
        terminal.check()
        assert bodies_kept(terminal)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.slow
@pytest.mark.fault(34, 35, 57)
@pytest.mark.parametrize(
    ("begins", "ends", "wall", "fault"),
    [
        (-2 * DAY, -DAY, None, LineFault.TLS),
        (DAY, 2 * DAY, None, LineFault.TLS),
        (-2 * DAY, -DAY, WRONG["ten years ahead"], LineFault.CLOCK),
        (DAY, 2 * DAY, WRONG["1970"], LineFault.CLOCK),
    ],
    ids=["expired", "not yet valid", "clock ahead", "clock behind"],
)
def test_whose_fault_a_certificate_is(
    true_county: County,
    make: Callable[..., LineTerminal],
    tmp_path: Path,
    begins: timedelta,
    ends: timedelta,
    wall: datetime | None,
    fault: LineFault,
) -> None:
    """The queue is kept either way, and goes out when the certificate or the clock is mended."""
    authority = Authority(tmp_path / "authority")
    good, bad = authority.certificate(), authority.certificate(begins=begins, ends=ends, name="bad")
    front = TlsFront(server_context(good), true_county.port)
    terminal = make(url=f"https://127.0.0.1:{front.port}", ca_file=authority.file)
    try:
        terminal.start()
        until(lambda: terminal.journal.settings.get(SettingKey.PLATFORM_TIME) is not None, 20)
        terminal.stop()
        if wall is not None:
            clock_of(terminal).set_wall(wall)
        front._context = server_context(bad)
        agent = terminal.start()
        for _ in range(5):
            terminal.record()
        until(lambda: agent.line.status().fault is fault, 20, agent.line.status)
        assert terminal.journal.outbox.summary().pending == 5
        front._context = server_context(good)
        terminal.until_drained(20)
        terminal.check()
        assert bodies_kept(terminal)
    finally:
        terminal.stop()
        front.close()
