"""The inbox: what the platform said later of the cases received here, kept until the resident comes back."""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
    """The platform's own; the same message may come twice."""
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
        inserted = self._database.run(_INSERT, values)
        if inserted and state is not None:
            self._outbox.set_platform_state_within(message.receipt_number, state)
        return inserted


def _message(row: Row) -> InboxMessage:
    return InboxMessage(
        message_id=row[0],
        receipt_number=row[1],
        said_at=datetime.fromisoformat(row[2]),
        platform_state=PlatformState(row[3]) if row[3] else None,
        words=row[4],
    )
