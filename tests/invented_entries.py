"""Chains of entries of invented residents, as a journal makes them, without a journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kiosk.domain.entry import GENESIS, EntryHeader, EntryKind, RecordedEntry
from kiosk.domain.receipt import receipt_number
from kiosk.journal.sealing import encode_case, seal
from tests.invented_cases import invented_case

_BEGAN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def next_entry(
    terminal_number: str,
    before: RecordedEntry | None,
    sealing_key: bytes | None = None,
    boot_id: str = "boot-1",
) -> RecordedEntry:
    """The entry that follows `before` (None: the first). Without a key its body is no more than bytes."""
    case, sequence = invented_case(), before.sequence + 1 if before else 1
    header = EntryHeader(
        terminal_number=terminal_number,
        entry_id=case.entry_id,
        kind=EntryKind.CASE,
        service_code=case.service_code,
        pack_version=case.pack_version,
        receipt_number=receipt_number(terminal_number, case.entry_id),
    )
    entry = RecordedEntry(
        header=header,
        sequence=sequence,
        recorded_at=_BEGAN + timedelta(seconds=sequence),
        boot_id=boot_id,
        monotonic_s=1000.0 + sequence,
        sealed=seal(encode_case(case), header, sealing_key) if sealing_key else b"sealed %d" % sequence,
        previous_digest=before.digest if before else GENESIS,
        digest=b"",
    )
    return redigested(entry)


def chain(
    count: int, terminal_number: str = "100001", sealing_key: bytes | None = None
) -> list[RecordedEntry]:
    """Entries that follow each other."""
    entries: list[RecordedEntry] = []
    for _ in range(count):
        entries.append(next_entry(terminal_number, entries[-1] if entries else None, sealing_key))
    return entries


def redigested(entry: RecordedEntry, **changes: Any) -> RecordedEntry:
    """The entry altered, with a digest that covers the alteration."""
    changed = replace(entry, **changes)
    return replace(changed, digest=changed.digest_of_content())
