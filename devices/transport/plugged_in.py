"""What is plugged in, under the addresses that the settings take, and whether an address can be used.

Looks at names and permissions only and opens no device, so that a terminal that runs is not disturbed;
a listener on the network is connected to and let go at once.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from devices.transport.address import PathAddress, TcpAddress, UsbAddress, parse_address
from devices.transport.hid_raw import find_hidraw

_USB_DEVICES: Final = Path("/sys/bus/usb/devices")
_CONNECT_S: Final = 1.0
_PRINTER_CLASS: Final = "07"
_KNOWN: Final = {
    (0x0400, 0xC35A): ("usb", "ID card reader (SAM)"),
    (0x2B8B, 0x2721): ("hid", "ID card reader (SAM, HID)"),
}
"""Ids that were read in published programs for such readers; everything else is told by its class."""
_FOLDERS: Final = (
    ("/dev/serial/by-path", "*", "serial line"),
    ("/dev/v4l/by-path", "*-video-index0", "camera"),
    ("/dev/input/by-id", "*-event-kbd", "keyboard, or a scanner that types"),
    ("/dev/usb", "lp*", "printer node"),
)


class Reach(StrEnum):
    """Whether an address can be used."""

    GOOD = "good"
    ABSENT = "absent"
    FORBIDDEN = "forbidden"
    """It is there, and this user may not open it."""
    UNREACHABLE = "unreachable"
    """A host, or what should listen on it."""
    NO_LIBRARY = "no_library"
    """This machine lacks the library that speaks to such devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """Something that could stand in the settings."""

    address: str
    what: str
    reach: Reach


def plugged_in() -> list[Attached]:
    """Everything found that a driver could speak to."""
    return [*_usb_devices(), *_nodes()]


def reach(address: str) -> Reach:
    """Whether `address` can be used by this user. Raises `ConfigError` when it is none."""
    match parse_address(address):
        case PathAddress(path):
            return _reach_node(Path(path))
        case TcpAddress(host, port):
            return _reach_host(host, port)
        case UsbAddress(vendor, product, bus_path, hid=True):
            node = find_hidraw(vendor, product, bus_path)
            return Reach.ABSENT if node is None else _reach_node(node)
        case UsbAddress() if not has_libusb():
            return Reach.NO_LIBRARY
        case UsbAddress(vendor, product, bus_path):
            found = (
                entry
                for entry in _usb_entries()
                if _ids(entry) == (vendor, product) and bus_path in (None, entry.name)
            )
            entry = next(found, None)
            return Reach.ABSENT if entry is None else _reach_node(_usb_node(entry))


def has_libusb() -> bool:
    """Whether `usb:` addresses can be spoken to at all."""
    from usb.backend import libusb1

    return libusb1.get_backend() is not None


def has_pcsc_library() -> bool:
    """Whether a smart card reader can be spoken to, were the service there."""
    from devices.transport.pcsc_library import load_library

    return load_library() is not None


def _usb_devices() -> Iterator[Attached]:
    for entry in _usb_entries():
        ids = _ids(entry)
        form, what = _KNOWN.get(ids, ("usb", _class_of(entry)))
        if what:
            address = f"{form}:{ids[0]:04X}:{ids[1]:04X}@{entry.name}"
            yield Attached(address=address, what=what, reach=reach(address))


def _nodes() -> Iterator[Attached]:
    for folder, pattern, what in _FOLDERS:
        for node in sorted(Path(folder).glob(pattern)):
            yield Attached(address=str(node), what=what, reach=_reach_node(node))


def _usb_entries() -> list[Path]:
    """Devices, not their interfaces (which have no vendor)."""
    try:
        return sorted(entry for entry in _USB_DEVICES.iterdir() if (entry / "idVendor").exists())
    except OSError:
        return []


def _ids(entry: Path) -> tuple[int, int]:
    return _number(entry / "idVendor", 16), _number(entry / "idProduct", 16)


def _class_of(entry: Path) -> str:
    for interface in sorted(entry.glob(f"{entry.name}:*/bInterfaceClass")):
        if _text(interface) == _PRINTER_CLASS:
            return " ".join(
                filter(None, ("printer", _text(entry / "manufacturer"), _text(entry / "product")))
            )
    return ""


def _usb_node(entry: Path) -> Path:
    return Path(f"/dev/bus/usb/{_number(entry / 'busnum'):03}/{_number(entry / 'devnum'):03}")


def _reach_node(node: Path) -> Reach:
    if not node.exists():
        return Reach.ABSENT
    return Reach.GOOD if os.access(node, os.R_OK | os.W_OK) else Reach.FORBIDDEN


def _reach_host(host: str, port: int) -> Reach:
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return Reach.GOOD
    except (OSError, UnicodeError):  # the latter: a name that no host can have
        return Reach.UNREACHABLE


def _number(file: Path, base: int = 10) -> int:
    try:
        return int(_text(file), base)
    except ValueError:
        return 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
