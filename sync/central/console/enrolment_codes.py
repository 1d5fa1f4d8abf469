"""One-time codes by which terminals enrol: made for a place or for that of another terminal, listed while open, made void."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.domain.entry import iso_utc
from sync.central.store import Store, code_hash
from sync.central.successors import add_code

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for one another when they are read aloud or off a screen."""
_GROUPS, _GROUP = 3, 4
VALID_HOURS = (1, 24, 72)


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A code that may still be used. The code itself is not known any more."""

    code_hash: str
    label: str
    operator: str
    made_at: str
    expires_at: str
    successor_of: str
    """The number of the terminal whose place it gives; empty: a place of its own."""


class EnrolmentCodes:
    """Makes, lists and revokes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(
        self,
        label: str,
        operator: str,
        hours: int,
        successor_of: str | None = None,
        forgotten: bool = False,
    ) -> tuple[str, datetime]:
        """A new code and when it ends; it is not kept, only its hash is. Raises `UnknownTerminal`.

        With the number of a terminal it is good for that terminal's place alone; `forgotten`, also of one that the
        platform does not know any more.
        """
        code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
        expires_at = add_code(self._store, code, timedelta(hours=hours), successor_of, forgotten)
        with self._store.transaction() as run:
            run.execute(
                "insert into enrolment_label values (?, ?, ?, ?) on conflict (code_hash) do nothing",
                (code_hash(code), label, operator, self._store.now()),
            )
        return code, expires_at

    def open(self) -> list[OpenCode]:
        """Those that are neither used nor expired, the next to expire first."""
        with self._store.reading() as run:
            rows = run.execute(
                "select c.code_hash, coalesce(l.label, ''), coalesce(l.operator, ''), c.created_at, c.expires_at,"
                " coalesce(t.terminal_number, '')"
                " from enrolment_code c left join enrolment_label l on l.code_hash = c.code_hash"
                " left join succession_code s on s.code_hash = c.code_hash"
                " left join terminal t on t.terminal_id = s.predecessor_id"
                " where c.used_by is null and c.expires_at > ? order by c.expires_at limit 200",
                (self._store.now(),),
            ).fetchall()
        return [OpenCode(bytes(row[0]).hex(), *row[1:]) for row in rows]

    def revoke(self, code_hash: str) -> bool:
        """Nobody enrols with it any more. False: it was used, or there is none."""
        try:
            key = bytes.fromhex(code_hash)
        except ValueError:
            return False
        now = self._store.now()
        with self._store.transaction() as run:
            run.execute(
                "update enrolment_code set expires_at = ? where code_hash = ? and used_by is null and expires_at > ?",
                (iso_utc(datetime.fromisoformat(now)), key, now),
            )
            return run.rowcount == 1
