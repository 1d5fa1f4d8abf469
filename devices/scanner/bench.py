"""`kiosk bench scanner`: a burst of long codes through the real driver, beside the wire time of their bytes.

The peer is pyserial's own `read_until`, which decodes nothing and checks nothing, on the same pty, with the
same bytes at the same speed: what the driver costs beyond it is ours.
"""

from __future__ import annotations

import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import serial

from devices.scanner.driver import SerialScanner
from devices.scanner.simulator import BarcodeScannerSimulator
from devices.transport.address import port_at
from kiosk.bench.sample import goal, summary
from kiosk.clock import SystemClock
from kiosk.ports import Scan

_BAUD = 115200
_BITS_A_BYTE = 10
_CODES = 16
_BETWEEN_S = 0.3
"""Faster than a hand, and slower than what the driver takes for a flood."""
_PATIENCE_S = 3.0


def run() -> dict[str, Any]:
    """Seconds from the first byte on the wire to the code, ours and pyserial's."""
    with tempfile.TemporaryDirectory(prefix="linban-") as folder:
        link = Path(folder) / "scanner"
        with BarcodeScannerSimulator(link, baud=_BAUD) as simulator:
            simulator.start()
            ours, wrong, cpu_ms = _ours(link, simulator)
            peer = _pyserial(link, simulator)
    wire_s = (len(_code(0)) + 2) * _BITS_A_BYTE / _BAUD
    seconds, beside = summary(ours, 4), summary(peer, 4)
    return {
        "code_bytes": len(_code(0)),
        "scan_s": seconds,
        "pyserial_read_until_s": beside,
        "wire_s": round(wire_s, 4),
        "cpu_ms_a_code": round(cpu_ms, 3),
        "wrong": goal(wrong, 0, "codes"),
        "ratio_to_wire": goal(seconds["median"] / wire_s, 1.3, "×"),
        "ratio_to_pyserial": goal(seconds["median"] / beside["median"], 1.1, "×"),
    }


def _code(number: int) -> bytes:
    """A kilobyte of Chinese, different each time."""
    return (f"{number:04d}" + "青石村便民服务站测试甲" * 46).encode("gb18030")


def _ours(link: Path, simulator: BarcodeScannerSimulator) -> tuple[list[float], int, float]:
    clock = SystemClock()
    scanner = SerialScanner(port_at(str(link), _BAUD, clock), clock=clock)
    scanner.open()
    seconds, wrong = [], 0
    thread_cpu_s = 0.0
    try:
        for number in range(_CODES):
            started = time.monotonic()
            simulator.scan(_code(number))
            cpu = resource.getrusage(resource.RUSAGE_THREAD)
            found = scanner.next_scan(_PATIENCE_S, threading.Event())
            spent = resource.getrusage(resource.RUSAGE_THREAD)
            thread_cpu_s += spent.ru_utime + spent.ru_stime - cpu.ru_utime - cpu.ru_stime
            seconds.append(time.monotonic() - started)
            wrong += not (isinstance(found, Scan) and found.text.encode("gb18030") == _code(number))
            _rest()
    finally:
        scanner.close()
    return seconds, wrong, thread_cpu_s / _CODES * 1000


def _pyserial(link: Path, simulator: BarcodeScannerSimulator) -> list[float]:
    seconds = []
    with serial.Serial(str(link), _BAUD, timeout=_PATIENCE_S) as port:
        for number in range(_CODES):
            started = time.monotonic()
            simulator.scan(_code(number))
            if port.read_until(b"\r\n") != _code(number) + b"\r\n":
                raise OSError("pyserial read something else")
            seconds.append(time.monotonic() - started)
            _rest()
    return seconds


def _rest() -> None:
    threading.Event().wait(_BETWEEN_S)
