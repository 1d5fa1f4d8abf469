"""The machine slept: the time in which it did counts."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from kiosk.clock import SystemClock

SLEPT_S = 8 * 3600
_LOOK = (
    "import time; from kiosk.clock import SystemClock; print(SystemClock().monotonic() - time.monotonic())"
)


@pytest.mark.fault(32)
def test_seconds_asleep_are_counted() -> None:
    """In a time namespace (time_namespaces(7)) whose boot clock is ahead of the other, as after a sleep."""
    namespace = ("unshare", "--time", "--boottime", str(SLEPT_S), "--fork")
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("may not make a time namespace here")
    looked = subprocess.run(
        [*namespace, sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True
    )
    assert float(looked.stdout) == pytest.approx(SLEPT_S, abs=1.0)


@pytest.mark.fault(32)
def test_the_boots_own_clock_is_asked_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def tell(which: int) -> float:
        asked.append(which)
        return 7.0

    monkeypatch.setattr(time, "clock_gettime", tell)
    assert SystemClock().monotonic() == 7.0
    assert asked == [time.CLOCK_BOOTTIME]
