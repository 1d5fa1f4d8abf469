"""The heartbeat: how this terminal is, and what the platform's answer asks of it.

It carries the tail of the chain and the highest entry that this platform acknowledged here.  A platform that was
restored from a backup knows less than it once signed: what it misses is sent again from the journal.  A terminal
whose chain the platform does not trust any more (an old disk put back, a clone) is told its standing and makes no
new receipts.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import Clock, boot_id
from kiosk.config import Settings
from kiosk.domain.enrolment import Enrolment, Standing
from kiosk.errors import JournalError
from kiosk.journal.audit import AuditEvent, AuditField
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import QueueSummary
from sync.device_reports import device_reports
from sync.exchange import VERSION
from sync.heartbeat_wire import AuditRoot, DeviceReport, HeartbeatAnswer, HeartbeatRequest
from sync.platform_clock import PlatformClock

log = logging.getLogger(__name__)

_MIB = 1024 * 1024
_FAULTS_TOLD = 16
_ROOTS_TOLD = 40
_AT_ONCE = 12
_REFILL_S = 3600.0
_OPEN_KNOWN = 2000
_GONE_KNOWN = 1000
"""A platform that misses something else each time is asked of the journal again, and takes no memory."""


@dataclass(frozen=True, slots=True)
class Heeded:
    """What an answer led to."""

    sent_again: int
    """Entries that wait once more."""
    standing: Standing
    epoch_changed: bool


class _Allowance:
    """A dozen at once, and then one an hour.

    Two platforms that answer in turns, or one that never finds what it stored, would else have everything sent
    again with every heartbeat.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left, self._at_s = float(_AT_ONCE), clock.monotonic()

    @property
    def given(self) -> bool:
        """Whether there is one left."""
        now_s = self._clock.monotonic()
        self._left = min(self._left + (now_s - self._at_s) / _REFILL_S, float(_AT_ONCE))
        self._at_s = now_s
        return self._left >= 1.0

    def use(self) -> None:
        """One less."""
        self._left -= 1.0


