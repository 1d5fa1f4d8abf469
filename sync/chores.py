"""What is done in the pauses between two heartbeats: dropping what was delivered, backups, audit roots, orphans.

One chore a pause, so that no pause grows long.  What drops anything goes by the platform's clock and waits until
that is known; everything else is timed by the monotonic clock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import Clock
from kiosk.config import KeepingSettings
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.entry import iso_utc
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.backup import newest_first
from kiosk.journal.journal import Journal
from kiosk.journal.settings import SettingKey
from sync.heartbeat import sign_due_root
from sync.platform_clock import PlatformClock

log = logging.getLogger(__name__)

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_YOUNG_COPY_S = 20 * _HOUR_S
_UNHEARD_S = 60.0
"""When the platform was not heard yet, what keeps its time falls due again so soon."""
_OF_THE_COPY = frozenset({JournalFault.NO_ROOM, JournalFault.READ_ONLY, JournalFault.DISK_FULL})


@dataclass(slots=True)
class _Chore:
    """Something to do again and again."""

    work: Callable[[Journal, Enrolment], None]
    every_s: float
    due_s: float
    when_heard: bool = False
    """Has nothing to do before the platform's clock is known, and is not to wait for long then."""


class Chores:
    """Does one chore at a time. Used by one thread."""

    def __init__(
        self,
        clock: Clock,
        platform_clock: PlatformClock,
        key: Ed25519PrivateKey,
        keeping: KeepingSettings,
        backups: Path,
    ) -> None:
        self._clock, self._platform_clock, self._key = clock, platform_clock, key
        self._keeping, self._backups = keeping, backups
        self._told_offset_ms: int | None = None
        self._faults: set[str] = set()
        now_s = clock.monotonic()
        # Not in the first minutes: a terminal that has just started has residents waiting in front of it.
        self._chores = [
            _Chore(self._remember_clock, _HOUR_S, now_s, when_heard=True),
            _Chore(self._sign_root, _HOUR_S / 4, now_s),
            _Chore(self._hold_reserve, _HOUR_S / 6, now_s + 30),
            _Chore(self._drop_orphans, _HOUR_S, now_s + 120),
            _Chore(self._drop_delivered, 6 * _HOUR_S, now_s + 300),
            _Chore(self._back_up, _DAY_S / 4, now_s + 600),
        ]

    @property
    def faults(self) -> list[str]:
        """What could not be done, in words for the platform."""
        return sorted(self._faults)

    def do_one(self, journal: Journal, enrolment: Enrolment, stopping: threading.Event) -> bool:
        """Do the chore that is longest due; False when none is."""
        now_s = self._clock.monotonic()
        due = [chore for chore in self._chores if chore.due_s <= now_s]
        if not due or stopping.is_set():
            return False
        chore = min(due, key=lambda one: one.due_s)
        unheard = chore.when_heard and self._platform_clock.now() is None
        chore.due_s = now_s + (_UNHEARD_S if unheard else chore.every_s)
        chore.work(journal, enrolment)
        return True

    def next_in_s(self) -> float:
        """Until the next chore is due."""
        return max(min(chore.due_s for chore in self._chores) - self._clock.monotonic(), 0.0)

    def _remember_clock(self, journal: Journal, enrolment: Enrolment) -> None:
        """So that after a restart a clock that went back is known for what it is."""
        now, offset_s = self._platform_clock.now(), self._platform_clock.offset_s
        if now is None or offset_s is None:
            return
        journal.settings.put(SettingKey.PLATFORM_TIME, iso_utc(now).encode("ascii"))
        journal.settings.put(SettingKey.CLOCK_OFFSET_MS, str(round(offset_s * 1000)).encode("ascii"))

    def _sign_root(self, journal: Journal, enrolment: Enrolment) -> None:
        sign_due_root(journal, enrolment, self._platform_clock, self._key)

    def _hold_reserve(self, journal: Journal, enrolment: Enrolment) -> None:
        """The file that is given free when the disk is full, made (again) when there is room for it."""
        held = journal.reserve.hold(self._keeping.reserve_mib * 1024 * 1024)
        self._faults = self._faults - {"no_reserve"} if held else self._faults | {"no_reserve"}

    def _drop_orphans(self, journal: Journal, enrolment: Enrolment) -> None:
        dropped = journal.attachments.drop_orphans()
        if dropped:
            log.info("%d attachments of cases that were never recorded were dropped", dropped)

    def _drop_delivered(self, journal: Journal, enrolment: Enrolment) -> None:
        now = self._platform_clock.now()
        if now is None:
            return  # nobody knows what day it is; tomorrow will do
        journal.retention.drop_delivered(now, self._keeping.delivered_days)
        journal.inbox.drop_overtaken(now, self._keeping.delivered_days)

    def _back_up(self, journal: Journal, enrolment: Enrolment) -> None:
        """A copy a day; one that cannot be made is a fault to tell, and no reason to stop."""
        if not self._keeping.backups or self._has_young_copy():
            return
        try:
            journal.back_up(self._backups, self._keeping.backups)
        except JournalError as error:
            if error.fault is JournalFault.INPUT_OUTPUT or not journal.usable:
                raise
            word = "no_room_for_backup" if error.fault in _OF_THE_COPY else "backup"
            self._faults.add(word)
            log.error("no copy of the journal: %s", error)
        else:
            self._faults -= {"backup", "no_room_for_backup"}

    def _has_young_copy(self) -> bool:
        """Whether the newest copy is of today. A clock that jumped makes one copy more and never none."""
        newest = next(newest_first(self._backups), None)
        if newest is None:
            return False
        try:
            age_s = self._clock.now().timestamp() - newest.stat().st_mtime
        except OSError:
            return False
        return 0 <= age_s < _YOUNG_COPY_S
