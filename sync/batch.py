"""A batch of entries as it travels, and what is answered to it: nothing is sent that the other side can derive.

Sealed bodies do not compress, so what stands beside them must be next to nothing.  Of each entry travel its
identity, when it was recorded, and its sealed body; all of a kind stand together in a column, because equal
things side by side are what a compressor takes away.  What follows from these is computed on the platform:

* the receipt number, from the identity;
* the digest, which each entry's successor names: a run of entries that follow each other gives the digest
  before its first and that of its last, and the chain between must lead from the one to the other;
* service, pack and boot, from a short table.

In memory both sides keep whole entries (`sync.wire.WireEntry`); this is the only file that knows the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from kiosk.domain.case import PlatformState
from kiosk.domain.entry import EntryHeader, EntryKind, RecordedEntry, entry_digest
from kiosk.domain.receipt import receipt_number
from sync.wire import (
    MAX_BATCH,
    MAX_DECODED_REQUEST_BYTES,
    MAX_SEALED_BYTES,
    Code,
    Count,
    Digest,
    EntryResult,
    Reason,
    ReceiptNumber,
    Result,
    Signature,
    TerminalNumber,
    WireEntry,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID_BYTES = 16
_EARLIEST_MS = -62_135_596_800_000
_LATEST_MS = 253_402_300_799_999
"""What RFC 3339 can say: the years 1 to 9999."""

_Milliseconds = Annotated[int, Meta(ge=-(2**53), le=2**53)]
_Number = Annotated[int, Meta(ge=1, le=MAX_BATCH)]
_Place = Annotated[int, Meta(ge=0, lt=MAX_BATCH)]
_Size = Annotated[int, Meta(ge=1, le=MAX_SEALED_BYTES)]


class DerivedEntry(WireEntry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry whose receipt number and digest were computed here and led to the right end of its run."""


