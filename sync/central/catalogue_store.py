"""Published catalogues as the platform keeps them. It hands out what a publisher signed and can make none itself."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.catalogue.signature import Publication, SignedManifest, decode_publication, verified
from kiosk.errors import CatalogueError, CatalogueFault
from sync.central.engine import Cursor
from sync.central.store import Store


class CatalogueStore:
    """The `publisher`, `catalogue` and `pack` tables."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def trust(self, publisher: bytes) -> None:
        """Take catalogues of this publisher (a raw Ed25519 public key) from now on."""
        with self._store.transaction() as run:
            run.execute(
                "insert into publisher (public_key, trusted_at) values (?, ?)"
                " on conflict (public_key) do nothing",
                (publisher, self._store.now()),
            )

    def publishers(self) -> list[bytes]:
        """Whose catalogues are taken."""
        with self._store.reading() as run:
            rows = run.execute("select public_key from publisher order by trusted_at").fetchall()
        return [bytes(row[0]) for row in rows]

    def publish(
        self, content: bytes, noted: Callable[[Cursor, SignedManifest], None] | None = None
    ) -> SignedManifest:
        """Take a publication (the file that `kiosk services sign` writes). Raises `CatalogueError`.

        `noted` puts it on record, in the same transaction.
        The signature is checked here so that a mistake is told to whoever makes it; terminals check again.
        """
        publication = decode_publication(content)
        if publication.publisher not in self.publishers():
            raise CatalogueError(CatalogueFault.SIGNATURE, "a publisher that is not trusted here")
        version = verified(publication.signed, publication.publisher).version
        with self._store.transaction() as run:
            if noted is not None:
                noted(run, publication.signed)
            newest = run.execute(
                "select version, digest from catalogue order by version desc limit 1"
            ).fetchone()
            if newest is not None and newest[1] == publication.signed.digest:
                return publication.signed
            if newest is not None and version <= newest[0]:
                raise CatalogueError(CatalogueFault.OLDER, f"version {version} after {newest[0]}")
            self._insert(run, publication, version)
        return publication.signed

    def newest(self) -> SignedManifest | None:
        """The catalogue that terminals should have."""
        with self._store.reading() as run:
            row = run.execute(
                "select manifest, signature from catalogue order by version desc limit 1"
            ).fetchone()
        return None if row is None else SignedManifest(manifest=bytes(row[0]), signature=bytes(row[1]))

    def newest_digest(self) -> str:
        """What heartbeats are told; empty when nothing was published."""
        with self._store.reading() as run:
            row = run.execute("select digest from catalogue order by version desc limit 1").fetchone()
        return str(row[0]) if row is not None else ""

    def pack(self, digest: str) -> bytes | None:
        """The bytes of one pack."""
        with self._store.reading() as run:
            row = run.execute("select body from pack where digest = ?", (digest,)).fetchone()
        return bytes(row[0]) if row is not None else None

    def _insert(self, run: Cursor, publication: Publication, version: int) -> None:
        for digest, text in publication.packs.items():
            run.execute(
                "insert into pack (digest, body) values (?, ?) on conflict (digest) do nothing",
                (digest, text.encode("utf-8")),
            )
        run.execute(
            "insert into catalogue (version, digest, manifest, signature, published_at) values (?, ?, ?, ?, ?)",
            (
                version,
                publication.signed.digest,
                publication.signed.manifest,
                publication.signed.signature,
                self._store.now(),
            ),
        )
