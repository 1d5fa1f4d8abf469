"""The sync process with everything that may wait: photographs up, the catalogue down, behind the cases."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.catalogue.installed import offered
from kiosk.catalogue.signature import SourcePack, publish
from kiosk.config import PACKAGE_ROOT
from kiosk.journal.audit import AuditEvent
from sync.central.attachment_store import AttachmentStore
from sync.central.catalogue_store import CatalogueStore
from sync.central.exchange import Platform
from sync.line_simulator import LineMode, LineSimulator
from tests.invented_cases import case_with
from tests.sync.test_process import SyncProcess, online, start_sync, url_of

__all__ = ["start_sync"]

PACKS = PACKAGE_ROOT / "assets" / "packs"
_TICK = threading.Event()


def hand_in(sync: SyncProcess, content: bytes) -> None:
    with sync.journal() as journal:
        journal.entries.record(case_with(journal, content))


def line_carried(line: LineSimulator, bytes_up: int) -> bool:
    return bool(line.state()["bytes_up"] > bytes_up)


def pending(sync: SyncProcess) -> int:
    with sync.journal() as journal:
        return journal.attachments.summary().waiting


def until(fact: Callable[[], object], within_s: float = 15.0) -> None:
    started = time.monotonic()
    while not fact():
        assert time.monotonic() - started < within_s
        _TICK.wait(0.05)


@pytest.mark.fault(69)
def test_photographs_arrive_although_the_line_is_cut_again_and_again(
    platform: Platform, line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    hand_in(sync, os.urandom(1_500_000))
    line.set_mode(LineMode.SLOW, bytes_per_s=300_000)
    sync.client.call("wake")
    for _ in range(3):
        enough = line.state()["bytes_up"] + 150_000
        until(partial(line_carried, line, enough))
        line.set_mode(LineMode.CUT)
        _TICK.wait(0.3)
        line.set_mode(LineMode.SLOW, bytes_per_s=300_000)
    line.set_mode(LineMode.UP)
    until(lambda: pending(sync) == 0, within_s=30.0)
    with platform.store.reading() as run:
        rows = run.execute("select terminal_id, digest, stored_at from attachment").fetchall()
    ((terminal_id, digest, stored_at),) = rows
    assert stored_at
    assert (
        sum(len(piece) for piece in AttachmentStore(platform.store).pieces(terminal_id, bytes(digest)))
        > 1_500_000
    )
    assert line.state()["bytes_up"] < 1_500_000 + 4 * 300_000
    assert sync.status()["last_success_s"]["attachments"] is not None
    assert sync.end() < 1.0


@pytest.mark.fault(69)
def test_a_photograph_follows_its_case_at_once(
    line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    hand_in(sync, os.urandom(20_000))
    sync.client.call("wake")
    until(lambda: pending(sync) == 0, within_s=15.0)  # a look without being woken comes once a minute


def test_a_catalogue_comes_down_and_is_told(
    platform: Platform, line: LineSimulator, start_sync: Callable[..., SyncProcess], tmp_path: Path
) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    sync = start_sync(url_of(line), more=f'publisher_key = "{public.hex()}"\n')
    sync.until(online)
    assert sync.status()["catalogue_version"] is None
    store = CatalogueStore(platform.store)
    store.trust(public)
    sources = [
        SourcePack(code, "1.0.0", file, (PACKS / file).read_text(encoding="utf-8"))
        for code, file in (
            ("pension-certification", "10-pension-certification.yaml"),
            ("case-progress", "20-case-progress.yaml"),
        )
    ]
    publication = publish(sources, 4, datetime(2026, 11, 1, tzinfo=UTC), key.private_bytes_raw())
    store.publish(msgspec.json.encode(publication))
    sync.until(lambda status: bool(status["catalogue_version"] == 4))
    assert offered(PACKS, sync.settings.catalogue_dir, public).signed_version == 4
    until(lambda: publication.signed.digest in heartbeat_of(platform))
    with sync.journal() as journal:
        assert AuditEvent.CATALOGUE_CHANGED in {one.event for one in journal.audit.recent(20)}


def heartbeat_of(platform: Platform) -> str:
    with platform.store.reading() as run:
        row: Any = run.execute("select heartbeat from terminal").fetchone()
    return str(row[0])


def test_what_the_status_tells_of_clock_and_standing(
    line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    sync.until(lambda found: found["clock_offset_s"] is not None)
    status = sync.status()
    assert abs(status["clock_offset_s"]) < 5.0
    assert (status["clock_trusted"], status["standing"]) == (True, "ok")
