"""Which driver serves which settings: the house's own, and those that a vendor brings.

A vendor's driver is an entry point of the group `linban.drivers`, called as ours are: a function of the
class's settings and a clock.  Its name begins with `x-`, so that it can never stand in for one of ours.
"""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from typing import Any

from devices.badge.kind import KIND as BADGE
from devices.board.kind import KIND as BOARD
from devices.camera.kind import KIND as CAMERA
from devices.document_camera.kind import KIND as DOCUMENT_CAMERA
from devices.fingerprint.kind import KIND as FINGERPRINT
from devices.id_card.kind import KIND as ID_CARD
from devices.kind import DeviceKind
from devices.power.kind import KIND as POWER
from devices.scanner.kind import KIND as SCANNER
from devices.sheet_printer.kind import KIND as SHEET_PRINTER
from devices.slip_printer.kind import KIND as SLIP_PRINTER
from devices.social_card.kind import KIND as SOCIAL_CARD
from kiosk.clock import Clock
from kiosk.device_settings import DeviceSettings
from kiosk.errors import ConfigError
from kiosk.ports import DevicePort

log = logging.getLogger(__name__)

VENDORS = "linban.drivers"
FOREIGN = "x-"

KINDS: tuple[DeviceKind, ...] = (
    ID_CARD,
    SOCIAL_CARD,
    BADGE,
    SLIP_PRINTER,
    SHEET_PRINTER,
    SCANNER,
    CAMERA,
    DOCUMENT_CAMERA,
    BOARD,
    POWER,
    FINGERPRINT,
)


def make_driver(kind: DeviceKind, settings: DeviceSettings, clock: Clock) -> DevicePort | None:
    """The driver that the settings name; None when the class is not attached. Raises `ConfigError`.

    A driver whose library this machine lacks cannot be attached either; the others work all the same.
    """
    table = getattr(settings, kind.device.value)
    if table is None:
        return None
    try:
        return driver_called(kind, table.driver, table, clock)
    except ImportError as error:
        log.error("driver not loaded", extra={"device": kind.device.value, "cause": str(error)})
        return None


def driver_called(kind: DeviceKind, name: str, table: Any, clock: Clock) -> DevicePort:
    """The driver `name` of a class with its settings. Raises `ConfigError` when nobody brings it."""
    if name in kind.drivers:
        return kind.drivers[name](table, clock)
    for entry in entry_points(group=VENDORS, name=name):
        driver = entry.load()(table, clock)
        if isinstance(driver, DevicePort):
            return driver
        raise ConfigError("settings", f"devices.{kind.device}.driver", f"{entry.value} made no driver")
    known = ", ".join((*kind.drivers, *(entry.name for entry in entry_points(group=VENDORS))))
    raise ConfigError("settings", f"devices.{kind.device}.driver", f"one of {known}")
