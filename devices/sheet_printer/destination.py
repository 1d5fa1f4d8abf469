"""Where jobs are sent: a printer, or a queue of the local print service. Both speak IPP."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from devices.sheet_printer.connection import IppConnection, NoAnswer
from devices.sheet_printer.ipp import Attribute, Group, Operation, Response, Status, Tag
from devices.sheet_printer.report import (
    JOB_ATTRIBUTES,
    PRINTER_ATTRIBUTES,
    STATIC_ATTRIBUTES,
    Abilities,
    JobReport,
    PrinterReport,
    abilities,
    job_report,
    printer_report,
)
from kiosk.clock import Clock

USER_NAME = "linban"
JOB_PREFIX = "linban-"
A4 = "iso_a4_210x297mm"
PDF = "application/pdf"
_MOST_JOBS = 200


@dataclass(frozen=True, slots=True)
class Refused:
    """The server answered, and said no."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be printed."""

    name: str
    """Unlike that of any other job: by it a job is found again."""
    kind: str
    """The document's format."""
    document: bytes
    copies: int


class Destination:
    """One printer or queue. Every method ends at `deadline`, or when `cancel` is set."""

    def __init__(self, uri: str, clock: Clock, certificate_sha256: str = "") -> None:
        self._connection = IppConnection(uri, clock, certificate_sha256)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def describe(self, deadline: float, cancel: threading.Event) -> PrinterReport | Refused | NoAnswer:
        """How it is now."""
        group = self._printer_attributes(PRINTER_ATTRIBUTES, deadline, cancel)
        return printer_report(group) if isinstance(group, Group) else group

    def abilities(self, deadline: float, cancel: threading.Event) -> Abilities | Refused | NoAnswer:
        """What it takes and who it is."""
        group = self._printer_attributes(STATIC_ATTRIBUTES, deadline, cancel)
        return abilities(group) if isinstance(group, Group) else group

    def create(
        self, order: Order, takes: Abilities, deadline: float, cancel: threading.Event
    ) -> JobReport | Refused | NoAnswer:
        """Announce a job; nothing is printed until its document is sent."""
        return self._job(
            self._connection.ask(
                Operation.CREATE_JOB, deadline, cancel, about=_naming(order), job=_template(order, takes)
            )
        )

    def send(
        self, job: int, order: Order, deadline: float, cancel: threading.Event
    ) -> JobReport | Refused | NoAnswer:
        """Send the document of a job that was announced."""
        about = (
            Attribute(Tag.INTEGER, "job-id", (job,)),
            _USER,
            Attribute(Tag.MIME_TYPE, "document-format", (order.kind,)),
            Attribute(Tag.BOOLEAN, "last-document", (True,)),
        )
        return self._job(
            self._connection.ask(
                Operation.SEND_DOCUMENT, deadline, cancel, about=about, document=order.document
            )
        )

    def print_at_once(
        self, order: Order, takes: Abilities, deadline: float, cancel: threading.Event
    ) -> JobReport | Refused | NoAnswer:
        """Job and document in one, for a printer that knows nothing else."""
        about = (*_naming(order), Attribute(Tag.MIME_TYPE, "document-format", (order.kind,)))
        return self._job(
            self._connection.ask(
                Operation.PRINT_JOB,
                deadline,
                cancel,
                about=about,
                job=_template(order, takes),
                document=order.document,
            )
        )

    def job(self, number: int, deadline: float, cancel: threading.Event) -> JobReport | Refused | NoAnswer:
        """How a job is."""
        about = (
            Attribute(Tag.INTEGER, "job-id", (number,)),
            _USER,
            Attribute(Tag.KEYWORD, "requested-attributes", JOB_ATTRIBUTES),
        )
        job = self._job(self._connection.ask(Operation.GET_JOB_ATTRIBUTES, deadline, cancel, about=about))
        if isinstance(job, JobReport) and job.number != number:
            return Refused(Status.NOT_FOUND)  # it told of another one
        return job

    def jobs(self, which: str, deadline: float, cancel: threading.Event) -> list[JobReport] | NoAnswer:
        """Its jobs that are `not-completed` or `completed`; none when it does not say."""
        about = (
            _USER,
            Attribute(Tag.INTEGER, "limit", (_MOST_JOBS,)),
            Attribute(Tag.KEYWORD, "which-jobs", (which,)),
            Attribute(Tag.KEYWORD, "requested-attributes", JOB_ATTRIBUTES),
        )
        answer = self._connection.ask(Operation.GET_JOBS, deadline, cancel, about=about)
        if isinstance(answer, NoAnswer):
            return answer
        return [job_report(group) for group in answer.of(Tag.JOB_GROUP)] if answer.successful else []

    def find(self, name: str, deadline: float, cancel: threading.Event) -> JobReport | NoAnswer | None:
        """The job of that name, wherever it stands; None when there is none."""
        for which in ("not-completed", "completed"):
            jobs = self.jobs(which, deadline, cancel)
            if isinstance(jobs, NoAnswer):
                return jobs
            for job in jobs:
                if job.name == name:
                    return job
        return None

    def cancel(self, number: int, deadline: float, cancel: threading.Event, purge: bool = False) -> bool:
        """Cancel a job; with `purge` (CUPS) its document and every trace of it are removed as well."""
        about = [Attribute(Tag.INTEGER, "job-id", (number,)), _USER]
        if purge:
            about.append(Attribute(Tag.BOOLEAN, "purge-job", (True,)))
        answer = self._connection.ask(Operation.CANCEL_JOB, deadline, cancel, about=about)
        return isinstance(answer, Response) and answer.successful

    def purge(self, deadline: float, cancel: threading.Event) -> bool:
        """Remove every job of this queue with its documents."""
        answer = self._connection.ask(Operation.PURGE_JOBS, deadline, cancel, about=(_USER,))
        return isinstance(answer, Response) and answer.successful

    def resume(self, deadline: float, cancel: threading.Event) -> bool:
        """Let a queue that was stopped go on."""
        answer = self._connection.ask(Operation.RESUME_PRINTER, deadline, cancel, about=(_USER,))
        return isinstance(answer, Response) and answer.successful

    def _printer_attributes(
        self, names: tuple[str, ...], deadline: float, cancel: threading.Event
    ) -> Group | Refused | NoAnswer:
        about = (_USER, Attribute(Tag.KEYWORD, "requested-attributes", names))
        answer = self._connection.ask(Operation.GET_PRINTER_ATTRIBUTES, deadline, cancel, about=about)
        if isinstance(answer, NoAnswer):
            return answer
        return answer.first(Tag.PRINTER_GROUP) if answer.successful else Refused(answer.status)

    def _job(self, answer: Response | NoAnswer) -> JobReport | Refused | NoAnswer:
        if isinstance(answer, NoAnswer):
            return answer
        if not answer.successful:
            return Refused(answer.status)
        job = job_report(answer.first(Tag.JOB_GROUP))
        # A success without a job is no job.
        return job if job.number > 0 else Refused(Status.NOT_FOUND)


_USER = Attribute(Tag.NAME, "requesting-user-name", (USER_NAME,))


def _naming(order: Order) -> tuple[Attribute, ...]:
    return (
        _USER,
        Attribute(Tag.NAME, "job-name", (order.name,)),
        Attribute(Tag.BOOLEAN, "ipp-attribute-fidelity", (False,)),
    )


def _template(order: Order, takes: Abilities) -> tuple[Attribute, ...]:
    attributes = [
        Attribute(Tag.INTEGER, "copies", (order.copies,)),
        Attribute(Tag.KEYWORD, "sides", ("one-sided",)),
    ]
    if A4 in takes.media:
        attributes.append(Attribute(Tag.KEYWORD, "media", (A4,)))
    return tuple(attributes)
