"""The binding to libpcsclite: sizes, codes, and a service that dies, hangs and comes back."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.transport.card_slot import CardSlot, SlotFault, SlotLost
from devices.transport.pcsc_library import Context, IoRequest, ReaderState, fault_of, load_library
from devices.transport.slot_address import slot_called
from kiosk.clock import SystemClock
from tests.devices.pcsc_world import MOSTLY_SIMULATED, PcscWorld, SimulatedWorld, SlotWorld

Eventually = Callable[..., None]


def _in(seconds: float) -> float:
    return SystemClock().monotonic() + seconds


def _place(world: SlotWorld, slot: CardSlot, never: threading.Event) -> None:
    empty = slot.state(_in(1.0))
    world.hand("place_card")
    assert slot.wait(empty, _in(2.0), never).present


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def slot(slot_world: SlotWorld) -> Iterator[CardSlot]:
    opened = slot_called(slot_world.reader)
    opened.open(_in(1.0))
    yield opened
    opened.close()


@pytest.fixture
def on_pcsc(pcsc: PcscWorld) -> Iterator[CardSlot]:
    opened = slot_called(pcsc.reader)
    opened.open(_in(1.0))
    yield opened
    opened.close()


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="a 64-bit machine's layout")
def test_structures_are_laid_out_as_winscard_h_has_them() -> None:
    # On amd64 and arm64: DWORD and pointers have 8 bytes, the ATR 33, and nothing is packed.
    assert ctypes.sizeof(ReaderState) == 80
    assert ReaderState.atr.offset == 40
    assert ctypes.sizeof(IoRequest) == 16


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (0x8010001D, SlotFault.NO_SERVICE),
        (0x80100013, SlotFault.NO_SERVICE),
        (0x80100009, SlotFault.NO_READER),
        (0x8010002E, SlotFault.NO_READER),
        (0x8010000B, SlotFault.IN_USE),
        (0x80100069, SlotFault.NO_CARD),
        (0x80100066, SlotFault.MUTE),
        (0x80100016, SlotFault.FAILED),
        (0x8010006A, SlotFault.REFUSED),
        (0xDEADBEEF, SlotFault.FAILED),
    ],
)
def test_return_codes(code: int, fault: SlotFault) -> None:
    assert fault_of(code) is fault


def test_no_library_is_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_name: str) -> ctypes.CDLL:
        raise OSError("libpcsclite.so.1: cannot open shared object file")

    load_library.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", absent)
    with pytest.raises(SlotLost) as lost:
        slot_called("").open(_in(1.0))
    monkeypatch.undo()
    load_library.cache_clear()
    assert lost.value.fault is SlotFault.NO_SERVICE


def test_reader_is_chosen_by_the_beginning_of_its_name(pcsc: PcscWorld) -> None:
    for wanted, found in (("", "Virtual PCD 00 00"), ("Virtual PCD 00 01", "Virtual PCD 00 01")):
        slot = slot_called(wanted)
        slot.open(_in(1.0))
        assert slot.name == found
        slot.close()
        assert slot.name == ""
    with pytest.raises(SlotLost) as lost:
        slot_called("ACME 中文").open(_in(1.0))
    assert lost.value.fault is SlotFault.NO_READER


@MOSTLY_SIMULATED
def test_wait_ends_with_the_card_the_deadline_or_the_session(
    slot: CardSlot, slot_world: SlotWorld, never: threading.Event
) -> None:
    empty = slot.state(_in(1.0))
    assert not empty.present
    started = time.monotonic()
    assert not slot.wait(empty, _in(0.3), never).present
    assert 0.25 < time.monotonic() - started < 0.8
    slot_world.hand("place_card")
    placed = slot.wait(empty, _in(2.0), never)
    assert placed.present
    assert placed.placing != empty.placing
    canceled = threading.Event()
    timer = threading.Timer(0.1, canceled.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(SlotLost) as lost:
        slot.wait(slot.state(_in(1.0)), _in(5.0), canceled)
    assert lost.value.fault is SlotFault.CANCELED
    assert time.monotonic() - started < 0.6
    timer.join()


def test_card_is_held_by_one_at_a_time(slot: CardSlot, slot_world: SlotWorld, never: threading.Event) -> None:
    """Two drivers of one process on one reader: the second waits for its turn."""
    _place(slot_world, slot, never)
    other = slot_called(slot_world.reader)
    other.open(_in(1.0))
    with slot.hold(_in(2.0), never) as card:
        assert card.transmit(bytes.fromhex("FFCA000000")) == b"\x6a\x81"
        started = time.monotonic()
        with pytest.raises(SlotLost) as lost:
            other.hold(_in(0.3), never)
        assert lost.value.fault in (SlotFault.IN_USE, SlotFault.TIMED_OUT)
        assert time.monotonic() - started < 1.0
    other.close()
    other.open(_in(1.0))
    with other.hold(_in(1.0), never) as card:
        assert card.transmit(bytes.fromhex("FFCA000000")) == b"\x6a\x81"
    other.close()


def test_nothing_is_left_open_by_a_service_that_comes_and_goes(pcsc: PcscWorld) -> None:
    slot = slot_called(pcsc.reader)
    slot.open(_in(1.0))
    slot.close()
    before = _descriptors()
    for _ in range(3):
        slot.open(_in(1.0))
        pcsc.stop_service()
        with pytest.raises(SlotLost) as lost:
            slot.state(_in(1.0))
        assert lost.value.fault in (SlotFault.NO_SERVICE, SlotFault.REFUSED)
        assert _descriptors() == before
        with pytest.raises(SlotLost):
            slot.open(_in(1.0))
        pcsc.start_service()
    for _ in range(20):
        slot.open(_in(1.0))
    slot.close()
    assert _descriptors() == before


def test_service_killed_while_waiting(on_pcsc: CardSlot, pcsc: PcscWorld, never: threading.Event) -> None:
    killer = threading.Timer(0.2, pcsc.stop_service)
    killer.start()
    started = time.monotonic()
    with pytest.raises(SlotLost) as lost:
        on_pcsc.wait(on_pcsc.state(_in(1.0)), _in(5.0), never)
    # The library takes a line that ends under an answer for a service that does not want this client.
    assert lost.value.fault in (SlotFault.NO_SERVICE, SlotFault.REFUSED)
    assert time.monotonic() - started < 1.0
    killer.join()


def test_service_that_hangs_is_left_at_the_deadline(on_pcsc: CardSlot, pcsc: PcscWorld) -> None:
    before = _descriptors()
    pcsc.freeze_service()
    for call in (lambda: on_pcsc.state(_in(0.4)), lambda: on_pcsc.open(_in(0.4))):
        started = time.monotonic()
        with pytest.raises(SlotLost) as lost:
            call()
        assert lost.value.fault in (SlotFault.TIMED_OUT, SlotFault.NO_SERVICE)
        assert time.monotonic() - started < 1.4
    assert _descriptors() <= before
    pcsc.thaw_service()
    on_pcsc.open(_in(1.0))


def test_answer_longer_than_any_response(on_pcsc: CardSlot, pcsc: PcscWorld, never: threading.Event) -> None:
    _place(pcsc, on_pcsc, never)
    pcsc.hand("fault", do="garbage", bytes_hex="41" * 4000)
    with on_pcsc.hold(_in(2.0), never) as card, pytest.raises(SlotLost) as lost:
        card.transmit(bytes.fromhex("FFCA000000"))
    assert lost.value.fault in (SlotFault.FAILED, SlotFault.NO_CARD)


def test_two_contexts_know_their_own_lines(pcsc: PcscWorld) -> None:
    """Hanging up on one must not touch the other: each found its own socket among the process's."""
    first, second = Context(1.0), Context(1.0)
    assert first._inode != second._inode
    assert {first._inode, second._inode} <= Context._known
    first._hang_up()
    with pytest.raises(SlotLost):
        first.call("SCardListReaders", first.handle, None, None, None, limit_s=1.0)
    length = ctypes.c_ulong(0)
    assert second.call("SCardListReaders", second.handle, None, None, ctypes.byref(length), limit_s=1.0)
    first.close()
    second.close()
    assert not Context._known


