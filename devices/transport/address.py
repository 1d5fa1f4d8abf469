"""What a `port` in the settings names, and the port behind it.

    /dev/serial/by-path/…     a serial line (also any other path: a pty, a link)
    /dev/usb/lp0              a USB printer's character device
    tcp:HOST:PORT             a listener on the network (receipt printers: 9100); an IPv6 address in brackets
    usb:VID:PID[@BUS-PATH]    a pair of bulk pipes, ids hexadecimal as `lsusb` prints them
    hid:VID:PID[@BUS-PATH]    64-byte HID reports

The BUS-PATH (`1-2.3`: bus, then the sockets; the name under /sys/bus/usb/devices) tells two alike devices
apart, which have no serial numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.transport.byte_port import BytePort
from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError

ADDRESS_FORMS: Final = "a path, tcp:HOST:PORT, usb:VID:PID[@BUS-PATH] or hid:VID:PID[@BUS-PATH]"
_USB: Final = re.compile(r"(usb|hid):([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?:@([0-9]+-[0-9]+(?:\.[0-9]+)*))?")
_TCP: Final = re.compile(r"tcp:(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):([0-9]{1,5})")
_LP_NODE: Final = re.compile(r"/dev/(usb/)?lp[0-9]+|/dev/usblp[0-9]+")


@dataclass(frozen=True, slots=True)
class PathAddress:
    """A node in the file system."""

    path: str

    @property
    def is_printer_node(self) -> bool:
        """Whether the name is that of a printer's character device."""
        return _LP_NODE.fullmatch(self.path) is not None


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A listener on the network."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """A USB device by its ids, and by its socket where it has twins."""

    vendor: int
    product: int
    bus_path: str | None = None
    """`1-2.3`; None: the first one found."""
    hid: bool = False
    """Spoken to in HID reports instead of bulk transfers."""


Address = PathAddress | TcpAddress | UsbAddress


def parse_address(text: str, key: str = "port") -> Address:
    """Take an address apart. Raises `ConfigError`, which names `key`."""
    if (found := _USB.fullmatch(text)) is not None:
        kind, vendor, product, bus_path = found.groups()
        return UsbAddress(int(vendor, 16), int(product, 16), bus_path, hid=kind == "hid")
    if (found := _TCP.fullmatch(text)) is not None and 0 < int(found[3]) < 65536:
        return TcpAddress(found[1] or found[2], int(found[3]))
    # Any other word with a colon before its first slash is one of the forms above, misspelt.
    if not text or ":" in text.partition("/")[0]:
        raise ConfigError("settings", key, ADDRESS_FORMS)
    return PathAddress(text)


def port_at(address: str, baud: int = 115200, clock: Clock | None = None, *, key: str = "port") -> BytePort:
    """The port behind `address`, not yet opened. Raises `ConfigError`, which names `key`."""
    clock = clock or SystemClock()
    match parse_address(address, key):
        case PathAddress() as node if node.is_printer_node:
            from devices.transport.lp_node import LpNode

            return LpNode(node.path, clock)
        case PathAddress(path):
            from devices.transport.serial_port import SerialPort

            return SerialPort(path, baud, clock)
        case TcpAddress(host, port):
            from devices.transport.tcp_port import TcpPort

            return TcpPort(host, port, clock)
        case UsbAddress(vendor, product, bus_path, hid=True):
            from devices.transport.hid_raw import HidRawPort

            return HidRawPort(vendor, product, bus_path, clock)
        case UsbAddress(vendor, product, bus_path):
            from devices.transport.usb_bulk import UsbBulkPort

            return UsbBulkPort(vendor, product, bus_path, clock)
