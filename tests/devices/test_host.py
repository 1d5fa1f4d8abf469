"""The devices process as its peers see it: simulators below, the local socket above."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devices.fault_script import Fault
from devices.host import Host
from devices.id_card.practice_cards import PRACTICE_CARDS
from devices.id_card.simulator import IdCardReaderSimulator
from devices.scanner.simulator import BarcodeScannerSimulator
from devices.slip_printer.simulator import ReceiptPrinterSimulator
from kiosk.clock import SystemClock
from kiosk.config import PathSettings, Settings
from kiosk.device_settings import (
    BarcodeScannerSettings,
    DeviceSettings,
    IdCardReaderSettings,
    ReceiptPrinterSettings,
)
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient, Message

SLIP = {"blocks": [{"type": "text", "text": "办件回执", "size": "large"}, {"type": "qr", "data": "abc"}]}


@dataclass
class Rig:
    """Three simulated devices, the host, and one peer."""

    sam: IdCardReaderSimulator
    printer: ReceiptPrinterSimulator
    scanner: BarcodeScannerSimulator
    peer: IpcClient
    socket: Path

    def wait_for(self, method: str, timeout_s: float = 5.0, **wanted: Any) -> dict[str, Any]:
        """The parameters of the next `method` that has these values."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for message in self.peer.notifications(0.05):
                if message.method == method and _has(message.params, wanted):
                    return message.params
        raise AssertionError(f"no {method} with {wanted}")

    def heard(self, for_s: float) -> list[Message]:
        return list(self.peer.notifications(for_s))


