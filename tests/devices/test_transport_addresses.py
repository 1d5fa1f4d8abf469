"""What stands as a `port` in the settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.transport.address import (
    PathAddress,
    TcpAddress,
    UsbAddress,
    parse_address,
    port_at,
)
from devices.transport.hid_raw import HidRawPort
from devices.transport.lp_node import LpNode
from devices.transport.serial_port import SerialPort
from devices.transport.tcp_port import TcpPort
from devices.transport.usb_bulk import UsbBulkPort
from kiosk.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0", SerialPort),
        ("/dev/ttyS1", SerialPort),
        ("relative/link", SerialPort),
        ("/dev/usb/lp0", LpNode),
        ("/dev/lp1", LpNode),
        ("tcp:192.0.2.7:9100", TcpPort),
        ("tcp:[2001:db8::7]:9100", TcpPort),
        ("usb:0400:C35A", UsbBulkPort),
        ("usb:0400:c35a@1-2.3", UsbBulkPort),
        ("hid:2B8B:2721", HidRawPort),
    ],
)
def test_each_form_of_address_has_its_port(text: str, kind: type) -> None:
    port = port_at(text)
    assert type(port) is kind
    assert not port.is_open


def test_an_address_says_what_it_names() -> None:
    assert parse_address("usb:0400:c35a@1-2.3") == UsbAddress(0x0400, 0xC35A, "1-2.3")
    assert parse_address("hid:2b8b:2721") == UsbAddress(0x2B8B, 0x2721, None, hid=True)
    assert parse_address("tcp:[::1]:9100") == TcpAddress("::1", 9100)
    assert parse_address("/dev/usb/lp0") == PathAddress("/dev/usb/lp0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "usb:",
        "usb:400:C35A",
        "usb:0400:C35A@",
        "usb:0400:C35A@2",
        "usb:0400:C35A@1-",
        "usb:0400-C35A",
        "hid:2B8B:2721:1",
        "tcp:printer",
        "tcp:printer:0",
        "tcp:printer:65536",
        "tcp::9100",
        "tcp:a b:9100",
        "tcp:::1:9100",
        "serial:/dev/ttyS0",
        "http://printer",
        "COM1:",
    ],
)
def test_a_misspelt_address_is_named_with_its_key(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        port_at(text, key="devices.receipt_printer.port")
    assert caught.value.key == "devices.receipt_printer.port"
    assert "tcp:HOST:PORT" in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_fault_of_the_settings(text: str) -> None:
    try:
        port_at(text)
    except ConfigError:
        pass
