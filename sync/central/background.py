"""What a worker does beside answering: opening what was stored, and passing accepted cases on."""

from __future__ import annotations

import logging
import threading
import time

from sync.central.engine import DatabaseAway
from sync.central.forwarding import Forwarder
from sync.central.opener import Opener

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0
"""Another worker's entries announce themselves to nobody else."""
_AFTER_TROUBLE_S = 5.0
_QUIET_S = 0.5
"""A terminal that sends is answered first: what it sent can be opened when it pauses."""
_LONGEST_REST_S = 5.0
"""Where somebody always sends, the opener works as long as it has waited for them."""
_JOIN_S = 30.0


class Background:
    """The threads; `stop` ends them after what they have in hand."""

    def __init__(self, opener: Opener, forwarder: Forwarder | None = None) -> None:
        self._opener = opener
        self._stopping = threading.Event()
        self._rests_after = 0.0
        self._threads = [threading.Thread(target=self._open, name="opener", daemon=True)]
        if forwarder is not None:
            run = threading.Thread(
                target=forwarder.run, args=(self._stopping,), name="forwarder", daemon=True
            )
            self._threads.append(run)

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._stopping.set()
        self._opener.wake()
        for thread in self._threads:
            thread.join(timeout=_JOIN_S)

    def _let_terminals_by(self) -> None:
        """Wait until no batch has come for a moment; not for ever."""
        until = time.perf_counter() + _LONGEST_REST_S
        while time.perf_counter() < until and not self._stopping.is_set():
            self._opener.woken.clear()
            if not self._opener.woken.wait(_QUIET_S):
                return
        self._rests_after = time.perf_counter() + _LONGEST_REST_S

    def _open(self) -> None:
        while not self._stopping.is_set():
            if self._opener.woken.is_set() and time.perf_counter() >= self._rests_after:
                self._let_terminals_by()
            started = time.perf_counter()
            try:
                opened = self._opener.open_some()
            except DatabaseAway as error:
                if not self._stopping.is_set():
                    log.warning("opening waits for the database: %s", error)
                self._stopping.wait(_AFTER_TROUBLE_S)
                continue
            except Exception:
                # Alive but deaf would be worse: it says so, and tries again.
                log.exception("opening failed")
                self._stopping.wait(_AFTER_TROUBLE_S)
                continue
            if opened:
                # As long as the work took: at most half of the processor that terminals wait for.
                self._stopping.wait(time.perf_counter() - started)
            else:
                self._opener.woken.wait(_LOOK_EVERY_S)