class Heartbeat:
    """Writes heartbeats and heeds their answers. Used by one thread."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        platform_clock: PlatformClock,
        catalogue_digest: Callable[[], str] = lambda: "",
        faults: Callable[[], list[str]] = list,
    ) -> None:
        """`faults` names what else is wrong here; `catalogue_digest` which catalogue is in use."""
        self._settings, self._clock, self._platform_clock = settings, clock, platform_clock
        self._catalogue_digest, self._faults = catalogue_digest, faults
        self._started_s = clock.monotonic()
        self._told_acknowledged = 0
        self._open: list[int] = []
        """What was not acknowledged when the last heartbeat was written: it may be called missing and be there by now."""
        self._may_send_again, self._may_change_epoch = _Allowance(clock), _Allowance(clock)
        self._gone: dict[tuple[int, int], None] = {}
        """Gaps of which this journal has no body any more, the newest last: asking it again does not help."""

    def compose(self, journal: Journal, summary: QueueSummary) -> HeartbeatRequest:
        """How the terminal is now."""
        sequence, digest = journal.entries.tail()
        self._told_acknowledged = journal.outbox.highest_acknowledged()
        # Not by the time of an acknowledgement: our clock may have been ahead by years.
        self._open = journal.outbox.open_until(self._told_acknowledged, _OPEN_KNOWN)
        free_bytes, days_left, more = self._room(journal)
        faults = [*more, *self._faults()]
        if not self._platform_clock.wall_clock_trusted:
            faults.append("clock")
        if self._gone:
            faults.append("bodies_gone")
        return HeartbeatRequest(
            version=VERSION,
            pending=summary.pending + summary.leased,
            parked=summary.parked,
            oldest_unsent_s=summary.oldest_unsent_s,
            disk_free_bytes=free_bytes,
            uptime_s=max(self._clock.monotonic() - self._started_s, 0.0),
            boot_id=boot_id(),
            tail_sequence=sequence,
            tail_digest=digest if sequence else b"",
            acknowledged_sequence=self._told_acknowledged,
            clock_trusted=self._platform_clock.wall_clock_trusted,
            days_left=days_left,
            devices=self._devices(),
            faults=faults[:_FAULTS_TOLD],
            audit_roots=_roots(journal),
            catalogue=self._catalogue_digest(),
        )

    def heed(self, journal: Journal, answer: HeartbeatAnswer) -> Heeded:
        """Do what the answer asks for; each of it may be asked again without harm."""
        epoch_before = journal.settings.platform_epoch()
        # One that is not heeded now is not noted either: the next heartbeat finds it changed still.
        epoch_changed = epoch_before != answer.epoch and self._may_change_epoch.given
        again = 0
        if epoch_changed:
            self._may_change_epoch.use()
            if epoch_before is not None:
                again = journal.outbox.retry_set_apart()
            journal.attachments.ask_again(answer.epoch)
            self._gone.clear()
        if journal.settings.set_standing(answer.standing):
            log.warning("the platform calls this terminal %s", answer.standing.value)
            said = {AuditField.STANDING: answer.standing.value}
            journal.audit.append(AuditEvent.STANDING_CHANGED, detail=said)
        if answer.audit_roots_until is not None:
            journal.audit_roots.confirmed_until(answer.audit_roots_until)
        return Heeded(again + self._send_again(journal, answer), answer.standing, epoch_changed)

    def _send_again(self, journal: Journal, answer: HeartbeatAnswer) -> int:
        """Put back in line what the platform misses; how many entries."""
        missing = list(answer.gaps)
        # What it signed before this heartbeat left and does not know of now, it has forgotten.
        if answer.high_water < self._told_acknowledged:
            missing.append((answer.high_water + 1, self._told_acknowledged))
        if not self._may_send_again.given:
            return 0
        count = in_vain = 0
        for first, last in _without(_merged(missing, self._known_until()), self._open):
            if (first, last) in self._gone:
                continue
            again = journal.outbox.send_again(first, last)
            count += again.count
            if again.gone and not again.count:
                in_vain += 1
                self._gone[first, last] = None
                if len(self._gone) > _GONE_KNOWN:
                    del self._gone[next(iter(self._gone))]
        if count or in_vain:  # each look that found something left a line in the audit log
            self._may_send_again.use()
        if count:
            log.warning("the platform misses %d entries that it once acknowledged: sent again", count)
        return count

    def _known_until(self) -> int:
        """Up to where it is known what the platform had acknowledged when the last heartbeat left."""
        return self._open[-1] if len(self._open) == _OPEN_KNOWN else self._told_acknowledged

    def _room(self, journal: Journal) -> tuple[int | None, float | None, list[str]]:
        """Free bytes, days of queue left, and what stopped for want of room."""
        try:
            free_bytes = journal.free_bytes()
        except JournalError:
            return None, None, ["disk"]
        room = journal.headroom(free_bytes, self._settings.keeping.reserve_mib * _MIB)
        faults = [] if room.cases_allowed else ["no_room"]
        if room.cases_allowed and not room.attachments_allowed:
            faults = ["no_room_for_attachments"]
        if journal.log_is_stuck:
            faults.append("journal_log_stuck")
        return free_bytes, room.days_left, faults

    def _devices(self) -> list[DeviceReport]:
        return device_reports(self._settings.devices_socket)


def sign_due_root(
    journal: Journal, enrolment: Enrolment, platform_clock: PlatformClock, key: Ed25519PrivateKey
) -> bool:
    """Sign where the audit chain stood at the end of yesterday, by the platform's clock; whether there was one."""
    from kiosk.journal.audit_roots import statement

    now = platform_clock.now()
    root = journal.audit_roots.due(now.date()) if now is not None else None
    if root is None:
        return False
    journal.audit_roots.store(root, key.sign(statement(enrolment.terminal_id, root)))
    return True


def _merged(ranges: list[tuple[int, int]], highest: int) -> list[tuple[int, int]]:
    """What is between 1 and `highest` of them, each sequence once: ranges may overlap as they like."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted((max(first, 1), min(last, highest)) for first, last in ranges):
        if first > last:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged


def _without(ranges: list[tuple[int, int]], sequences: list[int]) -> list[tuple[int, int]]:
    """What is left of ranges without these; both ascend."""
    left: list[tuple[int, int]] = []
    for first, last in ranges:
        for sequence in sequences[bisect_left(sequences, first) : bisect_right(sequences, last)]:
            if first < sequence:
                left.append((first, sequence - 1))
            first = sequence + 1
        if first <= last:
            left.append((first, last))
    return left


def _roots(journal: Journal) -> list[AuditRoot]:
    return [
        AuditRoot(
            day=signed.root.day,
            position=signed.root.position,
            digest=signed.root.digest,
            signature=signed.signature,
        )
        for signed in journal.audit_roots.unconfirmed()[:_ROOTS_TOLD]
    ]
