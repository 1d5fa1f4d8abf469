"""The inbox: what the platform said later of the cases received here, kept until the resident comes back.

Old messages go by the platform's clock alone, as bodies do (`kiosk.journal.retention`).  Of a case received here its
newest state and its newest words stay; only what they have overtaken is dropped.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.clock import Clock
from kiosk.domain.case import PlatformState
from kiosk.domain.entry import iso_utc
from kiosk.journal.database import Database, Row
from kiosk.journal.outbox import Outbox
from kiosk.journal.settings import SettingKey, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage:
    """One message of the platform about one receipt; nothing personal."""

    message_id: str
    """The platform's own; the same message may come twice. One that ends in a number comes after those with less."""
    receipt_number: str
    said_at: datetime
    """By the platform's clock."""
    platform_state: PlatformState | None = None
    """The state that the message announces, or None when it only has something to say."""
    words: str = ""


_COLUMNS = "message_id, receipt_number, said_at, platform_state, words"
_INSERT = (
    f"INSERT INTO inbox ({_COLUMNS}, stored_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (message_id) DO NOTHING"
)
_TELLS = "(newer.platform_state IS NOT NULL OR newer.words <> '')"
_OVERTAKEN_BY = (
    "EXISTS (SELECT 1 FROM inbox AS newer WHERE newer.receipt_number = old.receipt_number"
    " AND newer.position > old.position AND {condition})"
)
_OLD = (
    "SELECT position, said_at < ?1 AND (old.platform_state IS NULL AND old.words = ''"
    " OR NOT EXISTS (SELECT 1 FROM entry WHERE entry.receipt_number = old.receipt_number)"
    f" OR {_OVERTAKEN_BY.format(condition=_TELLS)} AND (old.platform_state IS NULL"
    f" OR {_OVERTAKEN_BY.format(condition='newer.platform_state IS NOT NULL')}))"
    " FROM inbox AS old WHERE position > ?2 ORDER BY position LIMIT ?3"
)
_BATCH = 500
"""Rows a look and a commit: a resident must not wait behind all of them."""


class Inbox:
    """The `inbox` table and its cursor."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, outbox: Outbox) -> None:
        self._database, self._clock = database, clock
        self._settings, self._outbox = settings, outbox

    def store(self, messages: Sequence[InboxMessage], cursor: str) -> int:
        """Keep messages in the platform's order, move entries' platform state and the cursor: one commit.

        A message that is already here changes nothing, so an old one that comes again cannot turn a state
        back. Returns how many were new.
        """
        if not messages and cursor == self.cursor():
            return 0
        stored_at = iso_utc(self._clock.now())
        new = 0
        with self._database.transaction():
            for message in messages:
                new += self._store(message, stored_at)
            self._settings.put_within(SettingKey.INBOX_CURSOR, cursor.encode("utf-8"))
        return new

    def cursor(self) -> str:
        """Where the next download goes on; empty before the first."""
        value = self._settings.get(SettingKey.INBOX_CURSOR)
        return value.decode("utf-8") if value is not None else ""

    def drop_overtaken(self, trusted_now: datetime, days: int) -> int:
        """Drop what the platform said more than `days` before `trusted_now`, its own clock, and what tells no more.

        Of a case received here the newest state and the newest words stay.  How many messages went.
        """
        if days < 1:
            raise ValueError("what was said is kept for a day at least")
        before, after, dropped = iso_utc(trusted_now - timedelta(days=days)), 0, 0
        while rows := self._database.rows(_OLD, (before, after, _BATCH)):
            after = rows[-1][0]
            if overtaken := [(row[0],) for row in rows if row[1]]:
                with self._database.transaction():
                    self._database.run_many("DELETE FROM inbox WHERE position = ?", overtaken)
            dropped += len(overtaken)
        return dropped

    def words_on(self, number: str, state: PlatformState) -> str:
        """What the platform had to say to the resident with `state`, or since; empty when nothing."""
        for message in reversed(self.for_receipt(number)):
            if message.platform_state not in (None, state):
                return ""
            if message.words or message.platform_state is state:
                return message.words
        return ""

    def for_receipt(self, number: str) -> tuple[InboxMessage, ...]:
        """Everything the platform said of this receipt, in its order."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM inbox WHERE receipt_number = ? ORDER BY position", (number,)
        )
        return tuple(_message(row) for row in rows)

    def _store(self, message: InboxMessage, stored_at: str) -> int:
        state = message.platform_state
        values = (
            message.message_id,
            message.receipt_number,
            iso_utc(message.said_at),
            state.value if state is not None else None,
            message.words,
            stored_at,
        )
        if self._is_overtaken(message):
            return 0
        inserted = self._database.run(_INSERT, values)
        if inserted and state is not None:
            self._outbox.set_platform_state_within(message.receipt_number, state)
        return inserted

    def _is_overtaken(self, message: InboxMessage) -> bool:
        """Whether a later word on the same case is here, so that this one was heard, and dropped, before.

        A download that begins anew would else end with an old state as the newest.
        """
        source, number = _place(message.message_id)
        if number is None:
            return False
        rows = self._database.rows(
            "SELECT message_id FROM inbox WHERE receipt_number = ?", (message.receipt_number,)
        )
        places = (_place(row[0]) for row in rows)
        return any(there == source and later is not None and later > number for there, later in places)


def _place(message_id: str) -> tuple[str, int | None]:
    """Who numbers the message, and its number there; None for one without."""
    source, _, number = message_id.rpartition("/")
    return (source, int(number)) if number.isascii() and number.isdigit() else (message_id, None)


def _message(row: Row) -> InboxMessage:
    return InboxMessage(
        message_id=row[0],
        receipt_number=row[1],
        said_at=datetime.fromisoformat(row[2]),
        platform_state=PlatformState(row[3]) if row[3] else None,
        words=row[4],
    )
