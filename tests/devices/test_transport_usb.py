"""Card readers on USB and HID: real libusb, libudev and sysfs over a kernel that umockdev plays."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.fault_script import Fault
from devices.id_card.practice_cards import DEFAULT_CARD, PRACTICE_CARDS
from devices.id_card.simulator import IdCardReaderSimulator
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.config import load
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient
from tests.devices import stage_hands


@pytest.fixture(scope="module", autouse=True)
def umockdev() -> None:
    stage_hands.require_stage()


@pytest.fixture
def sam(far_end: TcpFarEnd) -> Iterator[IdCardReaderSimulator]:
    with IdCardReaderSimulator(far_end) as simulator:
        simulator.start()
        simulator.place_card(PRACTICE_CARDS[DEFAULT_CARD])
        yield simulator


KINDS = [
    ("sam", "usb:0400:C35A"),
    ("sam-two-pairs", "usb:0400:c35a@1-2"),
    ("hid", "hid:2b8b:2721"),
    ("hid-shifted", "hid:2B8B:2721@1-2"),
]


@pytest.mark.parametrize(("kind", "address"), KINDS)
def test_a_card_is_read(kind: str, address: str, sam: IdCardReaderSimulator, far_end: TcpFarEnd) -> None:
    with stage_hands.staged(kind, far_end) as stage:
        seat = stage.seat(address)
        opened = seat.ask("open")
        assert opened["state"] == "online"
        assert opened["serial"] == "05.01-20100720-0001036050-0288634305"
        assert seat.ask("read")["name"] == PRACTICE_CARDS[DEFAULT_CARD].label
        assert seat.ask("check")["fault"] is None
        assert seat.ask("close")["open"] is False
        assert seat.ask("open")["state"] == "online"


@pytest.mark.parametrize(("kind", "address"), KINDS[::2])
def test_the_cable_is_pulled_in_the_middle_of_an_answer(
    kind: str, address: str, sam: IdCardReaderSimulator, far_end: TcpFarEnd
) -> None:
    with stage_hands.staged(kind, far_end) as stage:
        seat = stage.seat(address)
        seat.ask("open")
        sam.arm(Fault(do="unplug", byte=700))
        assert seat.ask("read") | {"at": 0} == {
            "outcome": "CardNotRead",
            "fault": "no_answer",
            "name": None,
            "at": 0,
        }
        assert seat.ask("open")["state"] == "no_device"
        sam.plug()
        stage.lines.until("unplugged")
        stage.lines.until("plugged")
        assert seat.ask("open")["state"] == "online"
        assert seat.ask("read")["outcome"] == "CardRead"


@pytest.mark.parametrize(("kind", "address"), KINDS[::2])
def test_a_pulled_cable_is_noticed_without_reading(
    kind: str, address: str, sam: IdCardReaderSimulator, far_end: TcpFarEnd
) -> None:
    with stage_hands.staged(kind, far_end) as stage:
        seat = stage.seat(address)
        seat.ask("open")
        sam.unplug()
        stage.lines.until("unplugged")
        assert seat.ask("check")["fault"] == "lost"
        assert seat.ask("status")["state"] == "no_device"


@pytest.mark.parametrize("address", ["usb:0400:C35A@1-3", "usb:0400:C359", "hid:2b8b:2721"])
def test_another_socket_or_another_device_is_not_taken(
    address: str, sam: IdCardReaderSimulator, far_end: TcpFarEnd
) -> None:
    with stage_hands.staged("sam", far_end) as stage:
        assert stage.seat(address).ask("open")["state"] == "no_device"


@pytest.mark.parametrize(("kind", "address"), KINDS[::2])
def test_every_wait_has_an_end_and_can_be_canceled(
    kind: str, address: str, sam: IdCardReaderSimulator, far_end: TcpFarEnd
) -> None:
    with stage_hands.staged(kind, far_end) as stage:
        seat = stage.seat(address)
        seat.ask("open")
        quiet = seat.ask("listen 0.2 9")
        assert quiet["ended"] == "deadline"
        assert 0.2 <= quiet["took"] < 0.5
        canceled = seat.ask("listen 5 0.1")
        assert canceled["ended"] == "canceled"
        assert canceled["took"] < 0.5
        assert seat.ask("read")["outcome"] == "CardRead"


def test_of_two_alike_readers_the_one_in_the_named_socket_is_taken(
    sam: IdCardReaderSimulator, far_end: TcpFarEnd
) -> None:
    with stage_hands.staged("sam-twin", far_end) as stage:
        found = stage.seat("usb:0400:C35A").ask("plugged")["found"]
        assert [each[0] for each in found] == ["usb:0400:C35A@1-1", "usb:0400:C35A@1-2"]
        assert stage.seat("usb:0400:C35A@1-1").ask("open")["state"] != "online"
        seat = stage.seat("usb:0400:C35A@1-2")
        assert seat.ask("open")["state"] == "online"
        assert seat.ask("read")["outcome"] == "CardRead"


def test_of_two_pairs_the_one_of_the_documents_is_taken(
    sam: IdCardReaderSimulator, far_end: TcpFarEnd
) -> None:
    with stage_hands.staged("sam-two-pairs", far_end) as stage:
        seat = stage.seat("usb:0400:C35A")
        assert seat.ask("open")["state"] == "online"
        stage.lines.until("claim")
        pipes = {stage.lines.line(), stage.lines.line()}
        assert pipes == {"pipe 2", "pipe 129"}


def test_a_second_program_is_kept_out_until_the_first_lets_go(
    sam: IdCardReaderSimulator, far_end: TcpFarEnd
) -> None:
    with stage_hands.staged("sam", far_end) as stage:
        first, second = stage.seat("usb:0400:C35A"), stage.seat("usb:0400:C35A")
        assert first.ask("open")["state"] == "online"
        refused = second.ask("open")
        assert (refused["state"], refused["open"]) == ("offline", False)
        first.ask("close")
        assert second.ask("open")["state"] == "online"


def test_a_hid_reader_is_kept_to_one_program(sam: IdCardReaderSimulator, far_end: TcpFarEnd) -> None:
    with stage_hands.staged("hid", far_end) as stage:
        first, second = stage.seat("hid:2b8b:2721"), stage.seat("hid:2b8b:2721")
        assert first.ask("open")["state"] == "online"
        assert second.ask("open")["state"] == "offline"


def test_a_pipe_that_stalls_is_cleared_and_used_again(sam: IdCardReaderSimulator, far_end: TcpFarEnd) -> None:
    with stage_hands.staged("sam-stalled", far_end) as stage:
        seat = stage.seat("usb:0400:C35A")
        assert seat.ask("open")["state"] == "online"
        assert seat.ask("read")["outcome"] == "CardRead"
        stage.lines.until("stall")
        stage.lines.until("clear")


def test_a_printers_kernel_driver_is_put_aside_and_given_back() -> None:
    from devices.slip_printer.simulator import ReceiptPrinterSimulator

    far_end = TcpFarEnd()
    with ReceiptPrinterSimulator(far_end) as printer:
        printer.start()
        with stage_hands.staged("printer", far_end) as stage:
            seat = stage.seat("usb:0416:5011")
            # DLE EOT 1: a printer that is well has bits 1 and 4 set and 0 and 7 clear.
            answer = bytes.fromhex(seat.ask("raw 100401")["answer"])
            assert len(answer) == 1 and answer[0] & 0x93 == 0x12
            seat.ask("close")
            for wanted in ("detach 0", "claim 0", "release 0", "attach 0"):
                stage.lines.until(wanted)


def test_the_devices_process_reads_a_card_over_usb_and_recovers(
    sam: IdCardReaderSimulator, far_end: TcpFarEnd, tmp_path: Path
) -> None:
    config = tmp_path / "linban.toml"
    config.write_text(
        f'[paths]\nstate_dir = "{tmp_path}"\nrun_dir = "{tmp_path}"\n'
        '[devices.id_card_reader]\nport = "usb:0400:C35A@1-2"\n',
        encoding="utf-8",
    )
    with stage_hands.staged("sam", far_end) as stage:
        stage.process("-m", "devices", "--config", str(config))
        with _connect(load(config).devices_socket) as client:
            states = _states(client)
            assert next(states) == "online"
            client.call("id_card.start", session="one")
            outcome = next(m.params for m in client.notifications(10) if m.method == "id_card.outcome")
            assert (outcome["session"], outcome["outcome"]["type"]) == ("one", "read")
            client.call("id_card.stop")
            pulled_at = time.monotonic()
            sam.unplug()
            assert next(state for state in states if state != "online") == "no_device"
            assert time.monotonic() - pulled_at < 1.5
            plugged_at = time.monotonic()
            sam.plug()
            assert next(state for state in states if state == "online")
            assert time.monotonic() - plugged_at < 1.5


def _connect(socket: Path) -> IpcClient:
    deadline = time.monotonic() + 10
    while True:
        try:
            return IpcClient(socket)
        except IpcError:
            assert time.monotonic() < deadline
            threading.Event().wait(0.02)


def _states(client: IpcClient) -> Iterator[str]:
    for message in client.notifications(10):
        if message.method == "device.status" and message.params["device"] == "id_card_reader":
            state = str(message.params["status"]["state"])
            if state not in ("starting", "busy"):
                yield state
