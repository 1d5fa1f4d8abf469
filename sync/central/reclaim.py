"""Cases that are made known again from their slips, when the terminal that received them is lost.

The paper proves that the terminal promised: its signature covers the entry's identity, place and digest, and the
key was told by the terminal while it lived.  What the resident wrote is not on it, so the record says
"received" with an empty content and stays on a list until the entry comes after all (the disk was mended, a
stick was found): that fills the content in and leaves the record's state as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kiosk.documents.signed_receipt import NotOurWord, SignedReceipt, key_id, read_signed
from kiosk.domain.case import PlatformState
from kiosk.domain.entry import iso_utc
from sync.central.engine import Cursor
from sync.central.store import Store
from sync.central.successors import terminals_since
from sync.paper_wire import Reclaim, ReclaimAnswer
from sync.wire import Result


class ReclaimRefused(Exception):
    """Paper that proves nothing; `word` says why: no-signed-slip, unknown-terminal, unknown-key, bad-signature."""

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(word)


@dataclass(frozen=True, slots=True)
class OpenReclaim:
    """A case known by its paper alone."""

    receipt_number: str
    terminal_number: str
    service_code: str
    recorded_at: str
    reclaimed_at: str
    reclaimed_by: str


@dataclass(frozen=True, slots=True)
class FromPaper:
    """How a case stands to the paper that made it known."""

    reclaimed_at: str
    reclaimed_by: str
    body_came: bool
    agrees: bool
    """False when the body that came is not the one that the paper vouches for: for a person to look at."""


class Reclaims:
    """The tables `slip_key` and `reclaim`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tell_key(self, terminal_id: str, nonce: str, public_key: bytes) -> bytes:
        """Remember a terminal's slip key; its id. Keys are kept for ever, as paper is. Raises `Replayed`."""
        name = key_id(public_key)
        with self._store.transaction(terminal_id) as run:
            self._store.use_nonce(run, terminal_id, nonce)
            run.execute(
                "insert into slip_key values (?, ?, ?, ?) on conflict do nothing",
                (terminal_id, name, public_key, self._store.now()),
            )
        return name

    def reclaim(
        self, text: str, by: str, noted: Callable[[Cursor, ReclaimAnswer], None] | None = None
    ) -> ReclaimAnswer:
        """Make the case of a scanned slip known. Idempotent. Raises `ReclaimRefused`.

        `noted` puts it on record, in the same transaction.
        """
        try:
            slip = read_signed(text)
        except NotOurWord as error:
            raise ReclaimRefused("no-signed-slip") from error
        terminal_id = self._verified(slip)
        with self._store.transaction(terminal_id) as run:
            found, agrees = self._known(run, terminal_id, slip), _agrees(run, terminal_id, slip)
            if found is None:
                self._insert(run, terminal_id, slip, by)
                found = Reclaim.RECLAIMED, PlatformState.RECEIVED
            answer = ReclaimAnswer(
                receipt_number=slip.receipt.number,
                result=found[0],
                state=found[1],
                service_code=slip.receipt.service_code,
                terminal_number=slip.terminal_number,
                received_at=iso_utc(slip.receipt.received_at),
                agrees=agrees,
            )
            if noted is not None:
                noted(run, answer)
        return answer

    def without_body(self, limit: int = 200) -> list[OpenReclaim]:
        """The cases whose body is still missing, the oldest first."""
        with self._store.reading() as run:
            rows = run.execute(
                "select r.receipt_number, t.terminal_number, r.service_code, r.recorded_at, r.reclaimed_at,"
                " r.reclaimed_by from reclaim r join terminal t on t.terminal_id = r.terminal_id"
                " left join entry e on e.terminal_id = r.terminal_id and e.entry_id = r.entry_id"
                " where e.entry_id is null order by r.reclaimed_at limit ?",
                (limit,),
            ).fetchall()
        return [OpenReclaim(*row) for row in rows]

    def of(self, receipt_number: str) -> FromPaper | None:
        """How a case stands to its paper; None when it never was made known by it."""
        with self._store.reading() as run:
            row = run.execute(
                "select r.reclaimed_at, r.reclaimed_by, r.digest, e.digest from terminal t join reclaim r"
                " on r.terminal_id = t.terminal_id left join entry e"
                " on e.terminal_id = r.terminal_id and e.entry_id = r.entry_id"
                " where t.terminal_number = ? and r.receipt_number = ?",
                (receipt_number[:6], receipt_number),
            ).fetchone()
        if row is None:
            return None
        return FromPaper(row[0], row[1], row[3] is not None, row[3] is None or bytes(row[2]) == bytes(row[3]))

    def _verified(self, slip: SignedReceipt) -> str:
        """The terminal whose word the slip is."""
        with self._store.reading() as run:
            terminal = run.execute(
                "select terminal_id from terminal where terminal_number = ?", (slip.terminal_number,)
            ).fetchone()
            if terminal is None:
                raise ReclaimRefused("unknown-terminal")
            # What a terminal received before it was enrolled again, its successor prints again.
            told = (
                run.execute(
                    "select public_key from slip_key where terminal_id = ? and key_id = ?", (one, slip.key_id)
                ).fetchone()
                for one in terminals_since(run, str(terminal[0]))
            )
            key = next((row for row in told if row is not None), None)
        if key is None:
            raise ReclaimRefused("unknown-key")
        try:
            slip.verify(bytes(key[0]))
        except NotOurWord as error:
            raise ReclaimRefused("bad-signature") from error
        return str(terminal[0])

    def _known(
        self, run: Cursor, terminal_id: str, slip: SignedReceipt
    ) -> tuple[Reclaim, PlatformState] | None:
        entry = run.execute(
            "select result from entry where terminal_id = ? and entry_id = ?",
            (terminal_id, slip.receipt.entry_id.bytes),
        ).fetchone()
        case = run.execute(
            "select state from case_record where terminal_id = ? and receipt_number = ?",
            (terminal_id, slip.receipt.number),
        ).fetchone()
        if entry is None:
            return None if case is None else (Reclaim.RECLAIMED, PlatformState(case[0]))
        if case is not None:
            return Reclaim.KNOWN, PlatformState(case[0])
        if entry[0] == Result.QUARANTINED.value:
            return Reclaim.SET_APART, PlatformState.UNKNOWN
        return Reclaim.KNOWN, PlatformState.RECEIVED  # stored, and about to be opened

    def _insert(self, run: Cursor, terminal_id: str, slip: SignedReceipt, by: str) -> None:
        receipt, now, state = slip.receipt, self._store.now(), PlatformState.RECEIVED.value
        run.execute(
            "insert into reclaim (terminal_id, receipt_number, entry_id, sequence, digest, recorded_at,"
            " service_code, reclaimed_at, reclaimed_by) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                terminal_id,
                receipt.number,
                receipt.entry_id.bytes,
                receipt.sequence,
                receipt.digest,
                iso_utc(receipt.received_at),
                receipt.service_code,
                now,
                by,
            ),
        )
        run.execute(
            "insert into case_record values (?, ?, ?, ?, ?, '')",
            (terminal_id, receipt.number, receipt.entry_id.bytes, receipt.service_code, state),
        )
        run.execute(
            "insert into case_history values (?, ?, 1, ?, ?)", (terminal_id, receipt.number, state, now)
        )


