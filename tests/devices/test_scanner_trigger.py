"""Scanners that are told when to look: each family's commands on a pty, and answers among the codes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.fault_script import Fault
from devices.scanner import ssi
from devices.scanner.driver import SerialScanner
from devices.scanner.simulator import BarcodeScannerSimulator
from devices.scanner.stream import ScannerStream, codes_in
from devices.scanner.trigger import ACK, ENQ, LANGUAGES, NAK, gm65_reply, newland_reply
from devices.transport.address import port_at
from kiosk.clock import SystemClock
from kiosk.device_settings import Suffix, Trigger
from kiosk.domain.device_status import DeviceDetail, DeviceState
from kiosk.ports import NotScanned, Scan, ScanFault

LINK = "https://example.cn/r/410722360815"
FAMILIES = [trigger for trigger in Trigger if trigger is not Trigger.NONE]
ANSWERING = [trigger for trigger in FAMILIES if LANGUAGES[trigger].start_is_answered]
NEVER = threading.Event()


@contextmanager
def looking_scanner(
    port: Path, trigger: Trigger, suffix: Suffix = Suffix.CRLF
) -> Iterator[tuple[BarcodeScannerSimulator, SerialScanner]]:
    with BarcodeScannerSimulator(port, suffix=suffix, trigger=trigger) as simulator:
        simulator.start()
        scanner = SerialScanner(port_at(str(port)), suffix=suffix, trigger=trigger)
        try:
            yield simulator, scanner
        finally:
            scanner.close()


class Hand:
    """Holds a code before the scanner as soon as it looks, while the test waits for it."""

    def __init__(self, simulator: BarcodeScannerSimulator, code: bytes, symbology: str = "qr") -> None:
        self._give_up = threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(simulator, code, symbology))
        self._thread.start()

    def _hold(self, simulator: BarcodeScannerSimulator, code: bytes, symbology: str) -> None:
        while not self._give_up.wait(0.01):
            if simulator.scan(code, symbology):
                return

    def withdraw(self) -> None:
        self._give_up.set()
        self._thread.join()


def shown(
    simulator: BarcodeScannerSimulator, scanner: SerialScanner, code: bytes
) -> Scan | NotScanned | None:
    hand = Hand(simulator, code)
    found = scanner.next_scan(2.0, NEVER)
    hand.withdraw()
    return found


@pytest.mark.parametrize(
    ("trigger", "start", "stop"),
    [
        (Trigger.NEWLAND, "7E01303030302353434E545247313B03", "7E01303030302353434E545247303B03"),
        (Trigger.HONEYWELL, "16540D", "16550D"),
        (Trigger.ZEBRA_SSI, "04E40400FF14", "04E50400FF13"),
        (Trigger.GM65, "7E00080100020102DA", "7E00080100020012FB"),
    ],
)
def test_commands_are_the_published_bytes(trigger: Trigger, start: str, stop: str) -> None:
    assert LANGUAGES[trigger].start == bytes.fromhex(start)
    assert LANGUAGES[trigger].stop == bytes.fromhex(stop)
    assert gm65_reply() == bytes.fromhex("02000001003331")
    assert ssi.packet(ssi.ACK, source=ssi.HOST) == bytes.fromhex("04D00400FF28")


@pytest.mark.parametrize("trigger", FAMILIES)
def test_it_looks_only_while_somebody_listens(port: Path, trigger: Trigger) -> None:
    with looking_scanner(port, trigger) as (simulator, scanner):
        assert scanner.open().state is DeviceState.ONLINE
        assert not simulator.state()["looking"]
        assert not simulator.scan(b"before anybody listens")
        assert shown(simulator, scanner, LINK.encode()) in (Scan(text=LINK), Scan(text=LINK, symbology="qr"))
        assert scanner.next_scan(0.1, NEVER) is None
        assert simulator.state()["looking"]
        scanner.forget()
        assert scanner.next_scan(0.05, ready()) is None


def ready() -> threading.Event:
    cancel = threading.Event()
    cancel.set()
    return cancel


@pytest.mark.parametrize("trigger", FAMILIES)
@pytest.mark.parametrize("ending", ["cancel", "close", "forget"])
def test_it_stops_looking_when_the_session_ends(
    port: Path, trigger: Trigger, ending: str, eventually: Callable[..., None]
) -> None:
    with looking_scanner(port, trigger) as (simulator, scanner):
        scanner.open()
        scanner.next_scan(0.05, NEVER)
        eventually(lambda: simulator.state()["looking"])
        match ending:
            case "cancel":
                assert scanner.next_scan(5.0, ready()) is None
            case "close":
                scanner.close()
            case "forget":
                scanner.forget()
        eventually(lambda: not simulator.state()["looking"])


@pytest.mark.parametrize("trigger", FAMILIES)
def test_a_second_code_is_looked_for_after_the_first(port: Path, trigger: Trigger) -> None:
    with looking_scanner(port, trigger) as (simulator, scanner):
        scanner.open()
        for code in (b"first", b"second", b"third"):
            found = shown(simulator, scanner, code)
            assert isinstance(found, Scan)
            assert found.text == code.decode()
        assert simulator.state()["starts"] == 3


@pytest.mark.parametrize("trigger", FAMILIES)
def test_a_scanner_that_never_answers_is_not_online(port: Path, trigger: Trigger) -> None:
    with looking_scanner(port, trigger) as (simulator, scanner):
        simulator.arm(Fault(do="mute"))
        started = time.monotonic()
        assert scanner.open().state is DeviceState.OFFLINE
        assert time.monotonic() - started < 2.0
        simulator.heal()
        assert scanner.open().state is DeviceState.ONLINE


@pytest.mark.parametrize("trigger", ANSWERING)
def test_one_that_falls_silent_in_a_session_goes_offline(port: Path, trigger: Trigger) -> None:
    with looking_scanner(port, trigger) as (simulator, scanner):
        scanner.open()
        simulator.arm(Fault(do="mute"))
        assert scanner.next_scan(0.5, NEVER) is None
        assert scanner.status().state is DeviceState.OFFLINE
        assert scanner.next_scan(0.1, NEVER) is None
        simulator.heal()
        assert scanner.open().state is DeviceState.ONLINE


@pytest.mark.parametrize("fault", ["refuse", "unsupported"])
@pytest.mark.parametrize("trigger", ANSWERING)
def test_a_refused_trigger_is_said_and_codes_are_still_heard(
    port: Path, trigger: Trigger, fault: str
) -> None:
    with looking_scanner(port, trigger, Suffix.CR) as (simulator, scanner):
        simulator.arm(Fault(do=fault))
        status = scanner.open()
        assert (status.state, status.detail) == (DeviceState.ONLINE, DeviceDetail.TRIGGER_REFUSED)
        simulator.send(b"it looks by itself\r")
        assert scanner.next_scan(0.5, NEVER) == Scan(text="it looks by itself")
        assert simulator.state()["starts"] == 0


class ShiftedClock(SystemClock):
    """The real time, and as much later as a test likes."""

    later_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.later_s


def test_an_idle_scanner_is_asked_again_after_a_while(port: Path) -> None:
    clock = ShiftedClock()
    with BarcodeScannerSimulator(port, trigger=Trigger.NEWLAND) as simulator:
        simulator.start()
        scanner = SerialScanner(port_at(str(port), 9600, clock), clock=clock, trigger=Trigger.NEWLAND)
        assert scanner.open().state is DeviceState.ONLINE
        simulator.arm(Fault(do="mute"))
        assert scanner.status().state is DeviceState.ONLINE
        clock.later_s = 3600.0
        assert scanner.status().state is DeviceState.OFFLINE
        scanner.close()


def test_every_decode_packet_is_acknowledged(port: Path, eventually: Callable[..., None]) -> None:
    with looking_scanner(port, Trigger.ZEBRA_SSI, Suffix.NONE) as (simulator, scanner):
        scanner.open()
        long_code = bytes(range(0x30, 0x7A)) * 9
        assert shown(simulator, scanner, long_code) == Scan(text=long_code.decode(), symbology="qr")
        eventually(lambda: simulator.state()["acknowledged"] == 3)


def test_a_packet_with_a_wrong_sum_is_asked_for_again(port: Path) -> None:
    with looking_scanner(port, Trigger.ZEBRA_SSI, Suffix.CR) as (simulator, scanner):
        scanner.open()
        scanner.next_scan(0.1, NEVER)
        simulator.arm(Fault(do="bad_sum"))
        assert shown(simulator, scanner, LINK.encode()) == Scan(text=LINK, symbology="qr")


def test_a_packet_sent_again_because_the_acknowledgement_was_lost_is_one_code() -> None:
    stream = ScannerStream(trigger=Trigger.ZEBRA_SSI)
    first = ssi.packet(ssi.DECODE_DATA, b"\x1cabc", source=ssi.DECODER)
    again = ssi.packet(ssi.DECODE_DATA, b"\x1cabc", source=ssi.DECODER, status=1)
    other = ssi.packet(ssi.DECODE_DATA, b"\x1cdef", source=ssi.DECODER, status=1)
    acknowledgement = ssi.packet(ssi.ACK, source=ssi.HOST)
    heard = [stream.feed(data, now) for data, now in ((first, 1.0), (again, 4.0), (other, 7.0))]
    assert [one.owed for one in heard] == [acknowledgement] * 3
    assert [scan for one in heard for scan in one.scans] == [
        Scan(text="abc", symbology="qr"),
        Scan(text="def", symbology="qr"),
    ]


def test_a_pulled_plug_while_looking_is_no_device(port: Path) -> None:
    with looking_scanner(port, Trigger.GM65) as (simulator, scanner):
        scanner.open()
        scanner.next_scan(0.05, NEVER)
        simulator.unplug()
        assert scanner.next_scan(0.5, NEVER) is None
        assert scanner.status().state is DeviceState.NO_DEVICE
        simulator.plug()
        assert scanner.open().state is DeviceState.ONLINE


REPLIES = {
    Trigger.NEWLAND: [newland_reply(b"SCNTRG1", status) for status in (ACK, NAK, ENQ)],
    Trigger.GM65: [gm65_reply(), gm65_reply(b"\r\n\r"), gm65_reply(status=3)],
    Trigger.ZEBRA_SSI: [
        ssi.packet(ssi.ACK, source=ssi.DECODER),
        ssi.packet(ssi.NAK, b"\x06", source=ssi.DECODER),
        ssi.packet(ssi.REPLY_REVISION, b"PAAB\rS\n", source=ssi.DECODER, status=0x80),
    ],
}


@given(
    st.sampled_from(sorted(REPLIES)),
    st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=1, max_size=5),
    st.integers(1, 40),
)
@settings(max_examples=150, deadline=None)
def test_answers_never_become_codes_wherever_they_fall(
    trigger: Trigger, parts: list[tuple[bool, int]], chunk_bytes: int
) -> None:
    sent, codes = b"", []
    for number, (in_the_middle, which) in enumerate(parts):
        code = f"code {number} 号码"
        codes.append(code)
        data, reply = code.encode("gb18030") + b"\r", REPLIES[trigger][which]
        cut = len(data) // 2 if in_the_middle else 0
        sent += data[:cut] + reply + data[cut:]
    found = codes_in(sent, Suffix.CR, trigger=trigger, chunk_bytes=chunk_bytes)
    assert found == [Scan(text=code) for code in codes]


@given(
    st.sampled_from(list(Trigger)),
    st.sampled_from(list(Suffix)),
    st.binary(max_size=3000),
    st.integers(1, 99),
)
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_the_parser_raise(
    trigger: Trigger, suffix: Suffix, data: bytes, chunk_bytes: int
) -> None:
    for found in codes_in(data, suffix, True, trigger, chunk_bytes):
        assert isinstance(found, NotScanned) or 0 < len(found.text) <= 4096


def test_half_an_answer_does_not_hold_a_code_back_for_ever() -> None:
    assert codes_in(b"abc\x02\x0100", Suffix.NONE, trigger=Trigger.NEWLAND) == [Scan(text="abc00")]


def test_a_packet_of_four_kilobytes_and_more_is_too_long() -> None:
    part = ssi.packet(ssi.DECODE_DATA, b"\x1c" + b"x" * 250, source=ssi.DECODER, status=2)
    last = ssi.packet(ssi.DECODE_DATA, b"\x1cend", source=ssi.DECODER)
    assert codes_in(part * 17 + last, trigger=Trigger.ZEBRA_SSI) == [NotScanned(fault=ScanFault.TOO_LONG)]
