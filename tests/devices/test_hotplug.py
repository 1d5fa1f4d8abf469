"""Plugs are noticed at once through udev, and within two seconds without it."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from devices.id_card.simulator import IdCardReaderSimulator
from devices.transport.hotplug import HotplugWatch
from devices.transport.tcp_far_end import TcpFarEnd


def _beside(name: str) -> ModuleType:
    """A module in this folder; tests are imported without packages."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault(name, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


stage_hands: Any = _beside("stage_hands")


@pytest.fixture
def sam() -> Iterator[IdCardReaderSimulator]:
    stage_hands.require_stage()
    with IdCardReaderSimulator(TcpFarEnd()) as simulator:
        simulator.start()
        yield simulator


def _recoveries(sam: IdCardReaderSimulator, how: str, address: str, kind: str) -> list[tuple[float, float]]:
    """Seconds until the pulled plug was noticed, and from its return until the reader is online again."""
    import time

    measured = []
    with stage_hands.staged(kind, sam._port) as stage:
        seat = stage.seat(address)
        seat.tell(how)
        seat.until_state("online")
        for _ in range(2):
            pulled_at = time.monotonic()
            sam.unplug()
            noticed_at = seat.until_state("no_device")
            # Long enough for the retries to have slowed down.
            threading.Event().wait(1.0)
            plugged_at = time.monotonic()
            sam.plug()
            measured.append((noticed_at - pulled_at, seat.until_state("online") - plugged_at))
    return measured


@pytest.mark.parametrize(("kind", "address"), [("sam", "usb:0400:C35A"), ("hid", "hid:2b8b:2721")])
def test_udev_tells_of_every_plug(sam: IdCardReaderSimulator, kind: str, address: str) -> None:
    for noticed_s, recovered_s in _recoveries(sam, "serve", address, kind):
        assert noticed_s < 1.0
        assert recovered_s < 1.0


def test_a_loose_plug_is_looked_at_all_the_same(sam: IdCardReaderSimulator) -> None:
    """Events that never pause must not keep everybody from looking."""
    with stage_hands.staged("hid", sam._port) as stage:
        seat = stage.seat("hid:2b8b:2721")
        seat.tell("serve")
        seat.until_state("online")
        ended = threading.Event()

        def shake() -> None:
            while not ended.wait(0.03):
                sam.unplug()
                ended.wait(0.03)
                sam.plug()

        shaking = threading.Thread(target=shake)
        shaking.start()
        looks: list[float] = []
        while len(looks) < 4:
            answer = seat.answer()
            looks += [answer["at"]] if "moved" in answer else []
        ended.set()
        shaking.join()
        assert max(later - earlier for earlier, later in pairwise(looks)) < 1.0
        sam.plug()
        seat.until_state("online")


@pytest.mark.slow
def test_without_udev_a_plug_is_found_within_two_seconds(sam: IdCardReaderSimulator) -> None:
    for noticed_s, recovered_s in _recoveries(sam, "serve-deaf", "hid:2b8b:2721", "hid"):
        assert noticed_s < 2.0
        assert recovered_s < 2.0


def test_a_machine_without_udev_loses_nothing_but_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyudev", None)
    watch = HotplugWatch(lambda: None)
    watch.start()
    watch.close()
    watch.close()


def test_a_watch_that_never_listened_closes() -> None:
    HotplugWatch(lambda: None).close()
