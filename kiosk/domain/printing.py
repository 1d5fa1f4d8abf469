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
    TONER_EMPTY = "toner_empty"
    OUTPUT_FULL = "output_full"
    """The tray that takes the printed sheets."""


class PrintWait(StrEnum):
    """What a printer waits for in the middle of a job: a hand puts it right, and it goes on by itself."""

    NOTHING = "nothing"
    PAPER = "paper"
    CLEARING = "clearing"
    """Of paper that is jammed."""
    CLOSING = "closing"
    """Of a cover or a door."""
    TONER = "toner"
    EMPTYING = "emptying"
    """Of the output tray."""
    HAND = "hand"
    """Something at the printer that it does not name."""
    ANSWER = "answer"
    """It does not answer at the moment."""
    TURN = "turn"
    """It prints something else first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintProgress:
    """How far a job has come, as the printer says."""

    sheets: int | None = None
    """Printed so far; None when the printer does not count."""
    waiting: PrintWait = PrintWait.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintOutcome:
    """The result of one try."""

    verdict: PrintVerdict
    fault: PrintFault = PrintFault.NONE
