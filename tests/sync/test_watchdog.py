"""The machine slept: no thread is taken for lost because its wait slept too, and one that hangs is found all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from kiosk.clock import ManualClock
from sync import watchdog
from sync.journal_thread import Pulse

EVERY_S = 5.0


class SleepyClock(ManualClock):
    """A machine that sleeps during some of its waits: the time goes on, the wait does not."""

    def __init__(self, asleep_s: dict[int, float], ends_after: int) -> None:
        super().__init__()
        self.asleep_s, self.ends_after, self.waits = asleep_s, ends_after, 0

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.waits += 1
        self.advance(timeout_s + self.asleep_s.get(self.waits, 0.0))
        return self.waits > self.ends_after


class Threads:
    """One that is heard of every minute; woken, it moves at once, unless it hangs."""

    def __init__(self, clock: ManualClock, hangs: bool) -> None:
        self.pulse, self.hangs, self.woken_times = Pulse(clock), hangs, 0
        self.pulse.beat(within_s=65.0)

    @property
    def healthy(self) -> bool:
        if not self.hangs and not self.pulse.lost:
            self.pulse.beat(within_s=65.0)
        return not self.pulse.lost

    def woken(self) -> None:
        self.woken_times += 1


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[int], Threads]]:
    def run(asleep_s: dict[int, float], hangs: bool = False, moves_at: int = 0) -> tuple[list[int], Threads]:
        clock = SleepyClock(asleep_s, ends_after=40)
        threads, at = Threads(clock, hangs), []

        def alive() -> None:
            at.append(clock.waits)
            if clock.waits == moves_at:
                threads.pulse.beat(within_s=65.0)

        monkeypatch.setattr("kiosk.notify.alive", alive)
        watchdog.feed(threads, clock, threading.Event(), EVERY_S)
        return at, threads

    return run


@pytest.mark.fault(32)
def test_a_night_asleep_ends_no_process(fed: Callable[..., tuple[list[int], Threads]]) -> None:
    """The thread moves again ten waits after the machine woke: what it asked before ran into its deadline."""
    at, threads = fed({7: 8 * 3600.0}, moves_at=17)
    assert at == list(range(1, 41))
    assert threads.woken_times == 1


@pytest.mark.fault(32)
def test_a_thread_that_never_woke_is_left_to_the_watchdog(
    fed: Callable[..., tuple[list[int], Threads]],
) -> None:
    at, _ = fed({7: 8 * 3600.0}, hangs=True)
    assert at == list(range(1, 7 + 24))  # two minutes of patience, five seconds each


def test_a_thread_that_hangs_without_a_sleep_is_found(fed: Callable[..., tuple[list[int], Threads]]) -> None:
    at, threads = fed({}, hangs=True)
    assert at == list(range(1, 14))
    assert threads.woken_times == 0
