"""What `kiosk queue status` tells: the queue in numbers, whether new cases are taken, and how long the disk lasts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from kiosk.commands.journal_words import STANDING
from kiosk.config import Settings
from kiosk.domain.enrolment import Standing
from kiosk.journal import backup
from kiosk.journal.attachments import AttachmentSummary
from kiosk.journal.headroom import HeadRoom
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import QueueSummary

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """The journal as staff should know it; nothing personal."""

    terminal_number: str | None
    standing: Standing
    cases: QueueSummary
    attachments: AttachmentSummary
    room: HeadRoom
    free_bytes: int
    log_is_stuck: bool
    backups: tuple[str, ...]
    """Names of the copies, the newest first."""


def look(journal: Journal, settings: Settings) -> QueueStatus:
    """Ask the journal; changes nothing."""
    enrolment, free = journal.settings.enrolment(), journal.free_bytes()
    return QueueStatus(
        terminal_number=enrolment.terminal_number if enrolment else None,
        standing=journal.settings.standing(),
        cases=journal.outbox.summary(),
        attachments=journal.attachments.summary(),
        room=journal.headroom(free, settings.keeping.reserve_mib * _MIB),
        free_bytes=free,
        log_is_stuck=journal.log_is_stuck,
        backups=tuple(
            file.name for file in backup.newest_first(settings.journal_file.with_name(backup.FOLDER))
        ),
    )


def as_report(status: QueueStatus) -> dict[str, Any]:
    """For programs: the queue's numbers at the top, as they always were."""
    report = {**asdict(status.cases), **asdict(status)}
    del report["cases"]
    return report


def as_lines(status: QueueStatus) -> list[str]:
    """For people."""
    cases, room = status.cases, status.room
    days = "no pace known yet" if room.days_left is None else f"{min(room.days_left, 9999):.0f} days"
    taken = (
        "cases and attachments"
        if room.attachments_allowed
        else "cases only"
        if room.cases_allowed
        else "nothing"
    )
    lines = [
        f"terminal       {status.terminal_number or 'not enrolled'}: {STANDING[status.standing]}",
        f"waiting        {cases.pending + cases.leased}",
        f"need a person  {cases.parked}",
        f"delivered      {cases.acknowledged}",
        f"oldest waiting {age(cases.oldest_unsent_s)}",
        f"last delivered {moment(cases.last_acknowledged_at)}",
        f"attachments    {status.attachments.waiting} waiting, {status.attachments.waiting_bytes / _MIB:.1f} MiB",
        f"disk           {status.free_bytes / _MIB:,.0f} MiB free, {days} offline; takes {taken}",
        f"backups        {len(status.backups)}{f', newest {status.backups[0]}' if status.backups else ''}",
    ]
    if status.log_is_stuck:
        lines.append("the journal's log is not folded in: some program holds the journal open and hangs")
    return lines


def age(seconds: float | None) -> str:
    """How long, as precisely as anybody needs it."""
    if seconds is None:
        return "–"
    minutes, hours = seconds / 60, seconds / 3600
    return f"{minutes:.0f} min" if hours < 2 else f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


def moment(when: datetime | None) -> str:
    """When, by this machine's clock."""
    return "–" if when is None else f"{when.astimezone():%Y-%m-%d %H:%M}"
