"""Reads resident cards through a SAM reader on a serial line.

A read is find, select, read, and then the newest additional address; the whole sequence is needed each
time.  There are no fixed waits: every step ends with its last byte, and everything with one deadline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from devices.id_card.protocol import (
    ADDRESS_BYTES,
    CardData,
    Command,
    FrameReader,
    Reply,
    Verdict,
    can_answer,
    command_frame,
    format_sam_id,
    parse_card_data,
    parse_reply,
)
from devices.id_card.text_block import parse_address, parse_identity, with_address
from devices.transport.byte_port import BytePort, Canceled, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus, MediaState
from kiosk.domain.resident import IdentityDocument
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, IdCardReader, NoCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long each step may take, in seconds (measured in the field; reads at low speeds take longer)."""

    ask_s: float = 0.3
    find_s: float = 0.3
    select_s: float = 0.5
    read_s: float = 3.0
    address_s: float = 1.5
    flow_s: float = 0.3
    """An answer whose bytes keep coming is waited for: only so long a gap, or the end of all time, ends it."""
    gap_s: float = 0.1
    """After this long without a byte in the middle of a frame, look whether the next one has begun."""
    stale_after_s: float = 1.0
    """A card seen longer ago than this counts as a new one: nobody watched the plate meanwhile."""

    @classmethod
    def at_baud(cls, baud: int) -> Timing:
        """Below 38400 baud a read with fingerprint alone is up to 2.4 s on the wire."""
        return cls() if baud >= 38400 else cls(read_s=5.0)


_HELLO_S: Final = 1.0
"""What `status` may take."""
_LATE_S: Final = 12.0
"""An answer that did not come may still come for so long, and would then tell of an earlier card."""
_PILED_UP_BYTES: Final = 64 * 1024

_FAULTS: Final = {
    Verdict.CARD_REFUSED_SAM: CardFault.NOT_VERIFIED,
    Verdict.SAM_REFUSED_CARD: CardFault.NOT_VERIFIED,
    Verdict.VERIFICATION_FAILED: CardFault.NOT_VERIFIED,
    Verdict.FINGERPRINT_VERIFICATION_FAILED: CardFault.NOT_VERIFIED,
    Verdict.CARD_TYPE_UNKNOWN: CardFault.NOT_AN_ID_CARD,
    Verdict.SELECT_FAILED: CardFault.MOVED,
    Verdict.READ_FAILED: CardFault.MOVED,
    Verdict.RANDOM_FAILED: CardFault.MOVED,
    Verdict.NO_CARD: CardFault.MOVED,
    Verdict.BAD_INFORMATION_LENGTH: CardFault.UNREADABLE,
    Verdict.NOT_AUTHORISED: CardFault.READER_FAULT,
    Verdict.SELF_TEST_FAILED: CardFault.READER_FAULT,
    Verdict.SAM_NOT_LICENSED: CardFault.READER_FAULT,
}
_WORTH_ANOTHER_TRY: Final = frozenset({CardFault.MOVED, CardFault.UNREADABLE, CardFault.NO_ANSWER})
_TELLS_OF_A_CARD: Final = frozenset(
    {Command.READ, Command.READ_WITH_FINGERPRINT, Command.READ_ADDITIONAL_ADDRESS}
)


