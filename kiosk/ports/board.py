"""Lights, help button, door and presence: the board behind the terminal's front."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from kiosk.domain.device_status import CompletionCode
from kiosk.ports.device import DevicePort


class LightPosition(StrEnum):
    """Where a light is (XFS4IoT Lights)."""

    ID_CARD_READER = "id_card_reader"
    SOCIAL_CARD_READER = "social_card_reader"
    RECEIPT_PRINTER = "receipt_printer"
    SHEET_PRINTER = "sheet_printer"
    BARCODE_SCANNER = "barcode_scanner"
    DOCUMENT_CAMERA = "document_camera"
    STATUS = "status"


class FlashRate(StrEnum):
    """How a light shines."""

    OFF = "off"
    SLOW = "slow"
    """Half a second on, half a second off: put it here."""
    CONTINUOUS = "continuous"


class Input(StrEnum):
    """What the board can feel."""

    HELP_BUTTON = "help_button"
    DOOR_OPEN = "door_open"
    """The cabinet is open: somebody serves the machine, or should not."""
    PRESENCE = "presence"
    """Somebody stands in front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardReading:
    """What the board felt at one moment; an input that is not wired is absent."""

    inputs: dict[Input, bool]


class IoBoard(DevicePort):
    """A board of lights and switches. Lights go out by themselves when the program dies, where the board can."""

    @abstractmethod
    def set_light(self, position: LightPosition, rate: FlashRate) -> CompletionCode:
        """Let a light shine; `unsupported_data` for one that is not wired."""

    @abstractmethod
    def read(self) -> BoardReading | None:
        """Feel the inputs and let slow lights blink; None when the board did not answer."""
