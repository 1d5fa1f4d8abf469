"""The resident as a document shows them. Lives in memory only, masked on every screen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


class DocumentKind(StrEnum):
    """The documents that tell who somebody is: those with the resident-card chip, and the social-security card."""

    RESIDENT_ID_CARD = "resident_id_card"
    HMT_RESIDENCE_PERMIT = "hmt_residence_permit"
    """Residence permit for Hong Kong, Macao and Taiwan residents (type J)."""
    FOREIGN_PERMANENT_2017 = "foreign_permanent_2017"
    """Foreigner's permanent residence card, 2017 layout (type I)."""
    FOREIGN_PERMANENT_2023 = "foreign_permanent_2023"
    """Foreigner's permanent residence card, 2023 layout (type Y)."""
    SOCIAL_SECURITY_CARD = "social_security_card"
    """It tells neither address nor issuer; its number here is the citizen's, not that of the card."""
    IDENTITY_CODE = "identity_code"
    """No document at all: a live code was shown, and the platform told whose it is."""


class Sex(StrEnum):
    """GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSPECIFIED = "9"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDocument:
    """What one read of one card told, whole: there is no such thing as half an identity."""

    kind: DocumentKind
    name: str
    number: str
    sex: Sex
    birth: date
    valid_from: date | None
    valid_until: date | None
    """None with a `valid_from` means 长期, without end."""
    nation_code: str = ""
    address: str = ""
    issuer: str = ""
    english_name: str = ""
    nationality: str = ""
    pass_number: str = ""
    has_photo: bool = False
    has_fingerprint: bool = False

    @property
    def number_agrees(self) -> bool:
        """Whether birth date and sex agree with the number; a mismatch is a warning, not a fault."""
        if not is_citizen_number(self.number):
            return True
        same_birth = self.number[6:14] == self.birth.strftime("%Y%m%d")
        male = int(self.number[16]) % 2 == 1
        same_sex = self.sex not in (Sex.MALE, Sex.FEMALE) or male == (self.sex is Sex.MALE)
        return same_birth and same_sex

    def expired(self, today: date) -> bool:
        """Whether the document's last day lies before `today`."""
        return self.valid_until is not None and self.valid_until < today


def is_citizen_number(text: str) -> bool:
    """Whether `text` is an 18-character citizen number with a right check character (GB 11643)."""
    if not re.fullmatch(r"[0-9]{17}[0-9Xx]", text, re.ASCII):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return _CHECK_DIGITS[total % 11] == text[17].upper()


def mask_name(name: str) -> str:
    """The name as a screen or a slip may show it: 张**, J** S****."""
    if " " in name.strip() and name.isascii():
        return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())
    return name[:1] + "*" * max(len(name) - 1, 1)


def mask_number(number: str) -> str:
    """A document number as a screen may show it: first four and last three, 1101************02X."""
    if len(number) < 10:
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[:4] + "*" * (len(number) - 7) + number[-3:]


def mask_phone(phone: str) -> str:
    """A phone number as a screen may show it after it was given: 138****8000."""
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 9 else "*" * len(phone)