def _agrees(run: Cursor, terminal_id: str, slip: SignedReceipt) -> bool:
    """Whether nothing here contradicts the paper: another body of this case, or another case at its place."""
    receipt = slip.receipt
    others = run.execute(
        "select 1 from entry where terminal_id = ? and ((entry_id = ? and digest <> ?)"
        " or (sequence = ? and entry_id <> ?)) limit 1",
        (terminal_id, receipt.entry_id.bytes, receipt.digest, receipt.sequence, receipt.entry_id.bytes),
    ).fetchone()
    papers = run.execute(
        "select 1 from reclaim where terminal_id = ? and ((receipt_number = ? and digest <> ?)"
        " or (sequence = ? and receipt_number <> ?)) limit 1",
        (terminal_id, receipt.number, receipt.digest, receipt.sequence, receipt.number),
    ).fetchone()
    return others is None and papers is None


def known_by_paper(run: Cursor, terminal_id: str, receipt_number: str) -> tuple[bytes, str, str, str] | None:
    """(entry id, service, state, since when) of a case whose paper alone is here; None when there is none."""
    row = run.execute(
        "select c.entry_id, c.service_code, c.state, r.reclaimed_at from reclaim r join case_record c"
        " on c.terminal_id = r.terminal_id and c.receipt_number = r.receipt_number"
        " where r.terminal_id = ? and r.receipt_number = ?",
        (terminal_id, receipt_number),
    ).fetchone()
    return (bytes(row[0]), str(row[1]), str(row[2]), str(row[3])) if row else None