def _has(params: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(
        (params.get(key) == value) or (isinstance(value, dict) and _has(params.get(key) or {}, value))
        for key, value in wanted.items()
    )


@pytest.fixture
def rig(tmp_path: Path, eventually: Callable[..., None]) -> Iterator[Rig]:
    with ExitStack() as stack:
        sam = stack.enter_context(IdCardReaderSimulator(tmp_path / "sam"))
        printer = stack.enter_context(ReceiptPrinterSimulator(tmp_path / "printer"))
        scanner = stack.enter_context(BarcodeScannerSimulator(tmp_path / "scanner"))
        for simulator in (sam, printer, scanner):
            simulator.start()
        settings = Settings(
            paths=PathSettings(state_dir=tmp_path, run_dir=tmp_path),
            devices=DeviceSettings(
                id_card_reader=IdCardReaderSettings(port=str(tmp_path / "sam")),
                receipt_printer=ReceiptPrinterSettings(port=str(tmp_path / "printer")),
                barcode_scanner=BarcodeScannerSettings(port=str(tmp_path / "scanner")),
            ),
        )
        host = Host(settings)
        host.start()
        stack.callback(host.close)
        eventually(lambda: sum(status.usable for status in host.statuses().values()) == 3)
        peer = IpcClient(settings.devices_socket)
        stack.callback(peer.close)
        yield Rig(sam, printer, scanner, peer, settings.devices_socket)


def test_a_new_peer_is_told_how_every_device_is(rig: Rig) -> None:
    told = {message.params["device"]: message.params["status"]["state"] for message in rig.heard(0.3)}
    there = {"id_card_reader": "online", "receipt_printer": "online", "barcode_scanner": "online"}
    assert there.items() <= told.items()
    assert {state for device, state in told.items() if device not in there} == {"no_device"}
    assert set(rig.peer.call("status")) == set(told)


def test_a_card_is_announced_and_read_once(rig: Rig) -> None:
    rig.peer.call("id_card.start", session="s1")
    rig.sam.place_card(PRACTICE_CARDS["测试甲"])
    assert rig.wait_for("id_card.present", session="s1")
    outcome = rig.wait_for("id_card.outcome", session="s1")["outcome"]
    assert (outcome["type"], outcome["document"]["name"]) == ("read", "测试甲")
    assert [message.method for message in rig.heard(0.8)] == []


def test_nobody_looks_at_the_plate_outside_a_session(rig: Rig) -> None:
    rig.sam.place_card(PRACTICE_CARDS["测试甲"])
    threading.Event().wait(0.6)
    assert all(command[0] != 0x20 for command in rig.sam.commands)
    rig.peer.call("id_card.start", session="s1")
    rig.wait_for("id_card.outcome")
    rig.peer.call("id_card.stop")
    threading.Event().wait(0.4)
    count = len(rig.sam.commands)
    threading.Event().wait(0.8)
    assert all(command[0] != 0x20 for command in rig.sam.commands[count:])


def test_a_wrong_card_is_said_once_and_the_right_one_is_read_after_it(rig: Rig) -> None:
    rig.peer.call("id_card.start", session="s1")
    rig.sam.place_card(PRACTICE_CARDS["bank"])
    assert rig.wait_for("id_card.outcome")["outcome"] == {"type": "not_read", "fault": "not_an_id_card"}
    assert rig.heard(1.2) == []
    rig.sam.lift_card()
    threading.Event().wait(0.6)
    rig.sam.place_card(PRACTICE_CARDS["测试甲"])
    assert rig.wait_for("id_card.outcome")["outcome"]["type"] == "read"


@pytest.mark.fault(93)
def test_a_card_read_late_does_not_reach_the_next_session(rig: Rig) -> None:
    rig.sam.arm(Fault(do="delay", command=4, for_s=0.3))
    rig.sam.place_card(PRACTICE_CARDS["测试甲"])
    rig.peer.call("id_card.start", session="old")
    threading.Event().wait(0.15)
    rig.sam.place_card(PRACTICE_CARDS["测试乙"])
    rig.peer.call("id_card.start", session="new")
    outcome = rig.wait_for("id_card.outcome", session="new", outcome={"type": "read"})
    assert outcome["outcome"]["document"]["name"] == "测试乙"


def test_reading_ends_with_the_peer_that_wanted_it(rig: Rig) -> None:
    other = IpcClient(rig.socket)
    other.call("id_card.start", session="s1")
    other.call("scanner.start", session="s1")
    other.close()
    threading.Event().wait(1.3)
    rig.sam.place_card(PRACTICE_CARDS["测试甲"])
    rig.scanner.scan(b"https://example.cn/1")
    count = len(rig.sam.commands)
    assert [message.method for message in rig.heard(0.6) if message.method != "device.status"] == []
    assert all(command[0] != 0x20 for command in rig.sam.commands[count:])


def test_a_code_is_told_under_its_session(rig: Rig) -> None:
    rig.scanner.scan(b"before")
    threading.Event().wait(0.1)
    rig.peer.call("scanner.start", session="s1")
    threading.Event().wait(0.2)
    rig.scanner.scan("事项https://example.cn/1".encode())
    before = SystemClock().monotonic() - 5
    outcome = rig.wait_for("scanner.outcome")
    assert before < outcome.pop("at_s") <= SystemClock().monotonic()
    assert outcome == {
        "session": "s1",
        "scan": {"text": "事项https://example.cn/1", "symbology": ""},
    }
    rig.scanner.scan(b"\xff\xff")
    assert rig.wait_for("scanner.outcome")["scan"] == {"fault": "undecodable"}
    rig.peer.call("scanner.stop")
    rig.scanner.scan(b"after")
    assert [message for message in rig.heard(0.4) if message.method == "scanner.outcome"] == []


def test_a_slip_is_printed_and_asked_again_is_not_printed_again(rig: Rig) -> None:
    rig.peer.call("slip_printer.print", job="j1", page=SLIP)
    printed = {"job": "j1", "outcome": {"verdict": "printed", "fault": "none"}}
    assert rig.wait_for("slip_printer.outcome") == printed
    rig.peer.call("slip_printer.print", job="j1", page=SLIP)
    assert rig.wait_for("slip_printer.outcome") == printed
    assert rig.printer.state()["slips"] == 1


def test_a_second_slip_meanwhile_is_refused_and_the_first_can_be_cancelled(rig: Rig) -> None:
    rig.printer.arm(Fault(do="dribble", options={"gap_s": 0.1}))
    rig.peer.call("slip_printer.print", job="j1", page=SLIP)
    rig.peer.call("slip_printer.print", job="j1", page=SLIP)
    with pytest.raises(IpcError, match="busy"):
        rig.peer.call("slip_printer.print", job="j2", page=SLIP)
    rig.peer.call("slip_printer.cancel", job="j1")
    outcome = rig.wait_for("slip_printer.outcome", job="j1")["outcome"]
    assert outcome["fault"] == "canceled"
    rig.printer.heal()
    rig.peer.call("slip_printer.print", job="j2", page=SLIP)
    assert rig.wait_for("slip_printer.outcome", job="j2")["outcome"]["verdict"] == "printed"


def test_a_slip_without_a_printer_ends_at_once(rig: Rig) -> None:
    rig.printer.unplug()
    rig.wait_for("device.status", device="receipt_printer", status={"state": "no_device"})
    rig.peer.call("slip_printer.print", job="j1", page=SLIP)
    assert rig.wait_for("slip_printer.outcome", 1.0)["outcome"] == {
        "verdict": "failed",
        "fault": "no_printer",
    }


@pytest.mark.parametrize("bad", [{}, {"job": 7}, {"job": "j", "page": {"blocks": [{"type": "bomb"}]}}])
def test_a_request_that_is_none_is_refused_and_nothing_falls_over(rig: Rig, bad: dict[str, Any]) -> None:
    with pytest.raises(IpcError):
        rig.peer.call("slip_printer.print", **bad)
    assert rig.peer.call("status")


def test_paper_that_runs_out_is_told(rig: Rig) -> None:
    rig.printer.put(paper="out")
    assert rig.wait_for("device.status", device="receipt_printer", status={"paper": "out"})
    rig.printer.put(paper="full")
    assert rig.wait_for("device.status", device="receipt_printer", status={"paper": "full"})


@pytest.mark.fault(94, 76)
@pytest.mark.parametrize("device", ["sam", "printer", "scanner"])
def test_every_device_is_back_within_two_seconds_of_its_plug(rig: Rig, device: str) -> None:
    name = {"sam": "id_card_reader", "printer": "receipt_printer", "scanner": "barcode_scanner"}[device]
    simulator = getattr(rig, device)
    for noticed in (False, True):
        simulator.unplug()
        if noticed:
            rig.wait_for("device.status", device=name, status={"state": "no_device"})
        simulator.plug()
        started = time.monotonic()
        rig.wait_for("device.status", device=name, status={"state": "online"})
        assert time.monotonic() - started <= 2.0


def test_thirty_pulled_plugs_in_a_row_end_in_a_working_printer_and_reader(rig: Rig) -> None:
    rig.peer.call("id_card.start", session="s1")
    for cycle in range(30):
        for simulator in (rig.sam, rig.printer, rig.scanner):
            simulator.unplug()
        if cycle % 3 == 0:
            rig.peer.call("slip_printer.print", job=f"cycle-{cycle}", page=SLIP)
            rig.wait_for("slip_printer.outcome", job=f"cycle-{cycle}")
        threading.Event().wait(0.01 * (cycle % 5))
        for simulator in (rig.sam, rig.printer, rig.scanner):
            simulator.plug()
    deadline = time.monotonic() + 4
    while sum(status["state"] == "online" for status in rig.peer.call("status").values()) < 3:
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
    rig.sam.place_card(PRACTICE_CARDS["测试甲"])
    assert rig.wait_for("id_card.outcome", outcome={"type": "read"})
    rig.peer.call("slip_printer.print", job="last", page=SLIP)
    assert rig.wait_for("slip_printer.outcome", job="last")["outcome"]["verdict"] == "printed"


def test_a_class_that_is_not_configured_says_so(tmp_path: Path) -> None:
    settings = Settings(paths=PathSettings(state_dir=tmp_path, run_dir=tmp_path))
    host = Host(settings)
    host.start()
    peer = IpcClient(settings.devices_socket)
    assert {status["detail"] for status in peer.call("status").values()} == {"not_configured"}
    peer.call("slip_printer.print", job="j", page=SLIP)
    outcomes = [
        message.params for message in peer.notifications(0.3) if message.method == "slip_printer.outcome"
    ]
    assert outcomes == [{"job": "j", "outcome": {"verdict": "failed", "fault": "no_printer"}}]
    peer.close()
    host.close()
