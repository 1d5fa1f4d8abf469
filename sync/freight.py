"""What may wait: attachments up, the catalogue down. In a thread of its own, behind everything that may not.

A piece is moved only while the line is up and no entry waits; a resident's case never stands behind a photograph.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.clock import Clock
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.audit import AuditEvent, AuditField
from kiosk.journal.journal import Journal
from sync.attachments import AttachmentUpload
from sync.backoff import Backoff
from sync.catalogue_download import CatalogueDownload
from sync.journal_thread import Pulse, newest_sequence
from sync.line import ExchangeKind, Line
from sync.platform_client import PlatformClient

log = logging.getLogger(__name__)

_LOOK_S = 60.0
_BEHIND_ENTRIES_S = 1.0
_OF_THE_CATALOGUE = frozenset(
    {LineFault.REFUSED, LineFault.TOO_LARGE, LineFault.NOT_THE_PLATFORM, LineFault.SERVER_TROUBLE}
)
"""Somebody answered, and had no catalogue or no pack to give: what goes the other way may be taken all the same."""


class Freight:
    """Moves freight. `run` is the body of its thread; the other methods may be called from any."""

    def __init__(
        self,
        client: PlatformClient,
        catalogue: CatalogueDownload,
        line: Line,
        clock: Clock,
        stopping: threading.Event,
        retry_cap_s: float,
        on_failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.pulse = Pulse(clock)
        self._client, self._line, self._clock, self._stopping = client, line, clock, stopping
        self.catalogue = catalogue
        self.upload = AttachmentUpload(client, clock, self._may_go_on)
        self._on_failed = on_failed
        self._backoff = Backoff(retry_cap_s)
        self._wake = threading.Event()
        self._newest_catalogue = ""

    def wake(self) -> None:
        """There may be something to move, or the process ends."""
        self._wake.set()

    def note_catalogue(self, newest: str) -> None:
        """The platform's newest catalogue, as a heartbeat told."""
        if newest != self._newest_catalogue:
            self._newest_catalogue = newest
            self._wake.set()

    def run(self, journal: Journal) -> None:
        """Move whatever waits whenever it may, until `stopping`."""
        while not self._stopping.is_set():
            self._wake.clear()
            self.pulse.beat(within_s=600.0)
            pause_s = self._cycle(journal)
            self.pulse.beat(within_s=pause_s + 5.0)
            self._clock.wait(self._wake, pause_s)

    def _cycle(self, journal: Journal) -> float:
        """One look; the pause until the next."""
        enrolment = journal.settings.enrolment()
        if enrolment is None or not self._line.is_online:
            return _LOOK_S
        if not self._may_go_on():
            return _BEHIND_ENTRIES_S
        self._client.become(enrolment)
        try:
            trouble = self._follow_catalogue(journal)
            key = Ed25519PublicKey.from_public_bytes(enrolment.signing_key)
            if self.upload.run(journal, key):
                self._line.succeeded(ExchangeKind.ATTACHMENTS)
            if trouble is not None:
                raise trouble
        except PlatformError as error:
            if error.fault is LineFault.NOT_AUTHORISED:
                return self._backoff.not_authorised_s()
            pause_s = self._backoff.next_s(error.retry_after_s)
            self._on_failed()  # the keeper finds out whether the line is still there
            log.warning("freight not moved: %s; next try in %.1f s", error.fault.value, pause_s)
            return pause_s
        self._backoff.reset()
        return _LOOK_S if self._may_go_on() else _BEHIND_ENTRIES_S

    def _follow_catalogue(self, journal: Journal) -> PlatformError | None:
        """Take the newest catalogue; what was in its way and is in no other's. Raises `PlatformError` for the rest."""
        try:
            activated = self.catalogue.follow(
                self._newest_catalogue, newest_sequence(journal), self._may_go_on
            )
        except PlatformError as error:
            if error.fault not in _OF_THE_CATALOGUE:
                raise
            return error
        if activated is not None:
            said = {AuditField.VERSION: activated.version}
            journal.audit.append(AuditEvent.CATALOGUE_CHANGED, detail=said)
        if self.catalogue.current is not None:
            self._line.note_catalogue(self.catalogue.current.version)
        return None

    def _may_go_on(self) -> bool:
        """Whether nothing more important wants the line; asked between two pieces."""
        self.pulse.beat(within_s=600.0)
        return not self._stopping.is_set() and self._line.is_online and self._line.pending == 0
