"""What `kiosk doctor` says of an address, and what it lists to be copied into the settings."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from devices.id_card.simulator import IdCardReaderSimulator
from devices.transport.plugged_in import Attached, Reach, reach
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.commands.attached import devices_found, plugged_in
from kiosk.commands.finding import Finding, Verdict
from kiosk.config import load
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import ConfigError
from tests.devices import stage_hands

RULES = Path(__file__).parents[2] / "packaging" / "udev" / "70-linban.rules"


@pytest.mark.parametrize(
    ("kind", "address", "what"),
    [
        ("sam", "usb:0400:C35A@1-2.4", "ID card reader (SAM)"),
        ("hid", "hid:2B8B:2721@1-2.4", "ID card reader (SAM, HID)"),
        ("printer", "usb:0416:5011@1-2.4", "printer"),
    ],
)
def test_what_is_plugged_in_is_listed_under_the_name_to_copy(
    usb_sam: IdCardReaderSimulator, far_end: TcpFarEnd, kind: str, address: str, what: str
) -> None:
    with stage_hands.staged(kind, far_end, "1-2.4") as stage:
        seat = stage.seat(address)
        assert [address, what, "good"] in seat.ask("plugged")["found"]
        assert seat.ask(f"reach {address}")["reach"] == "good"
        assert seat.ask(f"reach {address.partition('@')[0]}")["reach"] == "good"
        assert seat.ask(f"reach {address.partition('@')[0]}@1-2.5")["reach"] == "absent"
        usb_sam.unplug()
        stage.lines.until("unplugged")
        assert seat.ask(f"reach {address}")["reach"] == "absent"
        assert address not in [found[0] for found in seat.ask("plugged")["found"]]


def test_a_path_is_there_or_not(tmp_path: Path) -> None:
    assert reach(str(tmp_path / "nothing")) is Reach.ABSENT
    master, slave = os.openpty()
    assert reach(os.ttyname(slave)) is Reach.GOOD
    os.close(master)
    os.close(slave)


def test_a_listener_answers_or_not() -> None:
    far_end = TcpFarEnd()
    far_end.plug()
    assert reach(str(far_end)) is Reach.GOOD
    far_end.unplug()
    assert reach(str(far_end)) is Reach.UNREACHABLE


def test_no_address_is_a_fault_of_the_settings() -> None:
    with pytest.raises(ConfigError):
        reach("usb:here")


def _findings(tmp_path: Path, tables: str) -> dict[str, Finding]:
    file = tmp_path / "linban.toml"
    file.write_text(tables, encoding="utf-8")
    return {finding.subject: finding for finding in devices_found(load(file))}


def test_every_class_has_one_line_and_its_own_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", str(tmp_path / "no-pcscd"))
    monkeypatch.setattr("devices.transport.plugged_in.has_libusb", lambda: True)
    far_end = TcpFarEnd()
    far_end.plug()
    found = _findings(
        tmp_path,
        f"""
        [devices.id_card_reader]
        port = "usb:0400:C359@9-9"
        [devices.receipt_printer]
        port = "{far_end}"
        [devices.social_card_reader]
        [devices.sheet_printer]
        uri = "ipp://127.0.0.1:{far_end.port}/ipp/print"
        [devices.power_supply]
        address = "127.0.0.1:1"
        [devices.code_camera]
        port = "sim:{tmp_path}/camera"
        [devices.barcode_scanner]
        port = "usb:typo"
        """,
    )
    far_end.unplug()
    assert len(found) == len(DeviceClass)
    assert found["id card reader"].seen == "usb:0400:C359@9-9 is not there"
    assert found["receipt printer"].verdict is Verdict.WORKS
    assert found["sheet printer"].verdict is Verdict.WORKS
    assert "pcscd" in found["social card reader"].advice
    assert found["power supply"].seen == "tcp:127.0.0.1:1 does not answer"
    assert found["code camera"].verdict is Verdict.FAILS
    assert "HOST:PORT" in found["barcode scanner"].advice
    assert found["badge reader"].verdict is Verdict.LIMITED


def test_libraries_that_this_machine_lacks_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda: None)
    monkeypatch.setattr("devices.transport.pcsc_library.load_library", lambda: None)
    found = _findings(
        tmp_path,
        f"""
        [devices.id_card_reader]
        port = "usb:0400:C35A"
        [devices.social_card_reader]
        [devices.badge_reader]
        reader = "sim:{tmp_path}/slot"
        """,
    )
    assert "libusb-1.0-0" in found["id card reader"].advice
    assert "libpcsclite1" in found["social card reader"].advice
    assert found["badge reader"].seen == f"{tmp_path}/slot is not there"


def test_a_name_that_no_host_can_have_is_no_bug(tmp_path: Path) -> None:
    found = _findings(tmp_path, '[devices.io_board]\nport = "tcp:a..b:502"\nlights = {}\ninputs = {}')
    assert found["io board"].seen == "tcp:a..b:502 does not answer"


def test_what_no_setting_names_never_fails_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        Attached(address="usb:0400:C35A@1-2", what="ID card reader (SAM)", reach=Reach.FORBIDDEN),
        Attached(address="/dev/input/by-id/usb-x-event-kbd", what="keyboard", reach=Reach.FORBIDDEN),
    ]
    monkeypatch.setattr("devices.transport.plugged_in.plugged_in", lambda: found)
    reader, keyboard = plugged_in()
    assert (reader.verdict, keyboard.verdict) == (Verdict.LIMITED, Verdict.LIMITED)
    assert "70-linban.rules" in reader.advice
    assert "input" in keyboard.advice


def test_the_rules_for_udev_name_what_the_drivers_look_for() -> None:
    lines = [line for line in RULES.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    token = re.compile(r'[A-Z_]+(\{\w+\})?(==|=|!=|\+=)"[^"]*"')
    for line in lines:
        assert all(token.fullmatch(part) for part in line.split(", ")), line
    joined = "\n".join(lines)
    assert 'ATTR{idVendor}=="0400", ATTR{idProduct}=="c35a"' in joined
    assert 'ATTRS{idVendor}=="2b8b", ATTRS{idProduct}=="2721"' in joined
