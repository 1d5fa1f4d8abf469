"""Codes from a scanner on a pty: whatever is shown, what comes out is short, plain text, once."""

from __future__ import annotations

import threading
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.code_text import MAX_CODE_BYTES
from devices.fault_script import Fault
from devices.scanner.driver import SerialScanner
from devices.scanner.protocol import ScanReader
from devices.scanner.simulator import BarcodeScannerSimulator
from devices.transport.address import port_at
from kiosk.device_settings import Suffix
from kiosk.domain.device_status import DeviceState
from kiosk.ports import NotScanned, Scan, ScanFault

LINK = "https://example.cn/r/410722360815"


def scan(scanner: SerialScanner, timeout_s: float = 0.5) -> Scan | NotScanned | None:
    return scanner.next_scan(timeout_s, threading.Event())


@pytest.mark.parametrize("suffix", list(Suffix))
def test_a_code_ends_as_the_scanner_was_set_to_end_it(port: Path, suffix: Suffix) -> None:
    with BarcodeScannerSimulator(port, suffix=suffix) as simulator:
        simulator.start()
        scanner = SerialScanner(port_at(str(port)), suffix=suffix)
        scanner.open()
        simulator.scan(LINK.encode())
        assert scan(scanner) == Scan(text=LINK)
        assert scan(scanner, 0.1) is None
        scanner.close()


@pytest.mark.parametrize("sent", [b"\r", b"\n", b"\r\n", b""])
def test_any_end_is_understood_when_nobody_knows_the_setting(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator, sent: bytes
) -> None:
    scanner_sim.send(LINK.encode() + sent)
    assert scan(scanner) == Scan(text=LINK)
    assert scan(scanner, 0.1) is None


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_is_read_in_both_encodings(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator, encoding: str
) -> None:
    scanner_sim.scan("北京市朝阳区测试路1号".encode(encoding))
    assert scan(scanner) == Scan(text="北京市朝阳区测试路1号")


def test_bytes_that_are_no_text_are_named(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator
) -> None:
    scanner_sim.scan(b"\xff\xfe\xff")
    assert scan(scanner) == NotScanned(fault=ScanFault.UNDECODABLE)


def test_the_aim_identifier_becomes_the_symbology(port: Path) -> None:
    with BarcodeScannerSimulator(port, aim_identifier=True) as simulator:
        simulator.start()
        scanner = SerialScanner(port_at(str(port)), aim_identifier=True)
        scanner.open()
        simulator.scan(b"12345", "code128")
        assert scan(scanner) == Scan(text="12345", symbology="code128")
        simulator.scan(b"]Q1abc", "qr")
        assert scan(scanner) == Scan(text="]Q1abc", symbology="qr")
        scanner.close()


def test_the_same_code_twice_is_one_code(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator
) -> None:
    scanner_sim.arm(Fault(do="double"))
    scanner_sim.scan(LINK.encode())
    scanner_sim.scan(LINK.encode())
    assert scan(scanner) == Scan(text=LINK)
    assert scan(scanner, 0.2) is None
    scanner.forget()
    scanner_sim.scan(LINK.encode())
    assert scan(scanner) == Scan(text=LINK)


def test_a_code_in_two_halves_is_one_code(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator
) -> None:
    scanner_sim.arm(Fault(do="split", options={"gap_s": 0.02}))
    scanner_sim.scan(LINK.encode())
    assert scan(scanner) == Scan(text=LINK)


@pytest.mark.fault(96)
def test_a_flood_of_codes_is_dropped_and_the_next_quiet_code_is_read(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator
) -> None:
    scanner_sim.arm(Fault(do="flood", options={"codes": 1000}))
    found = []
    while (one := scan(scanner, 0.3)) is not None:
        found.append(one)
    assert len(found) <= 6
    assert NotScanned(fault=ScanFault.TOO_FAST) in found
    threading.Event().wait(1.1)
    scanner_sim.scan(LINK.encode())
    assert scan(scanner) == Scan(text=LINK)


