"""A thread that works on the journal with a connection of its own, and opens it again after a fault."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from kiosk.clock import Clock
from kiosk.errors import JournalError
from kiosk.journal.journal import Journal

log = logging.getLogger(__name__)

_OPEN_AGAIN_S = 2.0


class Pulse:
    """Proof that a thread moves: it says by when it will be heard of again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = clock.monotonic() + 60.0

    def beat(self, within_s: float) -> None:
        """Moving, and back here within so many seconds."""
        self._until = self._clock.monotonic() + within_s

    @property
    def lost(self) -> bool:
        """Whether the thread is overdue."""
        return self._clock.monotonic() > self._until


class JournalThread:
    """Runs `work(journal)` in a named thread until it returns; a journal fault opens the journal again.

    `work` returns when `stopping` is set.  Anything else that escapes is a bug: it is logged, the thread
    ends, and `alive` turns False so that the watchdog ends the process.
    """

    def __init__(
        self,
        name: str,
        open_journal: Callable[[], Journal],
        work: Callable[[Journal], None],
        stopping: threading.Event,
        clock: Clock,
    ) -> None:
        self._open_journal = open_journal
        self._work = work
        self._stopping = stopping
        self._clock = clock
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._open_journal() as journal:
                    self._work(journal)
            except JournalError as error:
                log.error("journal: %s", error.fault.value)
                self._clock.wait(self._stopping, _OPEN_AGAIN_S)
            except Exception:
                log.exception("a bug ended thread %s", self._thread.name)
                raise


def newest_sequence(journal: Journal) -> int:
    """The place of the newest entry, 0 when there is none: what every request tells the platform."""
    last = journal.entries.last()
    return last.receipt.sequence if last else 0