def test_simulated_slot_with_strange_neighbours(tmp_path: Path, never: threading.Event) -> None:
    """Not a socket, a folder, a name too long for one: no reader, and no exception."""
    plain = tmp_path / "plain"
    plain.touch()
    for path in (plain, tmp_path, tmp_path / "absent", Path("x" * 300), Path("")):
        with pytest.raises(SlotLost) as lost:
            slot_called(f"sim:{path}").open(_in(0.5))
        assert lost.value.fault is SlotFault.NO_READER


def test_simulator_unplugged_while_a_card_is_held(
    simulated_slot: SimulatedWorld, never: threading.Event
) -> None:
    slot = slot_called(simulated_slot.reader)
    slot.open(_in(1.0))
    simulated_slot.hand("place_card")
    with slot.hold(_in(2.0), never) as card:
        simulated_slot.hand("unplug")
        with pytest.raises(SlotLost) as lost:
            card.transmit(bytes.fromhex("FFCA000000"))
        assert lost.value.fault is SlotFault.FAILED
    with pytest.raises(SlotLost) as lost:
        slot.state(_in(0.5))
    assert lost.value.fault is SlotFault.NO_READER


def test_the_private_service_is_the_one_spoken_to(pcsc: PcscWorld) -> None:
    assert os.environ["PCSCLITE_CSOCK_NAME"].startswith(str(pcsc.folder))
