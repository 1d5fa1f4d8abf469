"""Terminals that take another one's place: after a lost key, a copied disk, an old disk put back.

The new terminal has a number and a key of its own; its chain goes on where the journal stood.  What the old one
received and could not send is delivered by the new one and stored under the old number, where forks are set
apart as ever.  Only a code that an operator made for that very place binds two terminals: the old key cannot
vouch for it, being lost, or held by somebody else as well.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain.enrolment import Standing
from sync.central.engine import Cursor
from sync.central.store import FIRST_TERMINAL, NUMBERS_LEFT_OUT, EnrolmentRefused, Store, Terminal, code_hash
from sync.wire import ChainStart

_HOLD = "select 1 from terminal where terminal_id = ?"
_NUMBER = re.compile(r"[0-9]{6}", re.ASCII)
_LONGEST_LINE = 32
"""Terminals in one place, one after the other; a circle cannot come to be, and would end here."""


class UnknownTerminal(Exception):
    """There is no terminal of that number."""


def add_code(
    store: Store, code: str, valid_for: timedelta, successor_of: str | None = None, forgotten: bool = False
) -> datetime:
    """Make `code` usable once; with `successor_of`, only for the place of that terminal. Raises `UnknownTerminal`.

    `forgotten` is an operator's word that there was such a terminal before this platform was put back from a backup:
    its number is taken up again, so that what it received has a place to be delivered to.
    """
    if successor_of is None:
        return store.add_enrolment_code(code, valid_for)
    with store.transaction() as run:
        row = run.execute(
            "select terminal_id from terminal where terminal_number = ?", (successor_of,)
        ).fetchone()
        if row is None and forgotten:
            row = (_remember(run, successor_of, store.now()),)
        if row is None:
            raise UnknownTerminal(successor_of)
        # Before the code itself: one that exists without its place would enrol a stranger.
        run.execute(
            "insert into succession_code values (?, ?, ?) on conflict (code_hash) do update set"
            " predecessor_id = excluded.predecessor_id",
            (code_hash(code), row[0], store.now()),
        )
    return store.add_enrolment_code(code, valid_for)


@dataclass(frozen=True, slots=True)
class Succession:
    """What a newcomer says of its journal, checked and noted in the transaction of its enrolment."""

    chain: ChainStart | None

    def check(self, run: Cursor, code: bytes) -> None:
        """Raise `EnrolmentRefused`: not-for-succession, another-terminal."""
        said = self.chain.terminal_number if self.chain is not None else None
        meant = _meant(run, code)
        if said is not None and meant is None:
            raise EnrolmentRefused("not-for-succession")
        # Whoever goes on must come from that place, by one enrolment or several.
        if said is not None and meant is not None and said not in _numbers_of_line(run, meant):
            raise EnrolmentRefused("another-terminal")

    def bind(self, run: Cursor, code: bytes, terminal: Terminal) -> None:
        """Note whose place it takes, and where its chain goes on; the old one makes no more receipts."""
        predecessor = _meant(run, code)
        if predecessor is None:
            return
        chain, now = self.chain or ChainStart(), _now(run, terminal.terminal_id)
        run.execute(
            "insert into succession values (?, ?, ?, ?, ?)",
            (terminal.terminal_id, predecessor, chain.sequence + 1, chain.digest, now),
        )
        run.execute(
            "update terminal set high_water = ? where terminal_id = ?", (chain.sequence, terminal.terminal_id)
        )
        run.execute(
            "update terminal set standing = ?, standing_since = ? where terminal_id = ?",
            (Standing.SUSPENDED.value, now, predecessor),
        )


def owner_of(store: Store, caller: Terminal, number: str | None) -> Terminal | None:
    """The terminal that received what `caller` delivers: itself, or one whose place it took. None: neither."""
    if number is None or number == caller.terminal_number:
        return caller
    with store.reading() as run:
        for terminal_id in _line(run, caller.terminal_id):
            row = run.execute(
                "select terminal_id, terminal_number, region_code, public_key, high_water from terminal"
                " where terminal_id = ? and terminal_number = ?",
                (terminal_id, number),
            ).fetchone()
            if row is not None:
                return Terminal(*row)
    return None


def home_of_entry(store: Store, terminal_id: str, entry_id: UUID) -> str:
    """Under which terminal of the caller's line an entry is stored; the caller itself when it is not."""
    return _home(
        store, terminal_id, "select 1 from entry where terminal_id = ? and entry_id = ?", entry_id.bytes
    )


