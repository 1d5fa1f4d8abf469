"""The catalogue's delta: the signed list when there is a new one, and of its packs those that are missing here.

Everything is proven before anything is switched: the publisher's signature, that the version goes forward, each
pack's digest, and that every pack loads.  What was downloaded is kept, so a cut costs one pack and not all; what
does not prove true is dropped and the catalogue in use stays in use.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from kiosk.catalogue.installed import InstalledCatalogue, InstalledCatalogues
from kiosk.catalogue.signature import SignedManifest, check_pack, decode_signed, verified
from kiosk.errors import CatalogueError, CatalogueFault
from sync.exchange import Call
from sync.platform_client import PlatformClient, Refused
from sync.platform_clock import PlatformClock

log = logging.getLogger(__name__)


class CatalogueDownload:
    """Keeps the terminal's catalogue the platform's newest. Used by one thread."""

    def __init__(
        self,
        client: PlatformClient,
        platform_clock: PlatformClock,
        folder: Path,
        publisher: bytes | None,
    ) -> None:
        self._client, self._platform_clock = client, platform_clock
        self._installed = None if publisher is None else InstalledCatalogues(folder, publisher)
        self._publisher = publisher or b""
        self._waiting: SignedManifest | None = None
        """Proven, and not valid yet."""
        self._refused = ""
        """The digest of one that did not prove true: not asked for again until the platform has another."""
        self.fault: CatalogueFault | None = None
        self._current: InstalledCatalogue | None = None
        self._looked = False

    @property
    def current(self) -> InstalledCatalogue | None:
        """The catalogue in use; None where there is no signed one."""
        if not self._looked and self._installed is not None:
            self._current, self.fault = self._installed.current(), self._installed.fault()
            self._looked = True
        return self._current

    @property
    def current_digest(self) -> str:
        """What heartbeats call it; empty for none."""
        return self.current.digest if self.current is not None else ""

    def follow(self, newest: str, sequence: int, going_on: Callable[[], bool]) -> InstalledCatalogue | None:
        """The platform's newest catalogue is `newest` (a digest; empty: none): the one that came into use now.

        `going_on` is asked between two packs: False puts the rest off.  Raises `PlatformError`.
        """
        if self._installed is None or newest in ("", self.current_digest, self._refused):
            return None
        try:
            signed = self._manifest(sequence)
            if signed is not None:
                return self._take(self._installed, signed, sequence, going_on)
        except CatalogueError as error:
            self.fault, self._refused = error.fault, newest
            log.error("catalogue %s is not used: %s", newest[:16], error)
        except OSError as error:
            self.fault = CatalogueFault.NO_ROOM
            log.error("catalogue %s is not used: %s", newest[:16], error.strerror)
        return None

    def _manifest(self, sequence: int) -> SignedManifest | None:
        """The signed list, asked for with an ETag; the one that waits when it is still the newest."""
        headers = {} if self._waiting is None else {"if-none-match": f'"{self._waiting.digest}"'}
        call = Call(method="GET", path="/v1/catalogue", headers=headers, done=frozenset({200, 304}))
        try:
            proven = self._client.ask(call, sequence)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        return self._waiting if proven.status == 304 else decode_signed(proven.body)

    def _take(
        self,
        installed: InstalledCatalogues,
        signed: SignedManifest,
        sequence: int,
        going_on: Callable[[], bool],
    ) -> InstalledCatalogue | None:
        manifest = verified(signed, self._publisher)
        if signed.digest == self.current_digest:
            return None
        installed.require_newer(signed, manifest)
        for listed in manifest.packs:
            content = installed.known_pack(listed.digest)
            if content is None:
                if not going_on():
                    return None
                call = Call(method="GET", path=f"/v1/packs/{listed.digest}")
                try:
                    content = self._client.ask(call, sequence).body
                except Refused as refused:
                    if refused.status == 404:  # listed and not there: asked for again, and told meanwhile
                        self.fault = CatalogueFault.DIGEST
                    raise
            check_pack(listed, content)
            installed.keep_pack(signed, listed.file, content)
        now = self._platform_clock.now()
        if now is not None and now < manifest.valid_from:
            self._waiting = signed
            return None
        self._current = installed.activate(signed)
        self._waiting, self.fault = None, None
        log.info("catalogue version %d is in use", self._current.version)
        return self._current
