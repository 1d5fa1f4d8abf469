"""A printer's character device, on a pty that stands for it."""

from __future__ import annotations

import os
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.slip_printer.driver import EscPosPrinter
from devices.slip_printer.simulator import ReceiptPrinterSimulator
from devices.transport.byte_port import PortFault, PortLost
from devices.transport.lp_node import LpNode
from kiosk.clock import SystemClock
from kiosk.domain.device_status import DeviceState

CLOCK = SystemClock()


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)


def test_bytes_go_both_ways_and_a_pulled_plug_is_a_loss(line: tuple[int, str]) -> None:
    master, path = line
    os.write(master, b"left over")
    node = LpNode(path, CLOCK)
    node.open()
    assert node.write_some(b"\x10\x04\x01", CLOCK.monotonic() + 1) == 3
    assert os.read(master, 10) == b"\x10\x04\x01"
    os.write(master, b"\x16")
    assert node.read_some(CLOCK.monotonic() + 1) == b"\x16"
    node.check()
    os.close(master)
    with pytest.raises(PortLost) as lost:
        node.check()
    assert lost.value.fault is PortFault.LOST
    assert not node.is_open


def test_a_node_that_is_not_there_or_is_none(tmp_path: Path) -> None:
    with pytest.raises(PortLost) as absent:
        LpNode(str(tmp_path / "lp0"), CLOCK).open()
    assert absent.value.fault is PortFault.ABSENT
    with pytest.raises(PortLost) as refused:
        LpNode(str(tmp_path), CLOCK).open()
    assert refused.value.fault is PortFault.REFUSED


def test_a_transfer_of_nothing_is_neither_an_end_nor_work(tmp_path: Path) -> None:
    """A printer may answer with zero bytes again and again; a file at its end does the same."""
    file = tmp_path / "lp0"
    file.touch()
    node = LpNode(str(file), CLOCK)
    node.open()
    busy_s, started = time.process_time(), time.monotonic()
    assert node.read_some(CLOCK.monotonic() + 0.3) == b""
    assert time.monotonic() - started >= 0.3
    assert time.process_time() - busy_s < 0.15
    assert node.is_open
    node.close()


def test_the_printer_driver_speaks_through_a_node(port: Path, printer_sim: ReceiptPrinterSimulator) -> None:
    printer = EscPosPrinter(LpNode(str(port), CLOCK))
    assert printer.open().state is DeviceState.ONLINE
    printer.close()