def home_of_attachment(store: Store, terminal_id: str, digest: bytes) -> str:
    """Under which terminal of the caller's line an attachment is begun; the caller itself when it is not."""
    return _home(store, terminal_id, "select 1 from attachment where terminal_id = ? and digest = ?", digest)


def heir(run: Cursor, terminal_id: str) -> str:
    """Who stands in this terminal's place now: itself, or the last of those that took it.

    One that an operator let go on (`Standings.restore`), after a copy of it got a place of its own, is there still.
    An heir is held for the rest of the transaction, always after the one before it.
    """
    for _ in range(_LONGEST_LINE):
        row = run.execute(
            "select s.terminal_id from succession s join terminal t on t.terminal_id = s.predecessor_id"
            " where s.predecessor_id = ? and t.standing = ? order by s.bound_at desc, s.terminal_id desc limit 1",
            (terminal_id, Standing.SUSPENDED.value),
        ).fetchone()
        if row is None:
            break
        terminal_id = str(row[0])
        run.execute(_HOLD + run.for_update, (terminal_id,)).fetchone()
    return terminal_id


def terminals_since(run: Cursor, terminal_id: str) -> list[str]:
    """The terminal and all that took its place since, the oldest first."""
    found = [terminal_id]
    for one in found:
        rows = run.execute("select terminal_id from succession where predecessor_id = ?", (one,)).fetchall()
        found += [str(row[0]) for row in rows[: _LONGEST_LINE - len(found)]]
    return found


def _remember(run: Cursor, number: str, now: str) -> str:
    """A terminal that this platform forgot, stopped, with a key that nobody holds. Raises `UnknownTerminal`."""
    last = run.execute(
        "select terminal_number, region_code from terminal order by terminal_number desc limit 1"
    ).fetchone()
    newest = int(last[0]) if last is not None else FIRST_TERMINAL
    if not _NUMBER.fullmatch(number) or not FIRST_TERMINAL <= int(number) <= newest + NUMBERS_LEFT_OUT:
        raise UnknownTerminal(number)
    terminal_id = f"t{number}-{secrets.token_hex(4)}"
    nobody = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    run.execute(
        "insert into terminal (terminal_id, terminal_number, region_code, public_key, enrolled_at, standing,"
        " standing_since) values (?, ?, ?, ?, ?, ?, ?)",
        (terminal_id, number, last[1] if last else "000000", nobody, now, Standing.SUSPENDED.value, now),
    )
    return terminal_id


def _meant(run: Cursor, code: bytes) -> str | None:
    row = run.execute("select predecessor_id from succession_code where code_hash = ?", (code,)).fetchone()
    return str(row[0]) if row else None


def _home(store: Store, terminal_id: str, query: str, key: bytes) -> str:
    with store.reading() as run:
        line = _line(run, terminal_id)
        if len(line) == 1:
            return terminal_id
        found = (one for one in line if run.execute(query, (one, key)).fetchone() is not None)
        return next(found, terminal_id)


def _line(run: Cursor, terminal_id: str) -> list[str]:
    """The terminal and those before it, the newest first."""
    line = [terminal_id]
    while len(line) < _LONGEST_LINE:
        row = run.execute(
            "select predecessor_id from succession where terminal_id = ?", (line[-1],)
        ).fetchone()
        if row is None:
            break
        line.append(str(row[0]))
    return line


def _numbers_of_line(run: Cursor, terminal_id: str) -> set[str]:
    rows = [
        run.execute("select terminal_number from terminal where terminal_id = ?", (one,)).fetchone()
        for one in _line(run, terminal_id)
    ]
    return {str(row[0]) for row in rows if row is not None}


def _now(run: Cursor, terminal_id: str) -> str:
    row = run.execute("select enrolled_at from terminal where terminal_id = ?", (terminal_id,)).fetchone()
    assert row is not None, "just added"
    return str(row[0])
