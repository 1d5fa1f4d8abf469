"""What a device says of itself, in the vocabulary of CEN XFS4IoT (Common, CardReader, Printer).

A status is a value that is read and shown; an expected fault is never an exception.  Where a device
cannot report something the field says `unknown`, and the screen asks the person: it never shows green.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeviceClass(StrEnum):
    """The device classes this terminal knows; the value is the key of its settings table."""

    ID_CARD_READER = "id_card_reader"
    RECEIPT_PRINTER = "receipt_printer"
    BARCODE_SCANNER = "barcode_scanner"
    SOCIAL_CARD_READER = "social_card_reader"
    BADGE_READER = "badge_reader"
    SHEET_PRINTER = "sheet_printer"
    CODE_CAMERA = "code_camera"
    DOCUMENT_CAMERA = "document_camera"
    IO_BOARD = "io_board"
    POWER_SUPPLY = "power_supply"
    FINGERPRINT_READER = "fingerprint_reader"


class DeviceState(StrEnum):
    """XFS4IoT Common `device`."""

    STARTING = "starting"
    """Being opened and initialised."""
    ONLINE = "online"
    OFFLINE = "offline"
    """The port is there, the device does not answer; or it is gone for longer than a moment."""
    POWER_OFF = "power_off"
    NO_DEVICE = "no_device"
    """Its port has vanished, or was never there."""
    HARDWARE_ERROR = "hardware_error"
    """Needs an engineer: self-test failed, cutter broken, reader unlicensed."""
    USER_ERROR = "user_error"
    """Needs a hand: cover open, paper jammed."""
    BUSY = "busy"


class MediaState(StrEnum):
    """XFS4IoT `media`: a card on the plate, a slip in the mouth of the printer."""

    UNKNOWN = "unknown"
    PRESENT = "present"
    NOT_PRESENT = "not_present"
    JAMMED = "jammed"


class SupplyState(StrEnum):
    """XFS4IoT Printer `paper`."""

    UNKNOWN = "unknown"
    FULL = "full"
    LOW = "low"
    OUT = "out"


class DeviceDetail(StrEnum):
    """The one thing a person can do something about, beyond the three states."""

    NONE = "none"
    COVER_OPEN = "cover_open"
    CUTTER_ERROR = "cutter_error"
    HEAD_TOO_HOT = "head_too_hot"
    SELF_TEST_FAILED = "self_test_failed"
    NOT_LICENSED = "not_licensed"
    PORT_IN_USE = "port_in_use"
    """Another program holds the port."""
    NOT_CONFIGURED = "not_configured"
    WRONG_DEVICE = "wrong_device"
    """Something answers on the port that is not this kind of device."""
    ON_BATTERY = "on_battery"
    """The mains are gone: what was begun is finished, nothing new is begun."""
    BATTERY_LOW = "battery_low"
    """The machine is shut down within minutes."""
    REPLACE_BATTERY = "replace_battery"
    TONER_LOW = "toner_low"
    TONER_EMPTY = "toner_empty"
    OUTPUT_FULL = "output_full"
    TRAY_MISSING = "tray_missing"
    PAUSED = "paused"
    """Stopped by hand, at its panel or by an engineer."""
    NO_CONFIRMATION = "no_confirmation"
    """It prints and never says that it has: a person is asked after each slip."""
    TRIGGER_REFUSED = "trigger_refused"
    """A scanner that does not take the command to look: it must be set to look by itself."""
    LENS_COVERED = "lens_covered"
    """A camera that sees nothing: covered, or in a room without any light."""
    PICTURE_FROZEN = "picture_frozen"
    """A camera that sends the same picture, to the last bit: no sensor does that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """The state of one device at one moment."""

    state: DeviceState
    media: MediaState = MediaState.UNKNOWN
    paper: SupplyState = SupplyState.UNKNOWN
    detail: DeviceDetail = DeviceDetail.NONE

    @property
    def usable(self) -> bool:
        """Whether a resident can be sent to this device now."""
        return self.state in (DeviceState.ONLINE, DeviceState.BUSY) and self.paper is not SupplyState.OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCapabilities:
    """XFS4IoT `deviceInformation`, as far as the device tells it."""

    model: str = ""
    serial_number: str = ""
    firmware: str = ""


class CompletionCode(StrEnum):
    """How a command to a device ended; exactly one of these, always (XFS4IoT)."""

    SUCCESS = "success"
    COMMAND_ERROR = "command_error"
    CANCELED = "canceled"
    DEVICE_NOT_READY = "device_not_ready"
    HARDWARE_ERROR = "hardware_error"
    TIMED_OUT = "timed_out"
    SEQUENCE_ERROR = "sequence_error"
    UNSUPPORTED_DATA = "unsupported_data"