class Sort(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What many entries of a batch have in common."""

    kind: Code
    service_code: Code
    pack_version: Code
    boot_id: Annotated[str, Meta(max_length=64)]


class Run(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Entries that follow each other in the terminal's chain."""

    first: Annotated[int, Meta(ge=1, le=2**53)]
    """The sequence of the first."""
    count: _Number
    previous_digest: Digest
    """What the first names as its predecessor."""
    digest: Digest
    """Of the last: the platform computes every digest, and arrives here or refuses the run."""
    receipt_number: ReceiptNumber | None = None
    """Only where it does not follow from the identity, which is a fault for the platform to judge."""


class EntriesRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A batch of entries in columns, in the order of its runs; each entry gets a result of its own."""

    runs: Annotated[list[Run], Meta(min_length=1, max_length=MAX_BATCH)]
    sorts: Annotated[list[Sort], Meta(min_length=1, max_length=MAX_BATCH)]
    sort: Annotated[list[_Place], Meta(max_length=MAX_BATCH)] = []
    """Each entry's place in `sorts`; empty: all are of the first."""
    recorded_ms: Annotated[list[_Milliseconds], Meta(min_length=1, max_length=MAX_BATCH)]
    """When it was recorded, in Unix milliseconds: the first, and then differences to the one before."""
    booted_ms: Annotated[list[_Milliseconds], Meta(min_length=1, max_length=MAX_BATCH)]
    """When its boot began by its own clock (recorded less monotonic), in the same way."""
    ids: Annotated[bytes, Meta(min_length=_ID_BYTES, max_length=_ID_BYTES * MAX_BATCH)]
    """The UUIDs, 16 bytes each."""
    sizes: Annotated[list[_Size], Meta(min_length=1, max_length=MAX_BATCH)]
    """How many bytes of `sealed` are its body."""
    sealed: Annotated[bytes, Meta(min_length=1, max_length=MAX_DECODED_REQUEST_BYTES)]
    terminal_number: TerminalNumber | None = None
    """Under which earlier number of this terminal all of them were received; absent: under the present one."""

    def entries(self, terminal_number: str) -> list[WireEntry]:
        """The entries whole; raises `ValueError` when the columns do not fit each other or the chain breaks."""
        rows = self._rows()
        entries: list[WireEntry] = []
        for run in self.runs:
            if run.receipt_number is not None and run.count > 1:
                raise ValueError("a receipt number of its own is one entry's")
            previous = run.previous_digest
            for sequence in range(run.first, run.first + run.count):
                entries.append(_whole(next(rows), run, sequence, previous, terminal_number))
                previous = entries[-1].digest
            if previous != run.digest:
                raise ValueError(f"the chain from {run.first} does not lead to the digest of its last entry")
        return entries

    def _rows(self) -> Iterator[_Row]:
        count = sum(run.count for run in self.runs)
        columns = (self.recorded_ms, self.booted_ms, self.sizes, self.sort or self.sizes)
        if any(len(column) != count for column in columns) or len(self.ids) != count * _ID_BYTES:
            raise ValueError(f"columns that do not have {count} entries")
        if count > MAX_BATCH or sum(self.sizes) != len(self.sealed):
            raise ValueError("bodies that do not fit their sizes")
        if self.sort and max(self.sort) >= len(self.sorts):
            raise ValueError("a sort that is not in the table")
        recorded, booted = list(accumulate(self.recorded_ms)), list(accumulate(self.booted_ms))
        if min(recorded) < _EARLIEST_MS or max(recorded) > _LATEST_MS:
            raise ValueError("a time that is none")
        if any(not 0 <= there - then <= 2**53 for there, then in zip(recorded, booted, strict=True)):
            raise ValueError("an entry from before its boot")
        start = 0
        for place, size in enumerate(self.sizes):
            yield (
                self.sorts[self.sort[place] if self.sort else 0],
                recorded[place],
                recorded[place] - booted[place],
                UUID(bytes=self.ids[place * _ID_BYTES : (place + 1) * _ID_BYTES]),
                self.sealed[start : start + size],
            )
            start += size


_Row = tuple[Sort, int, int, UUID, bytes]
_KINDS = frozenset(kind.value for kind in EntryKind)


def _whole(row: _Row, run: Run, sequence: int, previous: bytes, terminal_number: str) -> WireEntry:
    sort, recorded_ms, monotonic_ms, entry_id, sealed = row
    number = run.receipt_number or receipt_number(terminal_number, entry_id)
    recorded_at = _EPOCH + timedelta(milliseconds=recorded_ms)
    alone = run.count == 1
    if alone:
        digest = run.digest  # judged by itself, and set aside by itself
    elif sort.kind not in _KINDS:
        raise ValueError("of a kind that is not known here no digest can be told: send it alone")
    else:
        header = EntryHeader(
            terminal_number=terminal_number,
            entry_id=entry_id,
            kind=EntryKind(sort.kind),
            service_code=sort.service_code,
            pack_version=sort.pack_version,
            receipt_number=number,
        )
        digest = entry_digest(
            header, sequence, recorded_at, sort.boot_id, monotonic_ms / 1000, sealed, previous
        )
    return (WireEntry if alone else DerivedEntry)(
        id=entry_id,
        sequence=sequence,
        kind=sort.kind,
        service_code=sort.service_code,
        pack_version=sort.pack_version,
        receipt_number=number,
        recorded_at=recorded_at,
        boot_id=sort.boot_id,
        monotonic_ms=monotonic_ms,
        sealed=sealed,
        previous_digest=previous,
        digest=digest,
    )


def to_batch(entries: Sequence[RecordedEntry], terminal_number: str) -> EntriesRequest:
    """The batch that carries `entries`, for the terminal of that number.

    There must be one at least, and all must be of one number: the present one, or one that it had before.
    """
    received_as = entries[0].header.terminal_number
    assert all(entry.header.terminal_number == received_as for entry in entries), "one number a batch"
    sorts: dict[tuple[str, str, str, str], int] = {}
    places = [sorts.setdefault(_sort_of(entry), len(sorts)) for entry in entries]
    recorded = [round((entry.recorded_at - _EPOCH) / timedelta(milliseconds=1)) for entry in entries]
    booted = [ms - round(entry.monotonic_s * 1000) for ms, entry in zip(recorded, entries, strict=True)]
    return EntriesRequest(
        runs=_runs(entries, received_as),
        sorts=[Sort(*sort) for sort in sorts],
        sort=places if len(sorts) > 1 else [],
        recorded_ms=_differences(recorded),
        booted_ms=_differences(booted),
        ids=b"".join(entry.header.entry_id.bytes for entry in entries),
        sizes=[len(entry.sealed) for entry in entries],
        sealed=b"".join(entry.sealed for entry in entries),
        terminal_number=None if received_as == terminal_number else received_as,
    )


def _sort_of(entry: RecordedEntry) -> tuple[str, str, str, str]:
    header = entry.header
    return header.kind.value, header.service_code, header.pack_version, entry.boot_id


def _differences(values: list[int]) -> list[int]:
    return [values[0], *(after - before for before, after in pairwise(values))]


def _runs(entries: Sequence[RecordedEntry], terminal_number: str) -> list[Run]:
    runs: list[list[RecordedEntry]] = []
    odd_before = True
    for entry in entries:
        odd = _odd_number(entry, terminal_number) is not None
        last = runs[-1][-1] if runs else None
        follows = (
            last is not None
            and not odd
            and not odd_before
            and entry.sequence == last.sequence + 1
            and entry.previous_digest == last.digest
        )
        if follows:
            runs[-1].append(entry)
        else:
            runs.append([entry])
        odd_before = odd
    return [
        Run(
            first=run[0].sequence,
            count=len(run),
            previous_digest=run[0].previous_digest,
            digest=run[-1].digest,
            receipt_number=_odd_number(run[0], terminal_number),
        )
        for run in runs
    ]


def _odd_number(entry: RecordedEntry, terminal_number: str) -> str | None:
    """A receipt number that the platform could not derive, which must travel by itself."""
    number = entry.header.receipt_number
    return None if number == receipt_number(terminal_number, entry.header.entry_id) else number


class Outcome(Struct, frozen=True, array_like=True):
    """What became of some entries of a batch."""

    result: Result
    reason: Reason
    state: PlatformState
    stored_at: Annotated[str, Meta(max_length=32)]


class EntriesAnswer(Struct, frozen=True, kw_only=True):
    """One outcome an entry, told in runs, in the order of the request; and one signature for all of them."""

    epoch: Code
    """Changes when the platform's memory is not what it was: restored from a backup, or new."""
    high_water: Count
    """The highest sequence stored for this terminal."""
    outcomes: Annotated[list[tuple[_Number, Outcome]], Meta(max_length=MAX_BATCH)]
    """So many entries, and what became of them."""
    signature: Signature
    """Over the tree of acknowledgements, see `sync.acknowledgement`."""

    def results(self, entries: Sequence[RecordedEntry]) -> list[EntryResult]:
        """One result an entry that was sent; raises `ValueError` when there are more or fewer."""
        if sum(count for count, _ in self.outcomes) != len(entries):
            raise ValueError("an answer to another number of entries")
        each = (outcome for count, outcome in self.outcomes for _ in range(count))
        return [
            EntryResult(
                id=entry.header.entry_id,
                result=outcome.result,
                reason=outcome.reason,
                state=outcome.state,
                stored_at=outcome.stored_at,
            )
            for entry, outcome in zip(entries, each, strict=True)
        ]


def in_runs(outcomes: Sequence[Outcome]) -> list[tuple[int, Outcome]]:
    """The outcomes as an answer tells them."""
    told: list[tuple[int, Outcome]] = []
    for outcome in outcomes:
        if told and told[-1][1] == outcome:
            told[-1] = (told[-1][0] + 1, outcome)
        else:
            told.append((1, outcome))
    return told


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """An answer as the terminal keeps it: a result for each entry that it sent."""

    epoch: str
    high_water: int
    results: list[EntryResult]
    signature: bytes
