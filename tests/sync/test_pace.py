"""Bytes, tries and reconnections keep to their pace."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kiosk.clock import ManualClock, SystemClock
from kiosk.config import PlatformSettings
from sync.backoff import Backoff, reconnect_delay_s
from sync.pace import Pace, PacedBody
from sync.platform_client import PlatformClient
from sync.platform_clock import PlatformClock


def test_a_batch_takes_no_more_of_the_line_than_was_set() -> None:
    clock = ManualClock()
    pace = Pace(10_000, clock)
    body = PacedBody(bytes(160_000), pace, threading.Event())
    started = clock.monotonic()
    while body.read(16_384):
        pass
    assert 14.0 < clock.monotonic() - started < 16.5


def test_two_senders_share_one_pace() -> None:
    clock = ManualClock()
    pace = Pace(10_000, clock)
    bodies = [PacedBody(bytes(50_000), pace, threading.Event()) for _ in range(2)]
    started = clock.monotonic()
    pieces = [b"first"]
    while any(pieces):
        pieces = [body.read(10_000) for body in bodies]
    assert 8.0 < clock.monotonic() - started < 10.5


def test_what_is_small_goes_at_once() -> None:
    clock = ManualClock()
    pace = Pace(1_000, clock)
    started = clock.monotonic()
    PacedBody(bytes(50_000), pace, threading.Event()).read(16_384)
    PacedBody(bytes(2_000), pace, threading.Event()).read()
    assert clock.monotonic() - started < 0.5


def test_a_cut_ends_the_wait() -> None:
    pace, cut = Pace(1_000, SystemClock()), threading.Event()
    body = PacedBody(bytes(50_000), pace, cut)
    body.read(16_384)
    threading.Timer(0.2, cut.set).start()
    started = time.monotonic()
    body.read(16_384)
    assert time.monotonic() - started < 1.0


def test_over_the_real_line(line: Any, terminal: Any) -> None:
    terminal.record(600)
    settings = PlatformSettings(url=f"http://127.0.0.1:{line.port}", bandwidth_bytes_s=20_000)
    client = PlatformClient(settings, terminal.key, SystemClock())
    client.become(terminal.journal.settings.enrolment())
    leased = [item.entry for item in terminal.journal.outbox.lease(600, 10**6, 60.0)]
    before, started = line.state()["bytes_up"], time.monotonic()
    client.send_entries(leased, 600)
    took_s, sent = time.monotonic() - started, line.state()["bytes_up"] - before
    assert sent > 25_000
    assert sent / took_s < 20_000 * 1.6  # the first quarter of a second is a burst
    client.close()


@pytest.mark.fault(67)
def test_a_fleet_that_comes_back_is_spread_over_a_time_that_grows_with_the_outage() -> None:
    draw = random.Random(3)
    assert {reconnect_delay_s(5.0, 300.0, draw) for _ in range(100)} == {0.0}
    for outage_s, widest_s in ((600.0, 60.0), (3600.0, 300.0), (7 * 86400.0, 300.0)):
        delays = [reconnect_delay_s(outage_s, 300.0, draw) for _ in range(10_000)]
        assert max(delays) <= widest_s
        busiest = max(sum(1 for one in delays if start <= one < start + 1) for start in range(int(widest_s)))
        assert busiest < 10_000 / widest_s * 1.6


@pytest.mark.fault(67)
def test_ten_thousand_tries_against_a_platform_that_is_away_for_five_minutes() -> None:
    draw = random.Random(5)
    knocks: list[float] = []
    for _ in range(10_000):
        backoff, at_s = Backoff(300.0, draw), 0.0
        while at_s < 300.0:
            at_s += backoff.next_s()
        knocks.append(at_s)
    busiest = max(sum(1 for one in knocks if start <= one < start + 1) for start in range(300, 600))
    assert busiest < 250  # 10,000 in one second would be a herd


@pytest.mark.fault(34, 35, 36)
def test_the_platforms_clock_does_not_follow_ours() -> None:
    clock = ManualClock(datetime(1970, 1, 1, tzinfo=UTC))
    platform_clock = PlatformClock(clock)
    before = platform_clock.now(), platform_clock.wall_clock_looks_wrong, platform_clock.wall_clock_trusted
    assert before == (None, True, False)
    platform_clock.heard(datetime(2026, 12, 1, tzinfo=UTC), clock.monotonic())
    clock._now += timedelta(days=30 * 365)  # somebody sets it, and wrongly
    clock.advance(3600)
    assert platform_clock.now() == datetime(2026, 12, 1, 1, tzinfo=UTC)
    offset_s = platform_clock.offset_s
    assert offset_s is not None
    assert offset_s > 0 or offset_s < -300 * 86400
    assert not platform_clock.wall_clock_trusted


def test_a_slow_answer_says_less_of_the_time() -> None:
    clock = ManualClock()
    platform_clock = PlatformClock(clock)
    asked = clock.monotonic()
    clock.advance(2.0)
    platform_clock.heard(clock.now() - timedelta(seconds=1), asked)
    assert platform_clock.offset_s == pytest.approx(0.0, abs=0.01)
    asked = clock.monotonic()
    clock.advance(60.0)
    platform_clock.heard(clock.now() - timedelta(seconds=50), asked)  # written anywhere in that minute
    assert platform_clock.offset_s == pytest.approx(0.0, abs=0.01)
    assert platform_clock.wall_clock_trusted


def test_what_an_earlier_run_heard_shows_a_clock_that_went_back() -> None:
    clock = ManualClock(datetime(2026, 12, 1, tzinfo=UTC))
    platform_clock = PlatformClock(clock)
    looks_wrong = [platform_clock.wall_clock_looks_wrong]
    platform_clock.remember(datetime(2027, 3, 1, tzinfo=UTC))
    looks_wrong.append(platform_clock.wall_clock_looks_wrong)
    assert looks_wrong == [False, True]
    assert platform_clock.now() is None  # it says what time it was, not what time it is
