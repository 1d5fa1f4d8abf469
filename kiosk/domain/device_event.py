"""What a device tells unasked (XFS4IoT unsolicited events)."""

from __future__ import annotations

from enum import StrEnum


class DeviceEvent(StrEnum):
    """Something happened at a device; nobody had asked for it."""

    MEDIA_PRESENTED = "media_presented"
    """Paper stands in the mouth of the printer."""
    MEDIA_TAKEN = "media_taken"
    """Somebody pulled it out."""
    MEDIA_LEFT_BEHIND = "media_left_behind"
    """Nobody did, for longer than a session lasts."""
    CARD_REMOVED = "card_removed"
    PAPER_THRESHOLD = "paper_threshold"
    """Paper has become low, has run out, or was loaded."""
    HELP_PRESSED = "help_pressed"
    HELP_RELEASED = "help_released"
    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    PERSON_CAME = "person_came"
    PERSON_LEFT = "person_left"
    POWER_LOST = "power_lost"
    POWER_BACK = "power_back"
    BATTERY_LOW = "battery_low"
