"""Reads resident cards through a SAM reader, on whatever line it has.

A read is find, select, read, and then the newest additional address; the whole sequence is needed each
time.  There are no fixed waits: every step ends with its last byte, and everything with one deadline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Final

from devices.id_card.conversation import Conversation, Timing
from devices.id_card.plate import Plate
from devices.id_card.protocol import (
    ADDRESS_BYTES,
    CardData,
    Command,
    Reply,
    Verdict,
    format_sam_id,
    parse_card_data,
)
from devices.id_card.text_block import parse_address, parse_identity, with_address
from devices.transport.byte_port import BytePort, Canceled, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus, MediaState
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, IdCardReader, NoCard

_HELLO_S: Final = 1.0
"""What `status` may take."""
_ENOUGH_FAILURES: Final = 3
"""Of the question for the newest address, when it was never answered: then it is not the card that moved."""

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


class _NotRead(Exception):
    """This try gave no identity."""

    def __init__(self, fault: CardFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class SdtReader(IdCardReader):
    """A SAM reader."""

    def __init__(
        self,
        port: BytePort,
        read_fingerprint: bool = False,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._timing = timing or Timing()
        self._line = Conversation(port, self._clock, self._timing)
        self._plate = Plate(self._clock, self._timing.stale_after_s)
        self._fingerprint = read_fingerprint
        self._capabilities = DeviceCapabilities()
        self._knows_address = self._knows_fingerprint = True
        self._address_silences = self._address_failures = 0
        self._answers_address = False
        self._no_cancel = threading.Event()

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        self._plate.start_over()
        self._knows_address = self._knows_fingerprint = True
        self._address_silences = self._address_failures = 0
        self._answers_address = False
        try:
            self._line.open()
            heard, reply = self._introduce()
        except PortLost as lost:
            return lost_status(lost.fault)
        if reply is None:
            self._line.close()
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
        # The third is for readers that know no more than what a read needs, the last for those that are slow.
        for command in (Command.SAM_ID, Command.SAM_ID, Command.FIND, Command.SAM_ID):
            reply = self._line.ask(command, self._timing.ask_s, limit, self._no_cancel)
            if reply is not None:
                return True, reply
            heard = heard or self._line.heard
        return heard, None

    def close(self) -> None:
        """See `DevicePort`."""
        self._line.close()

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        return self._capabilities

    def status(self) -> DeviceStatus:
        """See `DevicePort`."""
        try:
            limit = self._clock.monotonic() + _HELLO_S
            for command in (Command.SAM_STATUS, Command.SAM_STATUS, Command.FIND):
                reply = self._line.ask(command, self._timing.ask_s, limit, self._no_cancel)
                if reply is not None:
                    return self._closed_unless_online(_reader_status(reply))
        except PortLost as lost:
            return lost_status(lost.fault)
        self._line.close()
        return DeviceStatus(state=DeviceState.OFFLINE)

    def events(self) -> list[DeviceEvent]:
        """See `DevicePort`. A card that was read is gone, on readers that go on finding it until then."""
        return self._plate.take_events()

    def forget(self) -> None:
        """See `IdCardReader`."""
        self._plate.forget()

    def read(self, timeout_s: float, cancel: threading.Event, on_found: Callable[[], None]) -> CardOutcome:
        """See `IdCardReader`."""
        deadline = self._clock.monotonic() + timeout_s
        self._line.owed.begin()
        try:
            fault = CardFault.NO_ANSWER
            for attempt in count():
                try:
                    return self._try(deadline, cancel, on_found if attempt == 0 else _nothing, attempt)
                except _NotRead as not_read:
                    fault = not_read.fault
                # Two tries; more only to outnumber owed answers once something was read.
                tries = 2 + (len(self._line.owed) if self._line.owed.in_question else 0)
                worth = fault in _WORTH_ANOTHER_TRY and attempt + 1 < tries
                if not worth or self._clock.monotonic() >= deadline:
                    break
            return CardNotRead(fault=fault)
        except Canceled:
            self._line.unanswered = True
            return NoCard()
        except PortLost:
            return CardNotRead(fault=CardFault.NO_ANSWER)

    def _try(
        self, deadline: float, cancel: threading.Event, on_found: Callable[[], None], attempt: int
    ) -> CardOutcome:
        """The whole sequence once. Raises `_NotRead`."""
        if self._line.unanswered:
            # An answer may still be on its way (of an earlier card!): let it pass before asking anew.
            # A reader that does not know this question keeps silent, which serves as well.
            self._line.ask(Command.SAM_STATUS, self._timing.ask_s, deadline, cancel)
        found = self._find(deadline, cancel)
        if found.verdict == Verdict.NO_CARD and attempt == 0:
            self._plate.no_card()
            return NoCard()
        if found.verdict != Verdict.FOUND:
            raise _NotRead(_fault_of(found))
        if self._plate.card_found(found.data):
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
        if not self._line.owed.outnumbered_by(document):
            raise _NotRead(CardFault.MOVED)
        self._plate.card_read(found.data, document.number + document.name)
        return CardRead(document=document)

    def _find(self, deadline: float, cancel: threading.Event) -> Reply:
        """Look for a card. Raises `_NotRead`."""
        found = self._step(Command.FIND, self._timing.find_s, deadline, cancel)
        if found.verdict == Verdict.NO_CARD and self._plate.ask_to_show():
            # Some readers hide a card that was read until it is lifted, and nothing written says what makes
            # them show it.  A reset of the module is the one means there is; it costs one question.
            if self._line.ask(Command.RESET, self._timing.ask_s, deadline, cancel) is None:
                self._plate.cannot_show()
            found = self._step(Command.FIND, self._timing.find_s, deadline, cancel)
        return found

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

    def _additional_address(self, deadline: float, cancel: threading.Event) -> str:
        """The address added to the card last, or "" when there is none. Raises `_NotRead`."""
        if not self._knows_address:
            return ""
        try:
            reply = self._step(Command.READ_ADDITIONAL_ADDRESS, self._timing.address_s, deadline, cancel)
        except _NotRead:
            # Silence twice, each time after a whole read: this reader does not know the question.
            silent = not (self._line.heard or self._answers_address)
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
        if reply.verdict != Verdict.OK or len(reply.data) != ADDRESS_BYTES:
            self._address_failures += 1
            if (
                self._address_failures > 1
                and not self._answers_address
                and (self._address_failures > _ENOUGH_FAILURES or self._still_there(deadline, cancel))
            ):
                return ""  # some readers say so of cards that have none, and some of these hide what was read
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
            reply = self._line.ask(command, min(timeout_s, left), deadline, cancel) if left > 0 else None
            if reply is None:
                raise _NotRead(CardFault.NO_ANSWER)
            if reply.verdict not in (Verdict.BAD_CHECKSUM, Verdict.BAD_LENGTH):
                return reply
        raise _NotRead(CardFault.NO_ANSWER)

    def _closed_unless_online(self, status: DeviceStatus) -> DeviceStatus:
        if status.state is not DeviceState.ONLINE:
            self._line.close()
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
