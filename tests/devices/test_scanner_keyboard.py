"""A scanner that types: keys as characters, and the event node that nobody else may hear.

The node itself is emulated by umockdev, whose library answers the ioctls of a keyboard and gives the
events over a pty; what the kernel says when a grab is refused or a plug pulled is played by a pipe and a
stand-in for ioctl, because no kernel here makes input devices.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.scanner import key_codes as keys
from devices.scanner.evdev_node import EVIOCGBIT_KEY, EVIOCGKEY, EVIOCGLED, EVIOCGRAB, EvdevNode
from devices.scanner.keyboard import EVENT, Dropped, KeyReader, Spoilt, Typed
from devices.scanner.keyboard_driver import KeyboardScanner
from devices.scanner.keyboard_simulator import (
    DROPPED,
    REPORT,
    InputEvent,
    alt_code,
    as_bytes,
    as_evemu,
    chord,
    typed,
)
from kiosk.clock import SystemClock
from kiosk.device_settings import Suffix
from kiosk.domain.device_status import DeviceDetail, DeviceState
from kiosk.ports import NotScanned, Scan, ScanFault

ASCII = "".join(chr(number) for number in range(32, 127))
LINK = "https://example.cn/r/410722360815?A=b&C=~D"
NEVER = threading.Event()


def read(events: list[InputEvent], caps_lock: bool = False) -> list[object]:
    reader = KeyReader()
    reader.keys_are(frozenset(), caps_lock)
    return list(reader.feed(as_bytes(events)))


def test_every_printable_character_is_typed_and_read() -> None:
    assert read(typed(ASCII)) == [Typed(ASCII.encode() + b"\r")]


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    st.booleans(),
    st.integers(1, 60),
)
@settings(max_examples=100, deadline=None)
def test_what_is_typed_is_read_in_pieces_and_with_caps_lock(
    text: str, caps_lock: bool, piece_bytes: int
) -> None:
    reader, data = KeyReader(), as_bytes(typed(text, caps_lock=caps_lock))
    reader.keys_are(frozenset(), caps_lock)
    found = b""
    for start in range(0, len(data), piece_bytes):
        for stroke in reader.feed(data[start : start + piece_bytes]):
            assert isinstance(stroke, Typed)
            found += stroke.data
    assert found == text.encode() + b"\r"


@given(st.binary(max_size=4000))
@settings(max_examples=100, deadline=None)
def test_no_bytes_make_the_key_reader_raise(data: bytes) -> None:
    for stroke in KeyReader().feed(data):
        assert not isinstance(stroke, Typed) or all(byte < 128 for byte in stroke.data)


def test_a_shift_that_was_down_before_the_node_was_opened() -> None:
    reader = KeyReader()
    reader.keys_are(frozenset({42, 30}), False)
    assert reader.feed(as_bytes(chord(30))) == [Typed(b"A")]


def test_a_held_key_types_once() -> None:
    events = [InputEvent(1, 30, 1), REPORT, *[InputEvent(1, 30, 2), REPORT] * 9, InputEvent(1, 30, 0), REPORT]
    assert read(events) == [Typed(b"a")]


def test_tab_and_the_keypads_enter_end_a_code_too() -> None:
    assert read(typed("a", keys.TAB) + typed("b", keys.KEYPAD_ENTER)) == [Typed(b"a\rb\r")]


def test_the_keypad_types_digits() -> None:
    assert read([event for code in keys.KEYPAD_DIGITS for event in chord(code)]) == [Typed(b"7894561230")]


def test_alt_and_a_number_below_128_is_that_character() -> None:
    assert read(alt_code(65) + alt_code(29) + alt_code(13)) == [Typed(b"A\x1d\r")]


@pytest.mark.parametrize("text", ["证", "é", "€"])
def test_what_no_us_keyboard_types_spoils_the_code(text: str) -> None:
    assert read(typed(text, None)) == [Spoilt()]


@pytest.mark.fault(97)
@pytest.mark.parametrize("key", [59, 111, 86, 103])
def test_a_key_without_a_character_spoils_the_code(key: int) -> None:
    assert read(chord(key)) == [Spoilt()]


def test_what_was_read_with_an_overrun_counts_for_nothing() -> None:
    reader, lost = KeyReader(), [InputEvent(1, 30, 1), REPORT]
    assert reader.feed(as_bytes([*chord(48), DROPPED, *lost, *chord(46)])) == [Typed(b"b"), Dropped()]
    assert reader.feed(as_bytes(chord(46))) == [Typed(b"c")]


# -- the driver, over a pipe ------------------------------------------------------------------------------


@dataclass
class Kernel:
    """What the kernel answers to the ioctls of a keyboard."""

    held: set[int] = field(default_factory=set)
    caps_lock: bool = False
    types: set[int] = field(default_factory=lambda: set(range(1, 120)))
    refuse_grab: int = 0
    gone: bool = False
    grabs: list[int] = field(default_factory=list)

    def control(self, _descriptor: int, request: int, argument: int | bytearray) -> int:
        if self.gone:
            raise OSError(errno.ENODEV, "unplugged")
        if request == EVIOCGRAB:
            assert isinstance(argument, int)
            if argument and self.refuse_grab:
                raise OSError(self.refuse_grab, "no")
            self.grabs.append(argument)
            return 0
        assert isinstance(argument, bytearray)
        bits = {
            EVIOCGBIT_KEY: self.types,
            EVIOCGKEY: self.held,
            EVIOCGLED: {keys.LED_CAPS_LOCK} if self.caps_lock else set(),
        }[request]
        for bit in bits:
            argument[bit // 8] |= 1 << bit % 8
        return len(argument)


class Bench:
    """A keyboard made of a pipe."""

    def __init__(self, node: Path) -> None:
        os.mkfifo(node)
        self.kernel = Kernel()
        clock = SystemClock()
        self.driver = KeyboardScanner(
            EvdevNode(str(node), clock, self.kernel.control), Suffix.CRLF, clock=clock
        )
        self._pipe = os.open(node, os.O_RDWR | os.O_NONBLOCK)

    def press(self, events: list[InputEvent]) -> None:
        data = as_bytes(events)
        while data:
            data = data[os.write(self._pipe, data[: EVENT.size * 40]) :]

    def unplug(self) -> None:
        self.kernel.gone = True
        self.close()

    def close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def next(self, timeout_s: float = 0.3) -> Scan | NotScanned | None:
        return self.driver.next_scan(timeout_s, NEVER)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "event7")
    yield made
    made.driver.close()
    made.close()


@pytest.mark.fault(97)
def test_a_typed_code_is_a_scan_and_the_keyboard_is_ours_alone(bench: Bench) -> None:
    assert bench.driver.open().state is DeviceState.ONLINE
    assert bench.kernel.grabs == [1]
    bench.press(typed(LINK))
    assert bench.next() == Scan(text=LINK)
    bench.driver.close()
    assert bench.kernel.grabs == [1, 0]


def test_a_keyboard_that_another_program_has_grabbed_is_not_online(bench: Bench) -> None:
    bench.kernel.refuse_grab = errno.EBUSY
    status = bench.driver.open()
    assert (status.state, status.detail) == (DeviceState.OFFLINE, DeviceDetail.PORT_IN_USE)
    assert bench.next(0.05) is None


@pytest.mark.parametrize("fault", [errno.EACCES, errno.EPERM])
def test_a_grab_that_is_refused_leaves_nothing_open(bench: Bench, fault: int) -> None:
    bench.kernel.refuse_grab = fault
    assert bench.driver.open().state is DeviceState.OFFLINE
    bench.press(typed(LINK))
    assert bench.next(0.05) is None


def test_a_mouse_is_the_wrong_device(bench: Bench) -> None:
    bench.kernel.types = {272, 273, 274}
    assert bench.driver.open().detail is DeviceDetail.WRONG_DEVICE


def test_a_file_that_is_no_event_node_is_the_wrong_device(tmp_path: Path) -> None:
    node = tmp_path / "file"
    node.write_bytes(b"")
    assert KeyboardScanner(EvdevNode(str(node), SystemClock())).open().detail is DeviceDetail.WRONG_DEVICE


def test_no_node_is_no_device(tmp_path: Path) -> None:
    assert (
        KeyboardScanner(EvdevNode(str(tmp_path / "none"), SystemClock())).open().state
        is DeviceState.NO_DEVICE
    )


def test_a_pulled_plug_is_no_device(bench: Bench) -> None:
    bench.driver.open()
    bench.press(typed("half", None))
    bench.unplug()
    assert bench.next() is None
    assert bench.driver.status().state is DeviceState.NO_DEVICE


def test_what_was_typed_before_the_session_is_forgotten_and_the_shift_is_followed(bench: Bench) -> None:
    bench.driver.open()
    bench.press([*typed("before"), InputEvent(1, 42, 1), REPORT, *chord(30)])
    bench.driver.forget()
    bench.press([*chord(48), InputEvent(1, 42, 0), REPORT, *typed("after")])
    assert bench.next() == Scan(text="Bafter")
    assert bench.next(0.15) is None


def test_a_code_with_chinese_in_it_is_refused_and_the_next_one_is_read(bench: Bench) -> None:
    bench.driver.open()
    bench.press(typed("社保卡号A123") + typed("next"))
    assert bench.next() == NotScanned(fault=ScanFault.UNDECODABLE)
    assert bench.next() == Scan(text="next")


def test_an_overrun_spoils_the_code_and_asks_for_the_keys_again(bench: Bench) -> None:
    bench.driver.open()
    bench.kernel.held = {42}
    bench.press([*typed("lost", None), DROPPED, InputEvent(1, 30, 1), REPORT, *typed("lost too", None)])
    assert bench.next(0.1) is None
    bench.press([*chord(keys.ENTER), *chord(30)])
    assert bench.next() == NotScanned(fault=ScanFault.UNDECODABLE)
    bench.press([InputEvent(1, 42, 0), REPORT, *typed("b")])
    assert bench.next() == Scan(text="Ab")


def test_a_code_without_an_end_ends_in_silence(tmp_path: Path) -> None:
    made = Bench(tmp_path / "event8")
    made.driver = KeyboardScanner(
        EvdevNode(str(tmp_path / "event8"), SystemClock(), made.kernel.control), Suffix.NONE
    )
    made.driver.open()
    made.press(typed(LINK, None))
    assert made.next(1.0) == Scan(text=LINK)
    made.driver.close()
    made.close()


def test_waiting_ends_at_once_when_cancelled(bench: Bench) -> None:
    bench.driver.open()
    cancel = threading.Event()
    cancel.set()
    assert bench.driver.next_scan(5.0, cancel) is None


# -- an emulated event node -------------------------------------------------------------------------------

_NODE = """\
P: /devices/pci0000:00/usb1/1-2/input/input7/event7
N: input/event7
E: DEVNAME=/dev/input/event7
E: ID_INPUT=1
E: ID_INPUT_KEYBOARD=1
E: MAJOR=13
E: MINOR=71
E: SUBSYSTEM=input
A: dev=13:71
"""
_LISTEN = """
import sys, threading
from devices.scanner.evdev_node import EvdevNode
from devices.scanner.keyboard_driver import KeyboardScanner
from kiosk.clock import SystemClock
from kiosk.device_settings import Suffix
driver = KeyboardScanner(EvdevNode("/dev/input/event7", SystemClock()), Suffix.CR)
print(driver.open().state)
for _ in range(2):
    print(repr(driver.next_scan(5.0, threading.Event())))
