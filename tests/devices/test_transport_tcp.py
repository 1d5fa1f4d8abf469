"""A receipt printer on the network: the listener goes, comes, hangs, and is somebody else's."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from devices.fault_script import Fault
from devices.simulate import simulate
from devices.slip_printer.driver import EscPosPrinter, Timing
from devices.slip_printer.simulator import ReceiptPrinterSimulator
from devices.transport.address import port_at
from devices.transport.byte_port import Canceled, PortFault, PortLost
from devices.transport.tcp_far_end import TcpFarEnd
from devices.transport.tcp_port import TcpPort
from kiosk.clock import SystemClock
from kiosk.documents.page import Page, Text
from kiosk.domain.device_status import DeviceState
from kiosk.domain.printing import PrintFault, PrintVerdict

CLOCK = SystemClock()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def port_of(listener: socket.socket) -> TcpPort:
    port = port_at(f"tcp:127.0.0.1:{listener.getsockname()[1]}")
    assert isinstance(port, TcpPort)
    return port


def soon(seconds: float = 1.0) -> float:
    return CLOCK.monotonic() + seconds


@pytest.fixture
def network_printer() -> Iterator[tuple[ReceiptPrinterSimulator, str]]:
    far_end = TcpFarEnd()
    with ReceiptPrinterSimulator(far_end) as simulator:
        simulator.start()
        yield simulator, str(far_end)


def test_bytes_go_both_ways_and_an_end_is_a_loss(listener: socket.socket) -> None:
    port = port_of(listener)
    port.open()
    peer, _ = listener.accept()
    with peer:
        assert port.write_some(b"\x10\x04\x01", soon()) == 3
        assert peer.recv(10) == b"\x10\x04\x01"
        peer.sendall(b"\x16")
        assert port.read_some(soon()) == b"\x16"
        assert port.read_some(soon(0.02)) == b""
        port.check()
        peer.sendall(b"last")
    with pytest.raises(PortLost) as lost:
        deadline = soon(2)
        got = port.read_some(deadline)
        assert got == b"last"
        port.read_some(deadline)
    assert lost.value.fault is PortFault.LOST
    assert not port.is_open


def test_an_end_is_noticed_without_reading(listener: socket.socket) -> None:
    port = port_of(listener)
    port.open()
    peer, _ = listener.accept()
    peer.sendall(b"x")
    peer.close()
    port.check()  # a byte waits before the end: it is not lost yet
    assert port.read_some(soon()) == b"x"
    with pytest.raises(PortLost):
        while CLOCK.monotonic() < soon():
            port.check()


def test_a_connection_torn_down_by_force_is_a_loss(listener: socket.socket) -> None:
    port = port_of(listener)
    port.open()
    peer, _ = listener.accept()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    with pytest.raises(PortLost):
        for _ in range(3):
            port.write_some(b"x" * 1000, soon())
            port.read_some(soon(0.1))


def test_nobody_listens(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()
    with pytest.raises(PortLost) as lost:
        port.open()
    assert lost.value.fault is PortFault.REFUSED


@pytest.mark.parametrize("name", ["a..b", "x" * 70, "\udcff", "."])
def test_a_name_that_no_host_can_have_is_nobody(name: str) -> None:
    with pytest.raises(PortLost) as lost:
        TcpPort(name, 9100, SystemClock()).open()
    assert lost.value.fault is PortFault.ABSENT


def test_a_printer_that_takes_no_more_bytes_keeps_the_count_honest(listener: socket.socket) -> None:
    port = port_of(listener)
    port.open()
    peer, _ = listener.accept()
    with peer:
        flood = bytes(64 * 1024 * 1024)
        sent = port.write_some(flood, soon(0.3))
        assert 0 < sent < len(flood)
        port.close()
        peer.settimeout(2)
        received = 0
        while data := peer.recv(1 << 20):
            received += len(data)
        assert received == sent


def test_cancel_ends_the_wait(listener: socket.socket) -> None:
    port = port_of(listener)
    port.open()
    cancel = threading.Event()
    threading.Timer(0.1, cancel.set).start()
    started = CLOCK.monotonic()
    with pytest.raises(Canceled):
        port.read_some(soon(5), cancel)
    assert CLOCK.monotonic() - started < 0.5
    port.close()


def test_the_kernel_watches_the_line(listener: socket.socket) -> None:
    port = port_of(listener)
    port.open()
    with socket.socket(fileno=socket.dup(port._descriptor())) as line:
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000
        idle = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        interval = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
        assert idle + interval * line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) <= 8
    port.close()


def test_a_slip_is_printed_over_the_network(
    network_printer: tuple[ReceiptPrinterSimulator, str], never: threading.Event
) -> None:
    simulator, address = network_printer
    printer = EscPosPrinter(port_at(address))
    assert printer.open().state is DeviceState.ONLINE
    outcome = printer.print(Page(blocks=(Text(text="测试甲"),)), 10, never)
    assert outcome.verdict is PrintVerdict.PRINTED
    assert len(simulator.slips) == 1
    printer.close()


def test_the_network_goes_in_the_middle_of_a_slip_and_comes_back(
    network_printer: tuple[ReceiptPrinterSimulator, str], never: threading.Event
) -> None:
    simulator, address = network_printer
    printer = EscPosPrinter(port_at(address), timing=Timing(look_s=0.05))
    printer.open()
    page = Page(blocks=tuple(Text(text=f"第 {number} 行") for number in range(60)))
    simulator.arm(Fault(do="unplug", byte=700, for_s=0.3))
    outcome = printer.print(page, 10, never)
    assert outcome.verdict is not PrintVerdict.PRINTED
    assert outcome.fault in (PrintFault.NO_PRINTER, PrintFault.NO_ANSWER)
    deadline = time.monotonic() + 3
    while not printer.open().usable:
        assert time.monotonic() < deadline
        never.wait(0.05)
    assert printer.print(page, 10, never).verdict is PrintVerdict.PRINTED
    printer.close()


def test_a_second_terminal_waits_until_the_printer_is_free(
    network_printer: tuple[ReceiptPrinterSimulator, str],
) -> None:
    _, address = network_printer
    first, second = (EscPosPrinter(port_at(address), timing=Timing(answer_s=0.2)) for _ in range(2))
    assert first.open().state is DeviceState.ONLINE
    assert second.open().state is DeviceState.OFFLINE
    first.close()
    assert second.open().state is DeviceState.ONLINE
    second.close()


@pytest.mark.parametrize("listen", ["9100", "127.0.0.1:0", "127.0.0.1:x", "here"])
def test_where_to_listen_is_said_wrongly(listen: str, tmp_path: Path) -> None:
    result: Any = CliRunner().invoke(simulate, ["receipt-printer", "--listen", listen])
    assert result.exit_code == 2
    assert "--listen" in result.output


@pytest.mark.slow
def test_a_cable_pulled_without_a_word_is_noticed_within_seconds() -> None:
    """In a network of its own: packets vanish, nobody hangs up."""
    root = Path(__file__).parents[2]
    alone = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    if alone.returncode:
        pytest.skip("no network namespaces here")
    done = subprocess.run(
        ["unshare", "-n", sys.executable, str(Path(__file__).with_name("tcp_cut.py"))],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    taken = json.loads(done.stdout)
    assert 0 < taken["idle"] < 9
    assert 0 < taken["asking"] < 9


def test_the_simulated_printer_listens_where_it_is_told(tmp_path: Path, free_port: int) -> None:
    """`kiosk simulate receipt-printer --listen`, as a process of its own."""
    root = Path(__file__).parents[2]
    address = f"127.0.0.1:{free_port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "devices.simulate", "receipt-printer", "--listen", address],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"receipt-printer on tcp:{address}\n"
        printer = EscPosPrinter(port_at(f"tcp:{address}"))
        assert printer.open().state is DeviceState.ONLINE
        printer.close()
    finally:
        process.terminate()
        assert process.wait(5) == 0
        process.communicate()
