"""The signed catalogue: which packs a terminal offers, in one short list that a publisher answers for.

The publisher (the office that writes the services) is another party than the platform that hands them out, so its
public key stands in the terminal's settings file and is never told over the line: a platform that was broken into
could tell a key of its own.  A catalogue only ever moves forward: an older one, however well signed, is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from kiosk.errors import CatalogueError, CatalogueFault

MAX_MANIFEST_BYTES = 256 * 1024
_DOMAIN = b"linban catalogue 1\0"
"""Keeps a signature over a manifest from being taken for a signature over anything else."""
_FORMAT = 1

HexDigest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256")]


class ListedPack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One pack of a catalogue, by its very bytes."""

    code: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,63}$(?!\n)")]
    version: Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$(?!\n)")]
    file: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}\.yaml$(?!\n)")]
    """Its name in the folder; the order of the names is the order on the screen."""
    digest: HexDigest
    size_bytes: Annotated[int, Meta(ge=1, le=256 * 1024)]


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed."""

    format: Annotated[int, Meta(ge=1)] = _FORMAT
    version: Annotated[int, Meta(ge=1, le=2**53)]
    """Grows with every publication."""
    valid_from: Annotated[datetime, Meta(tz=True)]
    packs: Annotated[tuple[ListedPack, ...], Meta(min_length=1, max_length=500)]


class SignedManifest(Struct, frozen=True, kw_only=True):
    """A manifest and its signature, as they travel and as they are kept."""

    manifest: Annotated[bytes, Meta(max_length=MAX_MANIFEST_BYTES)]
    """The exact bytes that were signed."""
    signature: Annotated[bytes, Meta(min_length=64, max_length=64, description="Ed25519 (RFC 8032)")]

    @property
    def digest(self) -> str:
        """What both ends call this catalogue."""
        return hashlib.sha256(self.manifest).hexdigest()


class Publication(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A catalogue with all of its packs in one file: what `kiosk services sign` writes and a platform takes."""

    signed: SignedManifest
    publisher: Annotated[bytes, Meta(min_length=32, max_length=32)]
    packs: dict[HexDigest, str]
    """The text of each pack, by digest."""


class CatalogueVersion(Struct, frozen=True, kw_only=True):
    """What a platform says that took a publication."""

    digest: HexDigest


@dataclass(frozen=True, slots=True)
class SourcePack:
    """A pack on its way into a catalogue."""

    code: str
    version: str
    file: str
    text: str


def publish(packs: list[SourcePack], version: int, valid_from: datetime, private_key: bytes) -> Publication:
    """Sign a catalogue of these packs with the publisher's raw Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(private_key)
    listed = tuple(
        ListedPack(
            code=pack.code,
            version=pack.version,
            file=pack.file,
            digest=digest_of(pack.text.encode("utf-8")),
            size_bytes=len(pack.text.encode("utf-8")),
        )
        for pack in sorted(packs, key=lambda pack: pack.file)
    )
    manifest = Manifest(version=version, valid_from=valid_from, packs=listed)
    canonical = msgspec.json.encode(manifest, order="sorted")
    return Publication(
        signed=SignedManifest(manifest=canonical, signature=key.sign(_DOMAIN + canonical)),
        publisher=key.public_key().public_bytes_raw(),
        packs={digest_of(pack.text.encode("utf-8")): pack.text for pack in packs},
    )


def verified(signed: SignedManifest, publisher: bytes) -> Manifest:
    """The manifest, proven to be the publisher's and whole. Raises `CatalogueError`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(publisher).verify(signed.signature, _DOMAIN + signed.manifest)
    except (InvalidSignature, ValueError):
        raise CatalogueError(CatalogueFault.SIGNATURE, "not the publisher's") from None
    try:
        manifest = msgspec.json.decode(signed.manifest, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogueError(CatalogueFault.SHAPE, str(error)) from error
    if manifest.format != _FORMAT:
        raise CatalogueError(CatalogueFault.SHAPE, f"format {manifest.format}")
    for names in ([pack.code for pack in manifest.packs], [pack.file for pack in manifest.packs]):
        if len(set(names)) != len(names):
            raise CatalogueError(CatalogueFault.SHAPE, "one name for two packs")
    return manifest


def check_pack(listed: ListedPack, content: bytes) -> None:
    """Raises `CatalogueError` unless these are the bytes that the manifest lists."""
    if len(content) != listed.size_bytes or digest_of(content) != listed.digest:
        raise CatalogueError(CatalogueFault.DIGEST, listed.file)


def digest_of(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def decode_signed(content: bytes) -> SignedManifest:
    """A signed manifest from JSON. Raises `CatalogueError`."""
    try:
        return msgspec.json.decode(content, type=SignedManifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogueError(CatalogueFault.SHAPE, str(error)) from error


def decode_publication(content: bytes) -> Publication:
    """A publication from JSON, every pack of it checked against its digest. Raises `CatalogueError`."""
    try:
        publication = msgspec.json.decode(content, type=Publication)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogueError(CatalogueFault.SHAPE, str(error)) from error
    for listed in verified(publication.signed, publication.publisher).packs:
        text = publication.packs.get(listed.digest)
        if text is None:
            raise CatalogueError(CatalogueFault.DIGEST, f"{listed.file} is missing")
        check_pack(listed, text.encode("utf-8"))
    return publication
