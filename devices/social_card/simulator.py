"""A slot for social-security cards that is not there; the staff's badges go into it as well."""

from __future__ import annotations

from typing import Any

from devices.chip_card.chip import Chip
from devices.chip_card.simulator import SlotSimulator
from devices.social_card.practice_cards import DEFAULT_CARD, PRACTICE_CARDS, custom_card


class SocialCardReaderSimulator(SlotSimulator):
    """See `devices.chip_card.simulator` for its lines and its faults."""

    name = "social-card-reader"
    cards = PRACTICE_CARDS
    default_card = DEFAULT_CARD

    def custom_card(self, fields: dict[str, Any]) -> Chip:
        """See `SlotSimulator`."""
        return custom_card(fields)
