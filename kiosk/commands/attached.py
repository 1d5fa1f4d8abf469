"""The part of `kiosk doctor` that looks at devices: those in the settings, and those that are plugged in.

How an address is looked at is known to the package that speaks to devices; it is loaded by name.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from kiosk.commands.finding import Finding, Verdict
from kiosk.config import Settings
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import ConfigError

_IPP_PORT = 631
_PCSC_SOCKET = "/run/pcscd/pcscd.comm"
_CAMERAS = (DeviceClass.CODE_CAMERA, DeviceClass.DOCUMENT_CAMERA)


def devices_found(settings: Settings) -> Iterator[Finding]:
    """One line for each device class: what the settings say of it can be reached."""
    for device in DeviceClass:
        table = getattr(settings.devices, device.value)
        subject = device.value.replace("_", " ")
        if table is None:
            advice = f"a table [devices.{device.value}] in the settings, if there is one"
            yield Finding(subject=subject, verdict=Verdict.LIMITED, seen="not attached", advice=advice)
        else:
            yield _look(device, subject, table)


def plugged_in() -> Iterator[Finding]:
    """What could stand in the settings, under the name to copy."""
    for found in _transport().plugged_in():
        # What no setting names is nobody's fault yet: a keyboard that may not be opened is as it should be.
        yield _finding(f"plugged in: {found.what}", found.address, found.reach, Verdict.LIMITED)


def _look(device: DeviceClass, subject: str, table: Struct) -> Finding:
    match device:
        case DeviceClass.SOCIAL_CARD_READER | DeviceClass.BADGE_READER:
            return _smart_card_service(subject, str(getattr(table, "reader", "")))
        case DeviceClass.SHEET_PRINTER:
            return _sheet_printer(subject, table)
        case DeviceClass.POWER_SUPPLY:
            return _reached(subject, f"tcp:{getattr(table, 'address', '')}")
        case _ if (port := str(getattr(table, "port", ""))).startswith("sim:") and device in _CAMERAS:
            return _reached(subject, port.removeprefix("sim:"))
        case _:
            return _reached(subject, port)


def _smart_card_service(subject: str, reader: str) -> Finding:
    if reader.startswith("sim:"):
        return _reached(subject, reader.removeprefix("sim:"))
    if not _transport().has_pcsc_library():
        seen, advice = "libpcsclite.so.1 is missing", "apt-get install libpcsclite1 pcscd"
        return Finding(subject=subject, verdict=Verdict.FAILS, seen=seen, advice=advice)
    socket = Path(os.environ.get("PCSCLITE_CSOCK_NAME", _PCSC_SOCKET))
    if socket.exists():
        return Finding(subject=subject, verdict=Verdict.WORKS, seen=f"PC/SC service at {socket}")
    return Finding(
        subject=subject,
        verdict=Verdict.FAILS,
        seen="no PC/SC service",
        advice="apt-get install pcscd, then systemctl enable --now pcscd.socket",
    )


def _sheet_printer(subject: str, table: Struct) -> Finding:
    """The queue of the local print service where there is one, else the printer itself."""
    uri = getattr(table, "spooler_uri", "") or getattr(table, "uri", "")
    parts = urlsplit(uri)
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    found = _reached(subject, f"tcp:{bracketed}:{parts.port or _IPP_PORT}")
    return Finding(subject=subject, verdict=found.verdict, seen=f"{uri}: {found.seen}", advice=found.advice)


def _reached(subject: str, address: str) -> Finding:
    try:
        return _finding(subject, address, _transport().reach(address))
    except ConfigError as error:
        return Finding(subject=subject, verdict=Verdict.FAILS, seen=address, advice=str(error))


_ADVICE = {
    "absent": "plug it in, or take its name from the lines “plugged in” of kiosk doctor",
    "no_library": "apt-get install libusb-1.0-0",
    "unreachable": "look at its cable and its address; a printer serves one terminal at a time",
}


def _finding(subject: str, address: str, reach: str, otherwise: Verdict = Verdict.FAILS) -> Finding:
    if reach == "good":
        return Finding(subject=subject, verdict=Verdict.WORKS, seen=address)
    words = {
        "absent": "is not there",
        "forbidden": "may not be opened",
        "unreachable": "does not answer",
        "no_library": "cannot be used: libusb is missing",
    }
    advice = _permission(address) if reach == "forbidden" else _ADVICE[reach]
    return Finding(subject=subject, verdict=otherwise, seen=f"{address} {words[reach]}", advice=advice)


def _permission(address: str) -> str:
    if address.startswith(("usb:", "hid:")):
        return "install packaging/udev/70-linban.rules, add the user to the group linban, plug it in again"
    group = "lp" if address.startswith("/dev/usb") else "input" if "/input/" in address else "dialout"
    group = "video" if "/v4l/" in address or "/video" in address else group
    return f"add the user to the group {group}"


def _transport() -> Any:
    return importlib.import_module("devices.transport.plugged_in")
