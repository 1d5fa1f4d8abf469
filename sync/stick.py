"""A stick between a terminal and the platform: the files on it, and how they are written so that pulling it out harms nothing.

    linban-100001/                      one folder a terminal
      manifest.json                     what is here, signed by the terminal
      entries-000000000001.lbs          a batch exactly as on the wire (`sync.batch`), compressed
      answer-000000000001.lbs           what the platform answered to it, signed as on the wire
      attachment-DIGEST-0000.lbs        a piece of what was handed in with a case, sealed
      stored-DIGEST.lbs                 the platform's signed word that it holds the whole

Each file is magic, SHA-256 and content.  It is written under another name, synced, then renamed: a file that is
there under its own name is whole, or its digest says that it is not.  The order in the field is: entries, then
the manifest that lists them; whatever the manifest does not list does not count and is written again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct

from sync.batch import EntriesAnswer
from sync.wire import Code, Count, Digest, Signature, TerminalNumber

FOLDER_PREFIX = "linban-"
MANIFEST = "manifest.json"
MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
_MAGIC = b"LINBAN stick 1\n"
_DIGEST_BYTES = 32
_DOMAIN = b"linban stick 1\0"
_ANSWER_DOMAIN = b"linban stick answer 1\0"
_UNFINISHED = ".part"
_encode = msgspec.json.Encoder(order="sorted").encode


class StickFault(Exception):
    """A stick, or a file on it, that cannot be used; `word` says why, in a word that has a sentence."""

    def __init__(self, word: str, detail: str = "") -> None:
        self.word, self.detail = word, detail
        super().__init__(f"{word}: {detail}" if detail else word)


class BatchFile(Struct, frozen=True, kw_only=True):
    """One file of entries."""

    name: Annotated[str, Meta(pattern=r"^entries-[0-9]{12}\.lbs$(?!\n)")]
    sha256: Digest
    size_bytes: Count
    sequences: list[tuple[Count, Count]]
    """Which entries it holds, in order: first and last of each stretch."""

    @property
    def count(self) -> int:
        """How many entries."""
        return sum(last - first + 1 for first, last in self.sequences)

    @property
    def answer_name(self) -> str:
        """Where the platform writes its answer."""
        return self.name.replace("entries-", "answer-")


class AttachmentFiles(Struct, frozen=True, kw_only=True):
    """One attachment, in pieces."""

    digest: Digest
    entry_id: UUID
    media_type: Annotated[str, Meta(max_length=64)]
    size_bytes: Count
    pieces: list[Digest]
    """SHA-256 of each piece's content, in order."""

    def name(self, place: int) -> str:
        """The file of one piece."""
        return f"attachment-{self.digest.hex()}-{place:04d}.lbs"

    @property
    def answer_name(self) -> str:
        """Where the platform writes that it holds the whole."""
        return f"stored-{self.digest.hex()}.lbs"


class Manifest(Struct, frozen=True, kw_only=True):
    """What the terminal put on the stick."""

    terminal_id: Code
    terminal_number: TerminalNumber
    written_at: Annotated[str, Meta(max_length=32)]
    files: list[BatchFile]
    attachments: list[AttachmentFiles] = []


class SignedManifest(Struct, frozen=True, kw_only=True):
    """The manifest and the terminal's signature over its canonical JSON."""

    manifest: Manifest
    signature: Signature


class StickAnswer(Struct, frozen=True, kw_only=True):
    """The platform's answer to one file of entries."""

    sha256: Digest
    """Of the file that it answers."""
    answer: EntriesAnswer
    signature: Signature | None = None
    """The platform's, over all of it; on the line every answer has one."""

    def signed(self, terminal_id: str, key: Ed25519PrivateKey) -> StickAnswer:
        """With the platform's signature."""
        return msgspec.structs.replace(self, signature=key.sign(self._content(terminal_id)))

    def holds(self, terminal_id: str, key: Ed25519PublicKey) -> bool:
        """Whether the platform said all of it, reasons and states as well, to this terminal.

        False says nothing against what the acknowledgement's own signature covers: a later platform may sign more
        than this version reads.
        """
        try:
            key.verify(self.signature or b"", self._content(terminal_id))
        except InvalidSignature:
            return False
        return True

    def _content(self, terminal_id: str) -> bytes:
        return _ANSWER_DOMAIN + _encode([terminal_id, self.sha256, self.answer])


