"""The slip of a result: printed, printed again, doubted, taken or not wanted.

It speaks only while a result is shown. Whether a slip came out is what the printer said, or the person: never a guess.
"""

from __future__ import annotations

from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.domain.receipt import Receipt
from kiosk.flow.effects import Effect, NoteSlipTaken, PrintSlip
from kiosk.flow.journey import Journey, SlipState, Stage

_AFTER = {
    PrintVerdict.PRINTED: SlipState.PRINTED,
    PrintVerdict.FAILED: SlipState.FAILED,
    PrintVerdict.UNCONFIRMED: SlipState.UNCONFIRMED,
}
_MAY_BE_PRINTED_AGAIN = frozenset({SlipState.FAILED, SlipState.UNCONFIRMED, SlipState.NONE})
_MAY_BE_TAKEN = frozenset({SlipState.PRINTED, SlipState.UNCONFIRMED})


def is_printing(journey: Journey) -> bool:
    """The printer has been asked and has not answered."""
    return journey.stage is Stage.RESULT and journey.slip is SlipState.PRINTING


def print_slip(receipt: Receipt, journey: Journey) -> list[Effect]:
    """One more try; the first is number 1."""
    journey.slip, journey.slip_fault = SlipState.PRINTING, PrintFault.NONE
    journey.slip_attempts += 1
    return [PrintSlip(receipt, journey.slip_attempts)]


def leave_in_doubt(journey: Journey) -> None:
    """Somebody else began to print it and cannot be asked: it may be in the tray, and the next one is a reprint."""
    journey.slip, journey.slip_attempts = SlipState.UNCONFIRMED, 1


def ended(outcome: PrintOutcome, journey: Journey) -> None:
    """How the try ended; an answer that nobody waits for changes nothing."""
    if is_printing(journey):
        journey.slip, journey.slip_fault = _AFTER[outcome.verdict], outcome.fault


def print_again(journey: Journey) -> list[Effect]:
    """Another try, unless one is under way or its slip is known to be out."""
    may = journey.stage is Stage.RESULT and journey.slip in _MAY_BE_PRINTED_AGAIN
    return print_slip(journey.receipt, journey) if may and journey.receipt is not None else []


def pulled(journey: Journey) -> list[Effect]:
    """Paper was pulled out: the slip, if it is known to be printed. Half a slip can be pulled out too."""
    return taken(journey) if journey.slip is SlipState.PRINTED else []


def taken(journey: Journey) -> list[Effect]:
    """It is in somebody's hand; noted once."""
    may = journey.stage is Stage.RESULT and journey.slip in _MAY_BE_TAKEN
    if not may or journey.receipt is None:
        return []
    journey.slip, journey.slip_fault = SlipState.TAKEN, PrintFault.NONE
    return [NoteSlipTaken(journey.receipt)]


def decline(journey: Journey) -> None:
    """Nobody wants it; what is being printed comes out all the same."""
    if journey.stage is Stage.RESULT and not is_printing(journey):
        journey.slip = SlipState.DECLINED
