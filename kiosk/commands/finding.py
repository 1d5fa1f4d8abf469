"""One line of what `kiosk doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    WORKS = "works"
    LIMITED = "limited"
    """Linban runs, with something missing."""
    FAILS = "fails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table."""

    subject: str
    verdict: Verdict
    seen: str
    advice: str = ""
