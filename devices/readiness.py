"""The self-test: every attached device is looked at on its own thread, and what it answers is put together."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from devices.device_thread import DeviceThread
from kiosk.clock import Clock
from kiosk.domain.device_status import DeviceCapabilities
from kiosk.domain.readiness import DeviceReadiness, ReadinessReport

WITHIN_S = 8.0
"""A printer that is just recovering may take this long; whoever has not answered by then is called so."""


def examine(threads: Iterable[DeviceThread[Any]], clock: Clock) -> ReadinessReport:
    """Look at every device at once and wait for their answers, at most `WITHIN_S`."""
    threads = list(threads)
    answers: dict[str, DeviceReadiness] = {}
    lock, answered = threading.Lock(), threading.Event()

    def take(answer: DeviceReadiness) -> None:
        with lock:
            answers[answer.device] = answer
            if len(answers) == len(threads):
                answered.set()

    for thread in threads:
        thread.examine(take)
    if threads:
        clock.wait(answered, WITHIN_S)
    with lock:
        devices = tuple(answers.get(thread.device) or _unanswered(thread) for thread in threads)
    return ReadinessReport(at=clock.now(), devices=devices)


def _unanswered(thread: DeviceThread[Any]) -> DeviceReadiness:
    return DeviceReadiness(
        device=thread.device,
        status=thread.status,
        capabilities=DeviceCapabilities(),
        seconds=WITHIN_S,
        answered=False,
    )
