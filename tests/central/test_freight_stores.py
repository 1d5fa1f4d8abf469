"""Attachments and catalogues in both databases, and in the hands of two workers."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.catalogue.signature import SourcePack, publish
from kiosk.errors import CatalogueError
from sync.central import attachment_store
from sync.central.attachment_store import AttachmentStore, Upload, UploadRefused
from sync.central.catalogue_store import CatalogueStore
from sync.central.exchange import Platform

SEALED = random.Random(3).randbytes(300_000)
DIGEST = hashlib.sha256(SEALED).digest()


def entry_of(platform: Platform, terminal: Any) -> UUID:
    """A stored entry."""
    (entry,) = terminal.record(1)
    platform.entries.take_in(terminal.known, terminal.nonce(), [entry])
    found: UUID = entry.id
    return found


def wanted(entry_id: UUID, digest: bytes = DIGEST) -> Upload:
    return Upload(digest, entry_id, "image/jpeg", len(SEALED), 0, None)


@pytest.mark.fault(69)
def test_pieces_by_two_workers_make_one_attachment(
    platform: Platform, another: Callable[[], Platform], terminal: Any
) -> None:
    stores = [AttachmentStore(platform.store), AttachmentStore(another().store)]
    entry_id, terminal_id = entry_of(platform, terminal), terminal.terminal_id
    assert stores[0].create(terminal_id, wanted(entry_id)).received_bytes == 0
    assert stores[1].create(terminal_id, wanted(entry_id)).received_bytes == 0
    place = 0
    for number in range(3):
        piece = SEALED[place : place + 100_000]
        upload = stores[number % 2].append(terminal_id, DIGEST, place, piece)
        place = upload.received_bytes
        with pytest.raises(UploadRefused, match="wrong-offset"):
            stores[(number + 1) % 2].append(terminal_id, DIGEST, place - 100_000, piece)
    found = stores[0].find(terminal_id, DIGEST)
    assert found is not None
    assert found.stored_at is not None
    assert b"".join(stores[1].pieces(terminal_id, DIGEST)) == SEALED
    assert [one.digest for one in stores[0].of_entry(terminal_id, entry_id)] == [DIGEST]


def test_a_whole_that_does_not_fit_begins_again(platform: Platform, terminal: Any) -> None:
    store, terminal_id = AttachmentStore(platform.store), terminal.terminal_id
    entry_id = entry_of(platform, terminal)
    store.create(terminal_id, wanted(entry_id))
    with pytest.raises(UploadRefused, match="digest"):
        store.append(terminal_id, DIGEST, 0, bytes(len(SEALED)))
    found = store.find(terminal_id, DIGEST)
    assert found is not None
    assert (found.received_bytes, list(store.pieces(terminal_id, DIGEST))) == (0, [])
    assert store.append(terminal_id, DIGEST, 0, SEALED).stored_at is not None


def test_one_terminal_begins_only_so_much_and_what_it_forgot_gives_way(
    platform: Platform, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachment_store, "MAX_UNFINISHED_BYTES", 3 * len(SEALED))
    store, terminal_id = AttachmentStore(platform.store), terminal.terminal_id
    entry_id, digests = (
        entry_of(platform, terminal),
        [hashlib.sha256(bytes([one])).digest() for one in range(9)],
    )
    for digest in digests[:3]:
        store.create(terminal_id, wanted(entry_id, digest))
    with pytest.raises(UploadRefused, match="too-much-unfinished") as caught:
        store.create(terminal_id, wanted(entry_id))
    assert caught.value.status == 409
    assert store.create(terminal_id, wanted(entry_id, digests[0])).received_bytes == 0  # known: goes on
    store.append(terminal_id, digests[0], 0, SEALED[:100])
    with platform.store.transaction(terminal_id) as run:
        run.execute(
            "update attachment set created_at = '2026-01-01T00:00:00.000Z' where digest = ?", (digests[0],)
        )
    store.create(terminal_id, wanted(entry_id))
    assert store.find(terminal_id, digests[0]) is None
    assert list(store.pieces(terminal_id, digests[0])) == []
    assert store.append(terminal_id, DIGEST, 0, SEALED).stored_at is not None
    store.create(terminal_id, wanted(entry_id, digests[4]))  # what is whole takes no room from what is begun
    with pytest.raises(UploadRefused, match="too-much-unfinished"):
        store.create(terminal_id, wanted(entry_id, digests[5]))


def test_too_many_and_somebody_elses(
    platform: Platform, terminal: Any, make_terminal: Callable[..., Any]
) -> None:
    store, entry_id = AttachmentStore(platform.store), entry_of(platform, terminal)
    for number in range(32):
        store.create(terminal.terminal_id, wanted(entry_id, hashlib.sha256(bytes([number])).digest()))
    with pytest.raises(UploadRefused, match="too-many-attachments"):
        store.create(terminal.terminal_id, wanted(entry_id))
    with pytest.raises(UploadRefused, match="unknown-entry"):
        store.create(make_terminal("two").terminal_id, wanted(entry_id))


@pytest.mark.fault(119)
def test_the_newest_catalogue_is_handed_out_by_every_worker(
    platform: Platform, another: Callable[[], Platform]
) -> None:
    key = Ed25519PrivateKey.generate()

    def publication(version: int) -> bytes:
        source = SourcePack("some-service", "1.0.0", "10-some.yaml", f"# {version}\n")
        made = publish([source], version, datetime(2026, 11, 1, tzinfo=UTC), key.private_bytes_raw())
        return msgspec.json.encode(made)

    here, there = CatalogueStore(platform.store), CatalogueStore(another().store)
    assert (here.newest(), here.newest_digest(), here.publishers()) == (None, "", [])
    with pytest.raises(CatalogueError):
        here.publish(publication(1))
    here.trust(key.public_key().public_bytes_raw())
    here.trust(key.public_key().public_bytes_raw())
    first, second = here.publish(publication(1)), there.publish(publication(2))
    assert here.newest_digest() == second.digest
    assert here.publish(publication(2)) == second
    with pytest.raises(CatalogueError):
        there.publish(publication(1))
    assert first.digest != second.digest
    listed = msgspec.json.decode(second.manifest)["packs"][0]
    assert there.pack(listed["digest"]) == b"# 2\n"
    assert there.pack("00" * 32) is None
