"""Every simulated device is pulled out and put back, again and again: it comes back, and nothing is left over.

Fifteen times in `make test`, a thousand times in `make soak`, through the real device thread.
"""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

import pytest

from devices import registry
from devices.conformance.mishaps import watched
from devices.conformance.run import all_stages, simulated_rig
from devices.contract import NotRun

BACK_WITHIN_S = 2.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


_STAGES = all_stages()
_NAMES = [stage for _, stage in _STAGES]


def _memory_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _files() -> int:
    return len(os.listdir("/proc/self/fd"))


def _replug(kind: registry.DeviceKind, stage: str, cycles: int) -> None:
    warm_up = min(10, cycles // 2)
    back: list[float] = []
    try:
        with simulated_rig(stage, kind) as rig:
            thread, until = watched(rig, kind.device)
            thread.start()
            try:
                until(True)
                threads = files = memory = 0
                for cycle in range(cycles):
                    if cycle == warm_up:
                        gc.collect()
                        threads, files, memory = threading.active_count(), _files(), _memory_bytes()
                    rig.hands.do("unplug")
                    thread.plug_moved()  # as udev would say; without it, it is noticed within a second and a half
                    until(False)
                    rig.hands.do("plug")
                    back.append(until(True))
                gc.collect()
                grown = _memory_bytes() - memory
                left = (threading.active_count() - threads, _files() - files)
            finally:
                thread.stop()
                assert thread.join(3.0)
    except NotRun as reason:
        pytest.skip(str(reason))
    assert max(back) <= BACK_WITHIN_S
    assert left[0] <= 0, f"{left[0]} threads left"
    assert left[1] <= 0, f"{left[1]} files left"
    # A leak of one status object a cycle would be some 200 kB in a thousand; allocators breathe by a few MiB.
    assert grown <= 8 * 1024 * 1024, f"grew by {grown} bytes"
    print(f"{stage}: {cycles} cycles, back after {max(back):.2f} s at most, {grown / 1024:.0f} KiB grown")


@pytest.mark.parametrize(("kind", "stage"), _STAGES, ids=_NAMES)
def test_fifteen_replugs(kind: registry.DeviceKind, stage: str) -> None:
    _replug(kind, stage, 15)


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "stage"), _STAGES, ids=_NAMES)
def test_a_thousand_replugs(kind: registry.DeviceKind, stage: str) -> None:
    _replug(kind, stage, 1000)
