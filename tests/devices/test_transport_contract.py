"""What every line promises to the drivers above it, whatever it is made of (see `BytePort`)."""

from __future__ import annotations

import os
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from devices.transport.byte_port import BytePort, Canceled, PortFault, PortLost
from devices.transport.lp_node import LpNode
from devices.transport.serial_port import SerialPort
from devices.transport.tcp_port import TcpPort
from kiosk.clock import SystemClock

CLOCK = SystemClock()
FLOOD = bytes(range(256)) * 65536


@dataclass
class Line:
    """A port, and the device's side of it."""

    port: BytePort
    send: Callable[[bytes], object]
    receive: Callable[[int], bytes]
    hang_up: Callable[[], object]


def _pty_line(make: Callable[[str], BytePort]) -> Iterator[Line]:
    master, slave = os.openpty()
    tty.setraw(slave)
    ends = [master, slave]

    def hang_up() -> None:
        while ends:
            os.close(ends.pop())

    port = make(os.ttyname(slave))
    port.open()
    yield Line(port, lambda data: os.write(master, data), lambda count: os.read(master, count), hang_up)
    port.close()
    hang_up()


def _tcp_line() -> Iterator[Line]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = TcpPort("127.0.0.1", listener.getsockname()[1], CLOCK)
        port.open()
        peer, _ = listener.accept()
        with peer:
            yield Line(port, peer.sendall, peer.recv, peer.close)
        port.close()


@pytest.fixture(params=["serial", "lp", "tcp"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    if request.param == "tcp":
        yield from _tcp_line()
    elif request.param == "lp":
        yield from _pty_line(lambda path: LpNode(path, CLOCK))
    else:
        yield from _pty_line(lambda path: SerialPort(path, 115200, CLOCK))


def soon(seconds: float = 2.0) -> float:
    return CLOCK.monotonic() + seconds


def test_bytes_arrive_unchanged_both_ways(line: Line) -> None:
    everything = bytes(range(256))
    line.send(everything)
    got = b""
    while len(got) < 256:
        got += line.port.read_some(soon())
    assert got == everything
    assert line.port.write_some(everything, soon()) == 256
    heard = b""
    while len(heard) < 256:
        heard += line.receive(256)
    assert heard == everything


def test_silence_lasts_until_the_deadline_and_no_longer(line: Line) -> None:
    started = time.monotonic()
    assert line.port.read_some(soon(0.12)) == b""
    assert 0.12 <= time.monotonic() - started < 0.5


def test_a_deadline_that_has_passed_takes_what_is_there(line: Line) -> None:
    assert line.port.read_some(0.0) == b""
    line.send(b"here")
    deadline = soon()
    while not (data := line.port.read_some(0.0)):
        assert CLOCK.monotonic() < deadline
    assert b"here".startswith(data)


def test_cancel_ends_a_wait_at_once(line: Line) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Canceled):
        line.port.read_some(soon(5), cancel)
    assert time.monotonic() - started < 0.4
    timer.join()
    with pytest.raises(Canceled):
        line.port.write_some(b"not a byte of it", soon(), cancel)
    assert line.port.is_open


def test_a_device_that_takes_nothing_more_is_given_up_at_the_deadline(line: Line) -> None:
    started = time.monotonic()
    sent = line.port.write_some(FLOOD, soon(0.2))
    assert 0 < sent < len(FLOOD)
    assert time.monotonic() - started < 1.5


def test_what_piled_up_is_dropped(line: Line) -> None:
    line.send(b"old" * 100)
    time_to_arrive = threading.Event()
    time_to_arrive.wait(0.05)
    line.port.drop_input()
    line.send(b"new")
    assert line.port.read_some(soon()) == b"new"


def test_a_far_end_that_goes_is_a_loss_and_the_port_is_closed(line: Line) -> None:
    line.hang_up()
    with pytest.raises(PortLost) as lost:
        line.port.read_some(soon())
    assert lost.value.fault is PortFault.LOST
    assert not line.port.is_open
    line.port.close()


def test_a_closed_port_says_so_to_every_call(line: Line) -> None:
    line.port.close()
    line.port.close()
    assert not line.port.is_open
    calls: list[Callable[[], object]] = [
        lambda: line.port.read_some(soon()),
        lambda: line.port.write_some(b"x", soon()),
        line.port.drop_input,
        line.port.check,
    ]
    for call in calls:
        with pytest.raises(PortLost):
            call()


def test_a_speed_that_the_adapter_does_not_take_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    # What pyserial raises when a driver turns down a speed that is not one of the usual.
    def refuse(*_arguments: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr("serial.serialposix.fcntl.ioctl", refuse)
    master, slave = os.openpty()
    try:
        with pytest.raises(PortLost) as lost:
            SerialPort(os.ttyname(slave), 128000, CLOCK).open()
    finally:
        os.close(master)
        os.close(slave)
    assert lost.value.fault is PortFault.REFUSED
