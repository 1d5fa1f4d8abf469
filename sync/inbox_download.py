"""What the platform has to say, fetched in order from a cursor, and what each kind of it means here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from kiosk.clock import Clock
from kiosk.domain.case import DeliveryState, ParkReason, PlatformState
from kiosk.journal.inbox import InboxMessage
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Parked
from sync.journal_thread import newest_sequence
from sync.platform_client import PlatformClient
from sync.wire import InboxMessage as WireMessage

log = logging.getLogger(__name__)

CASE_STATE = "case_state"
ENTRY_QUARANTINED = "entry_quarantined"
"""What the platform had acknowledged turned out not to open, or not to fit: a person must look at both ends."""
ENTRY_RELEASED = "entry_released"
"""A person there let it through: it is as good as any other."""
_ANSWERS_AT_ONCE = 50


class InboxDownload:
    """Fetches. Used by one thread."""

    def __init__(self, client: PlatformClient, clock: Clock) -> None:
        self._client, self._clock = client, clock

    def fetch(self, journal: Journal, head: int, going_on: Callable[[], bool]) -> bool:
        """Fetch towards message `head`; whether it changed what is to be sent. Raises `PlatformError`.

        So many answers and no more: an inbox without end would else keep the next heartbeat from ever leaving.
        """
        cursor = _number(journal.inbox.cursor())
        to_send = False
        for _ in range(_ANSWERS_AT_ONCE):
            if cursor >= head or not going_on():
                break
            answer = self._client.inbox(cursor, newest_sequence(journal))
            new = [message for message in answer.messages if message.number > cursor]
            for message in new:
                # Before the cursor moves: after a crash it is heard again, and each of these may be.
                to_send |= self._heed(journal, message)
            before, cursor = cursor, max([cursor, *(message.number for message in new)])
            kept = [_kept(message, self._client.terminal_id, self._clock.now()) for message in new]
            journal.inbox.store(kept, str(cursor))
            if not answer.more or cursor == before:  # "more" without anything new would go on for ever
                break
        return to_send

    def _heed(self, journal: Journal, message: WireMessage) -> bool:
        """What a message asks of the outbox; whether something waits to be sent because of it."""
        if message.kind == ENTRY_QUARANTINED:
            _park(journal, message)
        elif message.kind == ENTRY_RELEASED:
            return journal.outbox.retry_parked(message.entry_id) > 0
        elif message.kind != CASE_STATE:
            log.info("a message of a kind that this version does not know: %s", message.kind)
        return False


def _park(journal: Journal, message: WireMessage) -> None:
    """Set the entry aside with its reason.

    An acknowledged one waits again first: the platform took its word back.  Should the sender be quicker, it is
    told "quarantined" and parks it just the same.
    """
    status = journal.entries.by_id(message.entry_id)
    if status is None or status.receipt.number != message.receipt_number:
        return
    if status.delivery is DeliveryState.ACKNOWLEDGED:
        sequence = status.receipt.sequence
        journal.outbox.send_again(sequence, sequence)
    parked = Parked(entry_id=message.entry_id, reason=ParkReason.QUARANTINED, detail=message.kind)
    journal.outbox.settle([parked])


def _kept(message: WireMessage, terminal_id: str, now: datetime) -> InboxMessage:
    """The message as the journal keeps it; its state counts even where its time makes no sense."""
    try:
        said_at = datetime.fromisoformat(message.at)
        said_at = said_at.replace(tzinfo=said_at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        said_at = now
    return InboxMessage(
        # Whoever takes this terminal's place hears messages that are numbered from the beginning.
        message_id=f"{terminal_id}/{message.number}",
        receipt_number=message.receipt_number,
        said_at=said_at,
        # A kind that says nothing of the state says "unknown", which must not take a known one back.
        platform_state=None if message.state is PlatformState.UNKNOWN else message.state,
        words=message.words,
    )


def _number(cursor: str) -> int:
    return int(cursor) if cursor.isascii() and cursor.isdigit() else 0
