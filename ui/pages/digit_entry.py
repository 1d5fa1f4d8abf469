"""Digits as they are typed: how many, and in which groups they are shown."""

from __future__ import annotations

import re

from kiosk.catalogue.pack import FieldType
from kiosk.domain.receipt import in_fours

_LONGEST = {FieldType.PHONE: 12, FieldType.RECEIPT_NUMBER: 16}


class DigitEntry:
    """What was typed so far. Nothing but digits gets in."""

    def __init__(self, kind: FieldType = FieldType.DIGITS, max_length: int = 60) -> None:
        self.digits = ""
        self._kind = kind
        self._longest = min(_LONGEST.get(kind, max_length), max_length)

    def type(self, text: str) -> None:
        """Add the digits of `text`, as far as there is room."""
        self.digits = (self.digits + re.sub(r"[^0-9]", "", text))[: self._longest]

    def erase(self) -> None:
        """One digit back."""
        self.digits = self.digits[:-1]

    def clear(self) -> None:
        """All of them."""
        self.digits = ""

    @property
    def shown(self) -> str:
        """In the groups in which such a number is spoken."""
        return grouped(self._kind, self.digits)


def grouped(kind: FieldType, digits: str) -> str:
    """138 0013 8000; everything else in fours."""
    if kind is FieldType.PHONE:
        return " ".join(part for part in (digits[:3], digits[3:7], digits[7:]) if part)
    return in_fours(digits)