class Stick:
    """One terminal's folder on a stick. Raises `OSError` as the stick fails, `StickFault` for what is on it."""

    def __init__(self, root: Path, terminal_number: str) -> None:
        self.folder = root / f"{FOLDER_PREFIX}{terminal_number}"

    def prepare(self) -> None:
        """Make the folder."""
        self.require_on_the_stick()
        try:
            self.folder.mkdir(exist_ok=True)
        except FileExistsError:  # a file, or a link put there in this moment
            raise StickFault("damaged", self.folder.name) from None
        self.require_on_the_stick()
        self._sync_folder(self.folder.parent)

    def require_on_the_stick(self) -> None:
        """A folder that is a link leads off the stick: what is not listed would be taken away there.

        Raises `StickFault(damaged)`.
        """
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise StickFault("damaged", self.folder.name)

    def free_bytes(self) -> int:
        """What an ordinary account may still write."""
        room = os.statvfs(self.folder.parent)
        return room.f_bavail * room.f_frsize

    def names(self) -> list[str]:
        """Every file in the folder; none when there is no folder."""
        with suppress(FileNotFoundError):
            return sorted(entry.name for entry in self.folder.iterdir() if entry.is_file())
        return []

    def write(self, name: str, content: bytes) -> bytes:
        """Write a framed file for good; the digest of its content."""
        digest = hashlib.sha256(content).digest()
        self._write_whole(name, _MAGIC + digest + content)
        return digest

    def read(self, name: str) -> tuple[bytes, bytes]:
        """Digest and content of a framed file. Raises `StickFault`: missing, damaged."""
        raw = self._read_whole(name, MAX_FILE_BYTES)
        start = len(_MAGIC) + _DIGEST_BYTES
        digest, content = raw[len(_MAGIC) : start], raw[start:]
        if not raw.startswith(_MAGIC) or hashlib.sha256(content).digest() != digest:
            raise StickFault("damaged", name)
        return digest, content

    def write_manifest(self, manifest: Manifest, key: Ed25519PrivateKey) -> None:
        """Write what is here, signed."""
        signed = SignedManifest(manifest=manifest, signature=key.sign(_DOMAIN + _encode(manifest)))
        self._write_whole(MANIFEST, _encode(signed))

    def read_manifest(self) -> SignedManifest:
        """What is here; nothing is verified yet. Raises `StickFault`: missing, damaged."""
        try:
            return msgspec.json.decode(self._read_whole(MANIFEST, MAX_MANIFEST_BYTES), type=SignedManifest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise StickFault("damaged", MANIFEST) from error

    def remove(self, name: str) -> None:
        """Take a file away; one that is gone already is as good."""
        with suppress(FileNotFoundError):
            self._unlink(self.folder / name)

    def _read_whole(self, name: str, limit_bytes: int) -> bytes:
        try:
            with os.fdopen(_plain_file(self.folder / name, os.O_RDONLY), "rb") as stream:
                raw = stream.read(limit_bytes + 1)
        except FileNotFoundError as error:
            raise StickFault("missing", name) from error
        if len(raw) > limit_bytes:
            raise StickFault("damaged", name)
        return raw

    def _write_whole(self, name: str, data: bytes) -> None:
        unfinished = self.folder / (name + _UNFINISHED)
        descriptor = self._open(unfinished)
        try:
            view = memoryview(data)
            while view:
                view = view[self._write(descriptor, view) :]
            self._sync(descriptor)
        finally:
            os.close(descriptor)
        self._rename(unfinished, self.folder / name)
        self._sync_folder(self.folder)

    # Each of these is one thing that the stick is asked to do, so that a test can pull it out before any of them.

    def _open(self, file: Path) -> int:
        return _plain_file(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def _write(self, descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, data)

    def _sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def _rename(self, old: Path, new: Path) -> None:
        old.replace(new)

    def _unlink(self, file: Path) -> None:
        file.unlink()

    def _sync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # Not every file system of a stick can do this; those that cannot write names at once.
            with suppress(OSError):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _plain_file(file: Path, how: int) -> int:
    """Open a file of the stick. Raises `StickFault(damaged)` for what is no plain file.

    A link is not followed: whoever had the stick in hand could else point one at a file of this machine, which an
    answer would overwrite.  Nor is a pipe waited for.
    """
    try:
        descriptor = os.open(file, how | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise StickFault("damaged", file.name) from error
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise StickFault("damaged", file.name)


def verify_manifest(signed: SignedManifest, public_key: bytes) -> Manifest:
    """The manifest, when the holder of `public_key` signed it. Raises `StickFault(forged)`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            signed.signature, _DOMAIN + _encode(signed.manifest)
        )
    except InvalidSignature:
        raise StickFault("forged", MANIFEST) from None
    return signed.manifest


def terminals_on(root: Path) -> list[str]:
    """The numbers of the terminals that have a folder on the stick."""
    found = [
        entry.name.removeprefix(FOLDER_PREFIX)
        for entry in root.iterdir()
        if entry.is_dir() and not entry.is_symlink() and entry.name.startswith(FOLDER_PREFIX)
    ]
    return sorted(number for number in found if len(number) == 6 and number.isascii() and number.isdigit())


def in_stretches(sequences: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as first and last of each stretch without a gap."""
    stretches: list[tuple[int, int]] = []
    for number in sequences:
        if stretches and stretches[-1][1] == number - 1:
            stretches[-1] = (stretches[-1][0], number)
        else:
            stretches.append((number, number))
    return stretches
