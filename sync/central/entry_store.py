"""Entries as the platform keeps them: each exactly once, at its place in its terminal's chain.

A batch costs a handful of statements, however many entries it holds and however many are stored: what is known of
its identities and of its places is read in one go, decided in memory, and written in one go.  That nobody else
writes for this terminal meanwhile is what `Store.transaction` promises.  Entries are stored sealed; they are opened
after the terminal was answered (`sync.central.opener`).
"""

# ruff: noqa: S608 — statements are put together from our own words only; what comes from outside is a parameter

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.domain.case import PlatformState
from kiosk.domain.entry import GENESIS, iso_utc
from sync.central.engine import Cursor
from sync.central.gaps import close_gaps
from sync.central.intake import Judgement, judge_outside
from sync.central.opener import Opener
from sync.central.store import Store, Terminal, note_chain
from sync.wire import Reason, Result, WireEntry, encode

ENTRY_COLUMNS = (
    "terminal_id entry_id sequence kind service_code pack_version receipt_number recorded_at boot_id monotonic_ms"
    " sealed previous_digest digest result reason stored_at times_received"
).split()
_NO_PLACE = (Reason.FORK, Reason.DIGEST)
"""Entries that were quarantined for these do not say who stands where."""
_CHUNK = 500
"""Identities in one select: far below what either engine takes in a statement."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry that came in."""

    result: Result
    reason: Reason
    state: PlatformState
    stored_at: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a batch: one outcome an entry, in the order they came, and the new high water."""

    outcomes: list[Outcome]
    high_water: int


@dataclass(slots=True)
class _Known:
    """What is stored under one identity, or will be when this batch is committed."""

    digest: bytes
    result: Result
    reason: Reason
    stored_at: str
    times_more: int = 0


class EntryStore:
    """Takes batches in."""

    def __init__(self, store: Store, sealing_key: X25519PrivateKey) -> None:
        self._store = store
        self.opener = Opener(store, sealing_key)
        self.on_stored: Callable[[], None] = self.opener.wake

    def take_in(self, terminal: Terminal, nonce: str, entries: list[WireEntry]) -> Intake:
        """Store a batch in one transaction. Sending it again stores nothing twice."""
        judgements = [judge_outside(entry, terminal.terminal_number) for entry in entries]
        with self._store.transaction(terminal.terminal_id) as run:
            self._store.use_nonce(run, terminal.terminal_id, nonce)
            batch = _Batch(run, terminal.terminal_id, self._store.now(), entries)
            outcomes: dict[int, Outcome] = {}
            # In the chain's order, so that a batch that was shuffled does not look like one with gaps.
            for place in sorted(range(len(entries)), key=lambda place: entries[place].sequence):
                outcomes[place] = batch.take(entries[place], judgements[place])
            high_water = batch.write()
        self.on_stored()
        return Intake([outcomes[place] for place in range(len(entries))], high_water)


class _Batch:
    """One batch inside its transaction."""

    def __init__(self, run: Cursor, terminal_id: str, now: str, entries: list[WireEntry]) -> None:
        self._run, self._terminal_id, self._now = run, terminal_id, now
        self._old_high_water = self._high_water = _high_water(run, terminal_id)
        self._known = self._read_known([entry.id.bytes for entry in entries])
        self._places = self._read_places([entry.sequence for entry in entries])
        self._states = self._read_states(entries)
        self._new: dict[bytes, tuple[WireEntry, _Known]] = {}

    def take(self, entry: WireEntry, judgement: Judgement) -> Outcome:
        """Decide what becomes of one entry."""
        known = self._known.get(entry.id.bytes)
        if known is not None:
            return self._seen_before(entry, known)
        if judgement.result is Result.REJECTED:
            return Outcome(Result.REJECTED, judgement.reason, PlatformState.UNKNOWN, self._now)
        if judgement.result is Result.STORED and self._forks(entry):
            judgement = Judgement(Result.QUARANTINED, Reason.FORK)
            note_chain(self._run, self._terminal_id, "fork", entry.sequence, entry.sequence, self._now)
        self._keep(entry, judgement)
        stored = judgement.result is Result.STORED
        state = PlatformState.RECEIVED if stored else PlatformState.UNKNOWN
        return Outcome(judgement.result, judgement.reason, state, self._now)

    def write(self) -> int:
        """Write what was decided; returns the new high water."""
        run, terminal_id = self._run, self._terminal_id
        if self._new:
            new = [
                entry_row(terminal_id, entry, known.result, known.reason, self._now, 1 + known.times_more)
                for entry, known in self._new.values()
            ]
            run.load("entry", ENTRY_COLUMNS, new)
            sealed = [key for key, (_, known) in self._new.items() if known.result is Result.STORED]
            run.load("opening", ("terminal_id", "entry_id"), [(terminal_id, key) for key in sealed])
        again = [
            (known.times_more, terminal_id, key)
            for key, known in self._known.items()
            if known.times_more and key not in self._new
        ]
        if again:
            more = (
                "update entry set times_received = times_received + ? where terminal_id = ? and entry_id = ?"
            )
            run.executemany(more, again)
        if self._high_water != self._old_high_water:
            raised = "update terminal set high_water = ? where terminal_id = ?"
            run.execute(raised, (self._high_water, terminal_id))
        if any(entry.sequence <= self._old_high_water for entry, _ in self._new.values()):
            close_gaps(run, terminal_id, self._now)
        return self._high_water

    def _seen_before(self, entry: WireEntry, known: _Known) -> Outcome:
        if known.digest != entry.digest:
            # Kept for a person: either a bug or somebody's hand in the middle (fault 63 of our catalogue).
            self._run.execute(
                "insert into conflicting_entry values (?, ?, ?, ?, ?) on conflict do nothing",
                (self._terminal_id, entry.id.bytes, entry.digest, encode(entry), self._now),
            )
            return Outcome(Result.QUARANTINED, Reason.CONFLICT, PlatformState.UNKNOWN, self._now)
        known.times_more += 1
        if known.result is Result.QUARANTINED:
            return Outcome(Result.QUARANTINED, known.reason, PlatformState.UNKNOWN, known.stored_at)
        state = self._states.get(entry.receipt_number, PlatformState.RECEIVED)
        return Outcome(Result.DUPLICATE, Reason.NONE, state, known.stored_at)

    def _forks(self, entry: WireEntry) -> bool:
        """Whether another entry stands at this place, or a neighbour names another one as standing here."""
        if entry.sequence == 1 and entry.previous_digest != GENESIS:
            return True
        if entry.sequence in self._places:
            return True
        before = self._places.get(entry.sequence - 1, [])
        if any(digest != entry.previous_digest for digest, _ in before):
            return True
        after = self._places.get(entry.sequence + 1, [])
        return any(previous_digest != entry.digest for _, previous_digest in after)

    def _keep(self, entry: WireEntry, judgement: Judgement) -> None:
        known = _Known(entry.digest, judgement.result, judgement.reason, self._now)
        self._known[entry.id.bytes] = known
        self._new[entry.id.bytes] = (entry, known)
        if judgement.reason not in _NO_PLACE:
            self._places.setdefault(entry.sequence, []).append((entry.digest, entry.previous_digest))
        if entry.sequence > self._high_water + 1:
            # What was jumped over is noted as a gap until it comes.
            first, last = self._high_water + 1, entry.sequence - 1
            note_chain(self._run, self._terminal_id, "gap", first, last, self._now)
        self._high_water = max(self._high_water, entry.sequence)

    def _read_known(self, ids: list[bytes]) -> dict[bytes, _Known]:
        found: dict[bytes, _Known] = {}
        for begin in range(0, len(ids), _CHUNK):
            chunk = ids[begin : begin + _CHUNK]
            rows = self._run.execute(
                "select entry_id, digest, result, reason, stored_at from entry where terminal_id = ?"
                f" and entry_id in ({_places(chunk)})",
                (self._terminal_id, *chunk),
            ).fetchall()
            for entry_id, digest, result, reason, stored_at in rows:
                known = _Known(bytes(digest), Result(result), Reason(reason), stored_at)
                found[bytes(entry_id)] = known
        return found

    def _read_places(self, sequences: list[int]) -> dict[int, list[tuple[bytes, bytes]]]:
        """Who stands at these places and beside them; above the high water stands nobody."""
        wanted = {near for one in sequences for near in (one - 1, one, one + 1) if near <= self._high_water}
        found: dict[int, list[tuple[bytes, bytes]]] = {}
        ordered = sorted(wanted)
        for begin in range(0, len(ordered), _CHUNK):
            chunk = ordered[begin : begin + _CHUNK]
            rows = self._run.execute(
                "select sequence, digest, previous_digest from entry where terminal_id = ?"
                f" and sequence in ({_places(chunk)}) and reason not in ('fork', 'digest')",
                (self._terminal_id, *chunk),
            ).fetchall()
            for sequence, digest, previous_digest in rows:
                found.setdefault(sequence, []).append((bytes(digest), bytes(previous_digest)))
        return found

    def _read_states(self, entries: list[WireEntry]) -> dict[str, PlatformState]:
        """How far the cases are that came before; those not opened yet are not in it."""
        numbers = [entry.receipt_number for entry in entries if entry.id.bytes in self._known]
        found: dict[str, PlatformState] = {}
        for begin in range(0, len(numbers), _CHUNK):
            chunk = numbers[begin : begin + _CHUNK]
            rows = self._run.execute(
                f"select receipt_number, state from case_record where terminal_id = ? and receipt_number in ({_places(chunk)})",
                (self._terminal_id, *chunk),
            ).fetchall()
            found |= {number: PlatformState(state) for number, state in rows}
        return found


def entry_row(
    terminal_id: str, entry: WireEntry, result: Result, reason: Reason, now: str, times: int
) -> tuple[Any, ...]:
    """The entry as a row of its table (`ENTRY_COLUMNS`)."""
    return (
        terminal_id,
        entry.id.bytes,
        entry.sequence,
        entry.kind,
        entry.service_code,
        entry.pack_version,
        entry.receipt_number,
        iso_utc(entry.recorded_at),
        entry.boot_id,
        entry.monotonic_ms,
        entry.sealed,
        entry.previous_digest,
        entry.digest,
        result.value,
        reason.value,
        now,
        times,
    )


def _places(values: list[Any]) -> str:
    return ", ".join("?" * len(values))


def _high_water(run: Cursor, terminal_id: str) -> int:
    row = run.execute("select high_water from terminal where terminal_id = ?", (terminal_id,)).fetchone()
    assert row is not None, "only known terminals get here"
    return int(row[0])
