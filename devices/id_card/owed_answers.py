"""Which answers may still come late, and whether what was read can be one of them.

Answers name neither their question nor their card.  An answer to a read that did not come in time may come
during the next read, and would then tell of an earlier card: perhaps of an earlier person.
"""

from __future__ import annotations

from typing import Final

from devices.id_card.protocol import ADDRESS_BYTES, Command, Reply, Verdict
from kiosk.clock import Clock
from kiosk.domain.resident import IdentityDocument

_LATE_S: Final = 12.0
"""An answer that did not come may still come for so long."""
_TELLS_OF_A_CARD: Final = frozenset(
    {Command.READ, Command.READ_WITH_FINGERPRINT, Command.READ_ADDITIONAL_ADDRESS}
)


class OwedAnswers:
    """The debts of a reader."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: list[float] = []
        """Until when each missing answer could still come."""
        self._alike: tuple[IdentityDocument | None, int] = (None, 0)
        """What was read while answers were owed, and how often in a row."""

    def __len__(self) -> int:
        return len(self._until)

    def asked(self, command: Command) -> bool:
        """A question went out; True when its answer, should it come late, could do harm."""
        owing = command in _TELLS_OF_A_CARD
        if owing:
            now = self._clock.monotonic()
            self._until = [*(until for until in self._until if until > now), now + _LATE_S]
        return owing

    def answered(self) -> None:
        """The answer to the newest such question came in time."""
        self._until.pop()

    def came_late(self, reply: Reply, spare_newest: bool = False) -> None:
        """An answer came that nobody waits for; `spare_newest` while the newest question is still open."""
        if (
            len(self._until) > spare_newest
            and reply.verdict == Verdict.OK
            and len(reply.data) >= ADDRESS_BYTES
        ):
            del self._until[0]

    def came_spoilt(self) -> None:
        """One such answer has come, to whichever question, and says nothing."""
        del self._until[:1]

    def begin(self) -> None:
        """A new placing is read: what was read before it proves nothing."""
        self._alike = (None, 0)

    @property
    def in_question(self) -> bool:
        """Whether something was read that too many owed answers could explain."""
        return self._alike[1] > 0

    def outnumbered_by(self, document: IdentityDocument) -> bool:
        """Whether `document` cannot be a late answer that tells of an earlier card.

        While some are owed, as many as that may be late ones: what was read once more than that, alike each
        time, is what lies on the plate.
        """
        now = self._clock.monotonic()
        self._until = [until for until in self._until if until > now]
        last, times = self._alike
        self._alike = (document, times + 1 if document == last else 1)
        return self._alike[1] > len(self._until)
