"""A place for badges that is not there."""

from __future__ import annotations

from typing import Any

from devices.chip_card.chip import BADGES, OTHER_CARDS, Chip, badge
from devices.chip_card.simulator import SlotSimulator


class BadgeReaderSimulator(SlotSimulator):
    """See `devices.chip_card.simulator` for its lines and its faults."""

    name = "badge-reader"
    cards = BADGES | OTHER_CARDS | {"badge": BADGES["badge-assistant"]}
    default_card = "badge-assistant"

    def custom_card(self, fields: dict[str, Any]) -> Chip:
        """See `SlotSimulator`: `uid`, hexadecimal."""
        return badge(bytes.fromhex(str(fields.get("uid", ""))))
