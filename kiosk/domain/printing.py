"""The life of a print job, apart from the life of the case it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PrintState(StrEnum):
    """Where a print job stands. `unknown` is an answer too: then the person is asked."""

    QUEUED = "queued"
    PRINTING = "printing"
    PRINTED = "printed"
    """The printer itself confirmed it."""
    TAKEN = "taken"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may or may not be on paper: power cut, cable pulled, no answer."""


class PrintVerdict(StrEnum):
    """How one try to print ended."""

    PRINTED = "printed"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


class PrintFault(StrEnum):
    """Why a try did not end as `printed`."""

    NONE = "none"
    PAPER_OUT = "paper_out"
    PAPER_JAMMED = "paper_jammed"
    COVER_OPEN = "cover_open"
    CUTTER_ERROR = "cutter_error"
    HEAD_TOO_HOT = "head_too_hot"
    OFFLINE = "offline"
    NO_PRINTER = "no_printer"
    NO_ANSWER = "no_answer"
    """Everything was sent, and the printer did not say that it printed it."""
    CANCELED = "canceled"
    UNPRINTABLE = "unprintable"
    """The document cannot be put on this printer."""
    HARDWARE_ERROR = "hardware_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintOutcome:
    """The result of one try."""

    verdict: PrintVerdict
    fault: PrintFault = PrintFault.NONE