driver.close()
"""


@pytest.mark.skipif(shutil.which("umockdev-run") is None, reason="needs umockdev")
def test_an_emulated_event_node_is_grabbed_and_read(tmp_path: Path) -> None:
    (tmp_path / "node").write_text(_NODE)
    (tmp_path / "events").write_text(as_evemu([*typed(LINK, caps_lock=True), *typed("号")], after_s=1.0))
    bits = bytearray(96)
    for key in (*range(1, 84), 96, 97, 100):
        bits[key // 8] |= 1 << key % 8
    lights = bytes((1 << keys.LED_CAPS_LOCK, *bytes(7)))
    (tmp_path / "ioctls").write_text(
        "@DEV /dev/input/event7\n"
        f"EVIOCGBIT(1) 96 {bits.hex().upper()}\nEVIOCGKEY 96 {bytes(96).hex()}\nEVIOCGLED 8 {lights.hex()}\n"
    )
    node = "/dev/input/event7"
    command = [
        "umockdev-run",
        "--device",
        "node",
        "--ioctl",
        f"{node}=ioctls",
        "--evemu-events",
        f"{node}=events",
    ]
    done = subprocess.run(
        [*command, "--", sys.executable, "-c", _LISTEN],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "online",
        repr(Scan(text=LINK)),
        repr(NotScanned(fault=ScanFault.UNDECODABLE)),
    ], done.stderr