def test_junk_without_an_end_is_too_long(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator
) -> None:
    scanner_sim.arm(Fault(do="junk", options={"bytes": 3000}))
    scanner_sim.arm(Fault(do="junk", options={"bytes": 3000}))
    assert scan(scanner) == NotScanned(fault=ScanFault.TOO_LONG)


@pytest.mark.fault(99)
def test_what_was_shown_before_the_session_is_forgotten(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator
) -> None:
    scanner_sim.scan(b"before")
    threading.Event().wait(0.1)
    scanner.forget()
    assert scan(scanner, 0.15) is None
    scanner_sim.scan(b"after")
    assert scan(scanner) == Scan(text="after")


def test_waiting_ends_at_once_when_cancelled(scanner: SerialScanner) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    started = time.monotonic()
    assert scanner.next_scan(5, cancel) is None
    assert time.monotonic() - started < 0.4
    timer.join()


def test_a_pulled_plug_is_no_scan_and_no_device(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator
) -> None:
    scanner_sim.unplug()
    assert scan(scanner) is None
    assert scanner.status().state is DeviceState.NO_DEVICE
    scanner_sim.plug()
    assert scanner.open().state is DeviceState.ONLINE


@pytest.mark.fault(97, 98)
def test_control_and_hidden_characters_are_out() -> None:
    reader = ScanReader(Suffix.CR)
    found = reader.feed("a\x00\x1bb\u202ec\u200bd\ufeffe\r".encode(), 1.0)
    assert found == [Scan(text="abcde")]


def test_a_suffix_that_never_comes_does_not_stick_to_the_next_code() -> None:
    reader = ScanReader(Suffix.CR)
    assert reader.feed(b"half", 1.0) == []
    assert reader.feed(b"whole\r", 5.0) == [Scan(text="whole")]


@pytest.mark.fault(98)
@given(
    st.lists(st.tuples(st.binary(max_size=1500), st.floats(0, 0.5)), max_size=12),
    st.sampled_from(list(Suffix)),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_whatever_comes_is_short_plain_text(
    parts: list[tuple[bytes, float]], suffix: Suffix, aim: bool
) -> None:
    reader, now = ScanReader(suffix, aim), 10.0
    for data, gap in parts:
        now += gap
        for found in [*reader.feed(data, now), *reader.quiet(now + gap)]:
            if isinstance(found, Scan):
                assert found.text
                assert len(found.text) <= MAX_CODE_BYTES
                assert not any(unicodedata.category(char) in ("Cc", "Cf") for char in found.text)


def test_bytes_that_are_fetched_late_are_not_two_codes() -> None:
    reader = ScanReader(Suffix.ANY)
    assert reader.feed(b"https://example.cn/r/4107", 1.0) == []
    assert reader.feed(b"22360815", 1.3) == []
    assert reader.quiet(1.5) == [Scan(text=LINK)]


def test_thirty_milliseconds_between_the_bytes_do_not_end_a_code(
    scanner: SerialScanner, scanner_sim: BarcodeScannerSimulator
) -> None:
    def slowly() -> None:
        for byte in LINK.encode():
            scanner_sim.send(bytes((byte,)))
            threading.Event().wait(0.03)

    thread = threading.Thread(target=slowly)
    thread.start()
    assert scan(scanner, 3.0) == Scan(text=LINK)
    thread.join()


def test_a_code_that_was_held_does_not_make_the_next_one_too_fast() -> None:
    reader, found = ScanReader(Suffix.CR), []
    for number in range(20):
        found += reader.feed(LINK.encode() + b"\r", 1.0 + number / 20)
    assert [*found, *reader.feed(b"other\r", 2.0)] == [Scan(text=LINK), Scan(text="other")]


def test_a_code_sent_twice_without_an_end_is_one_code() -> None:
    reader = ScanReader(Suffix.ANY)
    assert reader.feed(LINK.encode() * 2, 1.0) == []
    assert reader.quiet(1.2) == [Scan(text=LINK)]


def test_an_aim_identifier_that_nobody_set_is_recognised() -> None:
    assert ScanReader(Suffix.CR).feed(b"]Q1" + LINK.encode() + b"\r", 1.0) == [
        Scan(text=LINK, symbology="qr")
    ]