class _NotRead(Exception):
    """This try gave no identity."""

    def __init__(self, fault: CardFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class SdtReader(IdCardReader):
    """A SAM reader on a serial line."""

    def __init__(
        self,
        port: BytePort,
        read_fingerprint: bool = False,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._port = port
        self._timing = timing or Timing()
        self._fingerprint = read_fingerprint
        self._frames = FrameReader()
        self._capabilities = DeviceCapabilities()
        self._unanswered = False
        self._knows_address = self._knows_fingerprint = True
        self._address_silences = self._address_failures = 0
        self._answers_address = False
        self._read_at: float | None = None
        self._read_mark = b""
        self._owed: list[float] = []
        """Until when each missing answer could still come."""
        self._alike: tuple[IdentityDocument | None, int] = (None, 0)
        """What was read while answers were owed, and how often in a row."""
        self._no_cancel = threading.Event()

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        self._unanswered, self._read_at = False, None
        self._knows_address = self._knows_fingerprint = True
        self._address_silences = self._address_failures = 0
        self._answers_address = False
        try:
            self._port.open()
            heard, reply = self._introduce()
        except PortLost as lost:
            return lost_status(lost.fault)
        if reply is None:
            self._port.close()
            detail = DeviceDetail.WRONG_DEVICE if heard else DeviceDetail.NONE
            return DeviceStatus(state=DeviceState.OFFLINE, detail=detail)
        if reply.verdict == Verdict.OK:
            self._capabilities = DeviceCapabilities(model="SDT", serial_number=format_sam_id(reply.data))
            return self.status()
        return self._closed_unless_online(_reader_status(reply))

    def _introduce(self) -> tuple[bool, Reply | None]:
        """Ask twice for the SAM's number: the first question may end in the noise of plugging in."""
        heard = False
        limit = self._clock.monotonic() + _HELLO_S
        # The last is for readers that know no more than what a read needs.
        for command in (Command.SAM_ID, Command.SAM_ID, Command.FIND):
            reply = self._ask(command, self._timing.ask_s, limit, self._no_cancel)
            if reply is not None:
                return True, reply
            heard = heard or self._frames.pending > 0 or self._heard
        return heard, None

    def close(self) -> None:
        """See `DevicePort`."""
        self._port.close()
        self._frames.clear()

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        return self._capabilities

    def status(self) -> DeviceStatus:
        """See `DevicePort`."""
        try:
            limit = self._clock.monotonic() + _HELLO_S
            for command in (Command.SAM_STATUS, Command.SAM_STATUS, Command.FIND):
                reply = self._ask(command, self._timing.ask_s, limit, self._no_cancel)
                if reply is not None:
                    return self._closed_unless_online(_reader_status(reply))
        except PortLost as lost:
            return lost_status(lost.fault)
        self._port.close()
        return DeviceStatus(state=DeviceState.OFFLINE)

    def read(self, timeout_s: float, cancel: threading.Event, on_found: Callable[[], None]) -> CardOutcome:
        """See `IdCardReader`."""
        deadline = self._clock.monotonic() + timeout_s
        self._alike = (None, 0)
        try:
            fault = CardFault.NO_ANSWER
            for attempt in count():
                try:
                    return self._try(deadline, cancel, on_found if attempt == 0 else _nothing, attempt)
                except _NotRead as not_read:
                    fault = not_read.fault
                # Two tries; more only to outnumber owed answers once something was read.
                tries = 2 + (len(self._owed) if self._alike[1] else 0)
                worth = fault in _WORTH_ANOTHER_TRY and attempt + 1 < tries
                if not worth or self._clock.monotonic() >= deadline:
                    break
            return CardNotRead(fault=fault)
        except Canceled:
            self._unanswered = True
            return NoCard()
        except PortLost:
            return CardNotRead(fault=CardFault.NO_ANSWER)

    def _try(
        self, deadline: float, cancel: threading.Event, on_found: Callable[[], None], attempt: int
    ) -> CardOutcome:
        """The whole sequence once. Raises `_NotRead`."""
        if self._unanswered:
            # An answer may still be on its way (of an earlier card!): let it pass before asking anew.
            # A reader that does not know this question keeps silent, which serves as well.
            self._ask(Command.SAM_STATUS, self._timing.ask_s, deadline, cancel)
        found = self._step(Command.FIND, self._timing.find_s, deadline, cancel)
        if found.verdict == Verdict.NO_CARD and attempt == 0:
            self._read_at = None
            return NoCard()
        if found.verdict != Verdict.FOUND:
            raise _NotRead(_fault_of(found))
        if self._same_card(found.data):
            return NoCard()
        on_found()
        selected = self._step(Command.SELECT, self._timing.select_s, deadline, cancel)
        if selected.verdict != Verdict.OK:
            raise _NotRead(_fault_of(selected))
        card = self._read_card(deadline, cancel)
        document = parse_identity(card.text)
        if isinstance(document, CardFault):
            raise _NotRead(document)
        document = with_address(
            document, self._additional_address(deadline, cancel) if document.address else ""
        )
        # The photo is a closed format and the fingerprint is never kept: only that they are there.
        document = replace(document, has_photo=any(card.photo), has_fingerprint=any(card.fingerprint))
        if not self._is_of_this_card(document):
            raise _NotRead(CardFault.MOVED)
        self._read_at, self._read_mark = self._clock.monotonic(), found.data
        return CardRead(document=document)

    def _read_card(self, deadline: float, cancel: threading.Event) -> CardData:
        """The three blocks of the card. Raises `_NotRead`."""
        fingerprint = self._fingerprint and self._knows_fingerprint
        command = Command.READ_WITH_FINGERPRINT if fingerprint else Command.READ
        reply = self._step(command, self._timing.read_s, deadline, cancel)
        if reply.verdict == Verdict.BAD_COMMAND:
            self._knows_fingerprint = False  # the next try reads without
        if reply.verdict != Verdict.OK:
            raise _NotRead(_fault_of(reply))
        card = parse_card_data(reply.data, fingerprint) or parse_card_data(reply.data, not fingerprint)
        if card is None:
            raise _NotRead(CardFault.UNREADABLE)
        return card

    def _is_of_this_card(self, document: IdentityDocument) -> bool:
        """Whether `document` cannot be a late answer that tells of an earlier card.

        Answers name neither their question nor their card.  While some are owed, as many as that may be
        late ones: what was read once more than that, alike each time, is what lies on the plate.
        """
        self._forget_debts()
        last, times = self._alike
        self._alike = (document, times + 1 if document == last else 1)
        return self._alike[1] > len(self._owed)

    def _forget_debts(self) -> None:
        now = self._clock.monotonic()
        self._owed = [until for until in self._owed if until > now]

    def _same_card(self, mark: bytes) -> bool:
        """Whether the card that answers was read already and has lain there since.

        Some readers say "no card" until the card is lifted, others find it again each time: both are
        met in the field, so both must end in one read for one placing.
        """
        if self._read_at is None:
            return False
        now = self._clock.monotonic()
        # Most readers send zeros as the card's mark; another mark is another card, slid in quickly.
        if now - self._read_at > self._timing.stale_after_s or mark != self._read_mark:
            self._read_at = None
            return False
        self._read_at = now
        return True

    def _additional_address(self, deadline: float, cancel: threading.Event) -> str:
        """The address added to the card last, or "" when there is none. Raises `_NotRead`."""
        if not self._knows_address:
            return ""
        try:
            reply = self._step(Command.READ_ADDITIONAL_ADDRESS, self._timing.address_s, deadline, cancel)
        except _NotRead:
            # Silence twice, each time after a whole read: this reader does not know the question.
            silent = not (self._heard or self._answers_address)
            self._address_silences = self._address_silences + 1 if silent else 0
            self._knows_address = self._address_silences < 2
            if self._knows_address:
                raise
            return ""
        if reply.verdict == Verdict.NO_SUCH_ITEM:
            self._answers_address = True
            return ""
        if reply.verdict in (Verdict.BAD_COMMAND, Verdict.NOT_AUTHORISED):
            self._knows_address = False  # this reader has no such command: do not spend the time again
            return ""
        if reply.verdict != Verdict.OK:
            self._address_failures += 1
            if (
                self._address_failures > 1
                and not self._answers_address
                and self._still_there(deadline, cancel)
            ):
                return ""  # some readers say so of cards that have none
            raise _NotRead(_fault_of(reply))
        address = parse_address(reply.data)
        if address is None:
            raise _NotRead(CardFault.UNREADABLE)
        self._answers_address = True
        return address

    def _still_there(self, deadline: float, cancel: threading.Event) -> bool:
        return self._step(Command.FIND, self._timing.find_s, deadline, cancel).verdict == Verdict.FOUND

    def _step(self, command: Command, timeout_s: float, deadline: float, cancel: threading.Event) -> Reply:
        """One command and its answer; sent once more when the reader says it arrived damaged."""
        for _ in range(2):
            left = deadline - self._clock.monotonic()
            reply = self._ask(command, min(timeout_s, left), deadline, cancel) if left > 0 else None
            if reply is None:
                raise _NotRead(CardFault.NO_ANSWER)
            if reply.verdict not in (Verdict.BAD_CHECKSUM, Verdict.BAD_LENGTH):
                return reply
        raise _NotRead(CardFault.NO_ANSWER)

    def _ask(self, command: Command, timeout_s: float, limit: float, cancel: threading.Event) -> Reply | None:
        """Send `command` and wait for an answer that can be one to it; None when none came in time.

        In time is `timeout_s`, and while the bytes of an answer keep coming, until `limit`.
        """
        deadline = min(self._clock.monotonic() + timeout_s, limit)
        self._drop_input()
        self._heard = False
        self._unanswered = True
        request = command_frame(command)
        if self._port.write_some(request, deadline, cancel) < len(request):
            return None
        owing = command in _TELLS_OF_A_CARD
        if owing:
            self._owed.append(self._clock.monotonic() + _LATE_S)
        while True:
            now = self._clock.monotonic()
            until = min(deadline, now + self._timing.gap_s) if self._frames.pending else deadline
            data = self._port.read_some(until, cancel)
            self._heard = self._heard or bool(data)
            for body in self._frames.feed(data) if data else self._frames.rescan():
                reply = parse_reply(body)
                if can_answer(command, reply):
                    self._unanswered = False
                    if owing:
                        self._owed.pop()
                    return reply
                self._note_late(reply, len(self._owed) - owing)
            now = self._clock.monotonic()
            if data and self._frames.begun:
                deadline = min(max(deadline, now + self._timing.flow_s), limit)
            elif now >= deadline:
                return None

    def _drop_input(self) -> None:
        """Throw away what came unasked; an answer among it is not owed any more."""
        dropped = 0
        while dropped < _PILED_UP_BYTES and (data := self._port.read_some(0.0)):
            dropped += len(data)
            for body in self._frames.feed(data):
                self._note_late(parse_reply(body), len(self._owed))
        self._frames.clear()
        self._port.drop_input()

    def _note_late(self, reply: Reply, owed: int) -> None:
        if owed and reply.verdict == Verdict.OK and len(reply.data) >= ADDRESS_BYTES:
            del self._owed[0]

    _heard = False
    """Whether anything at all came back to the last question."""

    def _closed_unless_online(self, status: DeviceStatus) -> DeviceStatus:
        if status.state is not DeviceState.ONLINE:
            self._port.close()
        return status


def _nothing() -> None:
    """A card found again on the second try is no news."""


def _fault_of(reply: Reply) -> CardFault:
    try:
        return _FAULTS.get(Verdict(reply.verdict), CardFault.UNREADABLE)
    except ValueError:
        return CardFault.UNREADABLE


def _reader_status(reply: Reply) -> DeviceStatus:
    if reply.verdict == Verdict.SELF_TEST_FAILED:
        return DeviceStatus(state=DeviceState.HARDWARE_ERROR, detail=DeviceDetail.SELF_TEST_FAILED)
    if reply.verdict in (Verdict.SAM_NOT_LICENSED, Verdict.NOT_AUTHORISED):
        return DeviceStatus(state=DeviceState.HARDWARE_ERROR, detail=DeviceDetail.NOT_LICENSED)
    # Whether a card lies on the plate is only known by looking, and nobody looks outside a session.
    return DeviceStatus(state=DeviceState.ONLINE, media=MediaState.UNKNOWN)
