"""What the end of a job proves: printed, failed, or nobody knows.

`printed` is the printer's own word and nothing less: job-state completed, with the reason
job-completed-successfully, and no fewer sides counted than the document has.  A printer that keeps no
count is believed on its word alone: RFC 8011 5.3.7 allows `completed` only when all sheets are stacked.
A count that is kept and too small is a contradiction, and a contradiction is `unconfirmed`.
"""

from __future__ import annotations

from devices.sheet_printer.ipp import JobState
from devices.sheet_printer.report import JobReport
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict

_SUCCESS = "job-completed-successfully"
_UNPRINTABLE = frozenset(
    (
        "document-format-error",
        "unsupported-document-format",
        "unsupported-compression",
        "document-unprintable-error",
    )
)


def judge(
    job: JobReport, expected: int | None, fault: PrintFault = PrintFault.NONE, begun: bool = True
) -> PrintOutcome:
    """The outcome behind a job that is final.

    `expected` is the number of sides of all copies, None when nobody could count them; `fault` says why we
    gave up, if we did; `begun` is False when the printer was never seen to work on it.
    """
    if job.state == JobState.COMPLETED:
        return _completed(job, expected)
    whole = job.sheets is not None and expected is not None and job.sheets >= expected
    if whole:
        return _unconfirmed(PrintFault.NO_ANSWER if fault is PrintFault.NONE else fault)
    if job.state == JobState.ABORTED:
        unprintable = bool(job.reasons & _UNPRINTABLE)
        why = PrintFault.UNPRINTABLE if unprintable else PrintFault.HARDWARE_ERROR
        return _failed(why if fault in (PrintFault.NONE, PrintFault.NO_ANSWER) else fault)
    why = fault if fault is not PrintFault.NONE else PrintFault.CANCELED
    if begun and (job.sheets is None or expected is None):
        # It may have been stopped after the last sheet: canceled says nothing about what was out by then.
        return _unconfirmed(why)
    return _failed(why)


def short(job: JobReport, expected: int | None) -> bool:
    """Whether a completed job counts too few sides: some printers finish counting after they finish."""
    return (
        job.state == JobState.COMPLETED
        and job.sheets is not None
        and expected is not None
        and job.sheets < expected
    )


def _completed(job: JobReport, expected: int | None) -> PrintOutcome:
    if _SUCCESS not in job.reasons or expected is None or short(job, expected):
        return _unconfirmed(PrintFault.NO_ANSWER)
    return PrintOutcome(verdict=PrintVerdict.PRINTED)


def _failed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.FAILED, fault=fault)


def _unconfirmed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=fault)
