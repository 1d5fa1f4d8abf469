"""Plugs are noticed at once through udev, and within two seconds without it."""

from __future__ import annotations

import sys
import threading
from itertools import pairwise

import pytest

from devices.id_card.simulator import IdCardReaderSimulator
from devices.transport.hotplug import HotplugWatch
from devices.transport.tcp_far_end import TcpFarEnd
from tests.devices import stage_hands


def _recoveries(
    usb_sam: IdCardReaderSimulator, far_end: TcpFarEnd, how: str, address: str, kind: str
) -> list[tuple[float, float]]:
    """Seconds until the pulled plug was noticed, and from its return until the reader is online again."""
    import time

    measured = []
    with stage_hands.staged(kind, far_end) as stage:
        seat = stage.seat(address)
        seat.tell(how)
        seat.until_state("online")
        for _ in range(2):
            pulled_at = time.monotonic()
            usb_sam.unplug()
            noticed_at = seat.until_state("no_device")
            # Long enough for the retries to have slowed down.
            threading.Event().wait(1.0)
            plugged_at = time.monotonic()
            usb_sam.plug()
            measured.append((noticed_at - pulled_at, seat.until_state("online") - plugged_at))
    return measured


@pytest.mark.parametrize(("kind", "address"), [("sam", "usb:0400:C35A"), ("hid", "hid:2b8b:2721")])
def test_udev_tells_of_every_plug(
    usb_sam: IdCardReaderSimulator, far_end: TcpFarEnd, kind: str, address: str
) -> None:
    for noticed_s, recovered_s in _recoveries(usb_sam, far_end, "serve", address, kind):
        assert noticed_s < 1.0
        assert recovered_s < 1.0


def test_a_loose_plug_is_looked_at_all_the_same(usb_sam: IdCardReaderSimulator, far_end: TcpFarEnd) -> None:
    """Events that never pause must not keep everybody from looking."""
    with stage_hands.staged("hid", far_end) as stage:
        seat = stage.seat("hid:2b8b:2721")
        seat.tell("serve")
        seat.until_state("online")
        ended = threading.Event()

        def shake() -> None:
            while not ended.wait(0.03):
                usb_sam.unplug()
                ended.wait(0.03)
                usb_sam.plug()

        shaking = threading.Thread(target=shake)
        shaking.start()
        looks: list[float] = []
        while len(looks) < 4:
            answer = seat.answer()
            looks += [answer["at"]] if "moved" in answer else []
        ended.set()
        shaking.join()
        assert max(later - earlier for earlier, later in pairwise(looks)) < 1.0
        usb_sam.plug()
        seat.until_state("online")


@pytest.mark.slow
def test_without_udev_a_plug_is_found_within_two_seconds(
    usb_sam: IdCardReaderSimulator, far_end: TcpFarEnd
) -> None:
    for noticed_s, recovered_s in _recoveries(usb_sam, far_end, "serve-deaf", "hid:2b8b:2721", "hid"):
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
