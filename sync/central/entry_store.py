"""Entries as the platform keeps them: each exactly once, at its place in its terminal's chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.domain.case import PlatformState
from kiosk.domain.entry import GENESIS, iso_utc
from sync.central.intake import Judgement, judge
from sync.central.store import Store, Terminal, note_chain
from sync.wire import Reason, Result, WireEntry, encode


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


class EntryStore:
    """Takes batches in."""

    def __init__(self, store: Store, sealing_key: X25519PrivateKey) -> None:
        self._store = store
        self._sealing_key = sealing_key.private_bytes_raw()

    def take_in(self, terminal: Terminal, nonce: str, entries: list[WireEntry]) -> Intake:
        """Store a batch in one transaction. Sending it again stores nothing twice."""
        # Opening is the costly part and needs no lock; what is a duplicate is judged for nothing, rarely.
        judgements = [judge(entry, terminal.terminal_number, self._sealing_key) for entry in entries]
        outcomes: dict[int, Outcome] = {}
        with self._store.transaction(terminal.terminal_id) as run:
            self._store.use_nonce(run, terminal.terminal_id, nonce)
            # In the chain's order, so that a batch that was shuffled does not look like one with gaps.
            for place in sorted(range(len(entries)), key=lambda place: entries[place].sequence):
                outcomes[place] = self._take_one(run, terminal.terminal_id, entries[place], judgements[place])
            _close_gaps(run, terminal.terminal_id, self._store.now())
            high_water = _high_water(run, terminal.terminal_id)
        return Intake([outcomes[place] for place in range(len(entries))], high_water)

    def _take_one(self, run: Any, terminal_id: str, entry: WireEntry, judgement: Judgement) -> Outcome:
        now = self._store.now()
        known = run.execute(
            "select digest, result, reason, stored_at from entry where terminal_id = ? and entry_id = ?",
            (terminal_id, entry.id.bytes),
        ).fetchone()
        if known is not None:
            return self._seen_before(run, terminal_id, entry, known)
        if judgement.result is Result.REJECTED:
            return Outcome(Result.REJECTED, judgement.reason, PlatformState.UNKNOWN, now)
        if judgement.result is Result.STORED and _forks(run, terminal_id, entry):
            judgement = Judgement(Result.QUARANTINED, Reason.FORK)
            note_chain(run, terminal_id, "fork", entry.sequence, entry.sequence, now)
        _insert_entry(run, terminal_id, entry, judgement, now)
        _advance(run, terminal_id, entry.sequence, now)
        if judgement.result is not Result.STORED:
            return Outcome(judgement.result, judgement.reason, PlatformState.UNKNOWN, now)
        _insert_case(run, terminal_id, entry, judgement.content, now)
        return Outcome(Result.STORED, Reason.NONE, PlatformState.RECEIVED, now)

    def _seen_before(self, run: Any, terminal_id: str, entry: WireEntry, known: tuple[Any, ...]) -> Outcome:
        digest, result, reason, stored_at = known
        if digest != entry.digest:
            # Kept for a person: either a bug or somebody's hand in the middle (fault 63 of our catalogue).
            run.execute(
                "insert into conflicting_entry values (?, ?, ?, ?, ?) on conflict do nothing",
                (terminal_id, entry.id.bytes, entry.digest, encode(entry), self._store.now()),
            )
            return Outcome(Result.QUARANTINED, Reason.CONFLICT, PlatformState.UNKNOWN, self._store.now())
        run.execute(
            "update entry set times_received = times_received + 1 where terminal_id = ? and entry_id = ?",
            (terminal_id, entry.id.bytes),
        )
        if Result(result) is Result.QUARANTINED:
            return Outcome(Result.QUARANTINED, Reason(reason), PlatformState.UNKNOWN, stored_at)
        state = run.execute(
            "select state from case_record where terminal_id = ? and receipt_number = ?",
            (terminal_id, entry.receipt_number),
        ).fetchone()
        return Outcome(Result.DUPLICATE, Reason.NONE, PlatformState(state[0]), stored_at)


def _forks(run: Any, terminal_id: str, entry: WireEntry) -> bool:
    """Whether another entry stands at this place, or a neighbour names another one as standing here."""
    if entry.sequence == 1 and entry.previous_digest != GENESIS:
        return True
    neighbours = run.execute(
        "select sequence, digest, previous_digest from entry"
        " where terminal_id = ? and sequence between ? and ? and reason not in ('fork', 'digest')",
        (terminal_id, entry.sequence - 1, entry.sequence + 1),
    ).fetchall()
    for sequence, digest, previous_digest in neighbours:
        if sequence == entry.sequence:
            return True
        if sequence < entry.sequence and digest != entry.previous_digest:
            return True
        if sequence > entry.sequence and previous_digest != entry.digest:
            return True
    return False


def _insert_entry(run: Any, terminal_id: str, entry: WireEntry, judgement: Judgement, now: str) -> None:
    run.execute(
        "insert into entry values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (
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
            judgement.result.value,
            judgement.reason.value,
            now,
        ),
    )


def _insert_case(run: Any, terminal_id: str, entry: WireEntry, content: str, now: str) -> None:
    state = PlatformState.RECEIVED.value
    run.execute(
        "insert into case_record values (?, ?, ?, ?, ?, ?)",
        (terminal_id, entry.receipt_number, entry.id.bytes, entry.service_code, state, content),
    )
    run.execute(
        "insert into case_history values (?, ?, 1, ?, ?)", (terminal_id, entry.receipt_number, state, now)
    )


def _advance(run: Any, terminal_id: str, sequence: int, now: str) -> None:
    """Move the high water; what was jumped over is noted as a gap until it comes."""
    high_water = _high_water(run, terminal_id)
    if sequence <= high_water:
        return
    if sequence > high_water + 1:
        note_chain(run, terminal_id, "gap", high_water + 1, sequence - 1, now)
    run.execute("update terminal set high_water = ? where terminal_id = ?", (sequence, terminal_id))


def _high_water(run: Any, terminal_id: str) -> int:
    row = run.execute("select high_water from terminal where terminal_id = ?", (terminal_id,)).fetchone()
    return int(row[0])


def _close_gaps(run: Any, terminal_id: str, now: str) -> None:
    """Close every gap whose entries have all come since."""
    run.execute(
        "update chain_note set closed_at = ? where terminal_id = ? and kind = 'gap' and closed_at is null"
        " and (select count(distinct sequence) from entry where entry.terminal_id = chain_note.terminal_id"
        "      and entry.sequence between first_sequence and last_sequence) = last_sequence - first_sequence + 1",
        (now, terminal_id),
    )
