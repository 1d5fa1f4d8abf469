"""The pace of the sender's commits: quick while nobody else writes, small and rare while somebody does.

A resident at the screen writes the audit log with every step and a case at the end; whoever drains ten thousand
rows beside that holds the journal's lock most of the time, and a wait for it is a wait of a person.  So the sender
looks, before each commit, whether another connection waits for the lock, and lets it by; and whether one has
committed since the last (`PRAGMA data_version`): then others will follow, and it gives way for a while.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from kiosk.clock import Clock
from kiosk.journal.journal import Journal

ROWS_AT_ONCE = 100
"""Rows that are settled in one commit while nobody else writes."""
_ROWS_BESIDE_OTHERS = 25
_ENTRIES_BESIDE_OTHERS = 100
"""A lease of more keeps the lock for longer than such a commit."""
_PAUSE_BESIDE_OTHERS_S = 0.020
_LET_BY_S, _LET_BY_STEP_S = 0.050, 0.0005
"""The longest wait for one that waits: it may have been stopped while it did."""
_OTHERS_STAY_S = 2.0
"""Who wrote a moment ago will write again: the steps of a session are seconds apart."""
_SLOW_COMMIT_S = 0.008
"""A commit of so many rows that takes longer waits for the disk and not for its rows: two would take twice as long."""
_COMMITS_REMEMBERED = 5
"""A disk is slow when the quickest of so many was: one that took long says more of who else was writing."""


class CommitPace:
    """Asked by one thread, before and after each of its commits on one journal."""

    def __init__(self, clock: Clock, stopping: threading.Event) -> None:
        self._clock, self._stopping = clock, stopping
        self._free_since_s = -_PAUSE_BESIDE_OTHERS_S
        self._version: int | None = None
        self._others_until_s = 0.0
        self._commits_s: deque[float] = deque([0.0], _COMMITS_REMEMBERED)

    @property
    def gives_way(self) -> bool:
        """Whether somebody else writes in these seconds."""
        return self._clock.monotonic() < self._others_until_s

    def entries(self, most: int) -> int:
        """How many may be leased in one commit."""
        return min(most, _ENTRIES_BESIDE_OTHERS) if self.gives_way else most

    def rows(self, all_of_them: int) -> int:
        """How many may be settled in the next commit."""
        if min(self._commits_s) > _SLOW_COMMIT_S:
            return max(all_of_them, 1)
        return _ROWS_BESIDE_OTHERS if self.gives_way else ROWS_AT_ONCE

    @contextmanager
    def commit(self, journal: Journal, rows: int = 0) -> Iterator[None]:
        """Around one commit, of so many settled rows: lets by who waits, and pauses beside those who write.

        What was done since the last one without the lock counts as pause.
        """
        self._let_by(journal)
        self._look(journal)
        remaining_s = self._free_since_s + _PAUSE_BESIDE_OTHERS_S - self._clock.monotonic()
        if self.gives_way and remaining_s > 0:
            self._clock.wait(self._stopping, remaining_s)
            self._let_by(journal)
        began_s = self._clock.monotonic()
        yield
        self._free_since_s = self._clock.monotonic()
        if rows:
            share = ROWS_AT_ONCE / max(rows, ROWS_AT_ONCE)
            self._commits_s.append((self._free_since_s - began_s) * share)

    def _let_by(self, journal: Journal) -> None:
        until_s = self._clock.monotonic() + _LET_BY_S
        while journal.others_wait and self._clock.monotonic() < until_s and not self._stopping.is_set():
            self._clock.wait(self._stopping, _LET_BY_STEP_S)

    def _look(self, journal: Journal) -> None:
        version = journal.others_commits()
        if self._version not in (None, version):
            self._others_until_s = self._clock.monotonic() + _OTHERS_STAY_S
        self._version = version
