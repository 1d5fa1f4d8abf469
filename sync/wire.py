"""The messages between a terminal and the central platform, written once for both ends.

They are msgspec structs and not pydantic models because the terminal's half must be light: msgspec is
already there for the settings and the local sockets, decodes and validates a batch of 200 in one pass,
and prints the JSON Schema that the platform's OpenAPI document is made of.

Requests forbid unknown fields: a platform must not half-understand what it stores.  Answers tolerate
*added* fields, because a platform is renewed before ten thousand terminals are; what they need must be
there, typed and within bounds.  Bytes travel as base64 (RFC 4648 §4).
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from kiosk.domain.case import PlatformState
from kiosk.domain.entry import EntryHeader, EntryKind, RecordedEntry

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
"""RFC 9457."""

MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""Largest body on the wire; also what one batch may weigh before it is encoded."""
MAX_DECODED_REQUEST_BYTES = 16 * 1024 * 1024
"""Largest body after decompression."""
MAX_ANSWER_BYTES = 1024 * 1024
"""Largest answer, on the wire and after decompression."""
MAX_SEALED_BYTES = 512 * 1024
MAX_BATCH = 1000
MAX_WORDS = 300
"""Characters of what an operator says to a resident about a case."""

Digest = Annotated[bytes, Meta(min_length=32, max_length=32, description="SHA-256")]
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32, description="a raw public key of 32 bytes")]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64, description="Ed25519 (RFC 8032)")]
Moment = Annotated[datetime, Meta(tz=True)]
TerminalNumber = Annotated[str, Meta(pattern=r"^[0-9]{6}$(?!\n)")]
ReceiptNumber = Annotated[str, Meta(pattern=r"^[0-9]{16}$(?!\n)")]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._+\-]{1,64}$(?!\n)")]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Seconds = Annotated[float, Meta(ge=0)]


class Result(StrEnum):
    """What became of one entry of a batch."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """Stored before, with the same body: as good as stored."""
    REJECTED = "rejected"
    """Not stored, and sending it again will not help."""
    QUARANTINED = "quarantined"
    """Kept apart for a person to look at."""


class Reason(StrEnum):
    """Why an entry was rejected or quarantined."""

    NONE = ""
    FOREIGN_TERMINAL = "foreign_terminal"
    RECEIPT_NUMBER = "receipt_number"
    """The receipt number does not follow from the entry: paper and record would disagree."""
    UNKNOWN_KIND = "unknown_kind"
    DIGEST = "digest"
    """The digest does not cover what came."""
    CANNOT_OPEN = "cannot_open"
    """Sealed to another key, bound to another entry, or altered."""
    CONFLICT = "conflict"
    """Another body is stored under this identity."""
    FORK = "fork"
    """Another entry stands at this place of the terminal's chain: a cloned or restored disk."""


class WireEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One recorded entry whole: everything that its digest covers, and the digest.

    How a batch of them travels is in `sync.batch`.
    """

    id: UUID
    sequence: Annotated[int, Meta(ge=1, le=2**53)]
    kind: Code
    service_code: Code
    pack_version: Code
    receipt_number: ReceiptNumber
    recorded_at: Moment
    boot_id: Annotated[str, Meta(max_length=64)]
    monotonic_ms: Count
    sealed: Annotated[bytes, Meta(min_length=1, max_length=MAX_SEALED_BYTES)]
    previous_digest: Digest
    digest: Digest

    def to_entry(self, terminal_number: str) -> RecordedEntry:
        """The entry itself; raises `ValueError` for a kind that this version does not know."""
        return RecordedEntry(
            header=EntryHeader(
                terminal_number=terminal_number,
                entry_id=self.id,
                kind=EntryKind(self.kind),
                service_code=self.service_code,
                pack_version=self.pack_version,
                receipt_number=self.receipt_number,
            ),
            sequence=self.sequence,
            recorded_at=self.recorded_at,
            boot_id=self.boot_id,
            monotonic_s=self.monotonic_ms / 1000,
            sealed=self.sealed,
            previous_digest=self.previous_digest,
            digest=self.digest,
        )


def to_wire(entry: RecordedEntry) -> WireEntry:
    """The entry for the platform; the terminal's number is not repeated in each, the address names it."""
    return WireEntry(
        id=entry.header.entry_id,
        sequence=entry.sequence,
        kind=entry.header.kind.value,
        service_code=entry.header.service_code,
        pack_version=entry.header.pack_version,
        receipt_number=entry.header.receipt_number,
        recorded_at=entry.recorded_at,
        boot_id=entry.boot_id,
        monotonic_ms=round(entry.monotonic_s * 1000),
        sealed=entry.sealed,
        previous_digest=entry.previous_digest,
        digest=entry.digest,
    )


class ChainStart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the journal of a terminal stands that is enrolled again: its entries go on from there."""

    terminal_number: TerminalNumber | None = None
    """Who it was until now; None when nothing here knows."""
    sequence: Count = 0
    """Of the newest entry."""
    digest: Digest = bytes(32)


class EnrolRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A terminal that has no number yet shows its one-time code and the public half of its key."""

    code: Annotated[str, Meta(min_length=4, max_length=64)]
    public_key: PublicKey
    version: Annotated[str, Meta(max_length=32)] = ""
    chain: ChainStart | None = None
    """Only with a code that was made for the place of another terminal."""


class EnrolAnswer(Struct, frozen=True, kw_only=True):
    """Who the terminal is from now on, and the keys that the platform speaks with."""

    terminal_id: Code
    terminal_number: TerminalNumber
    region_code: Code
    sealing_key: PublicKey
    signing_key: PublicKey
    epoch: Code


class EntryResult(Struct, frozen=True, kw_only=True):
    """What became of one entry. A batch tells them in runs, see `sync.batch`."""

    id: UUID
    result: Result
    reason: Reason = Reason.NONE
    state: PlatformState = PlatformState.UNKNOWN
    stored_at: Annotated[str, Meta(max_length=32)]


class InboxMessage(Struct, frozen=True, kw_only=True):
    """One thing that the platform has to say: a case has a new state."""

    number: Annotated[int, Meta(ge=1, le=2**53)]
    kind: Code
    entry_id: UUID
    receipt_number: ReceiptNumber
    state: PlatformState
    at: Annotated[str, Meta(max_length=32)]
    words: Annotated[str, Meta(max_length=MAX_WORDS)] = ""
    """What the operator says to the resident: why a case was returned or rejected."""


class InboxAnswer(Struct, frozen=True, kw_only=True):
    """Messages after the cursor, in order."""

    messages: Annotated[list[InboxMessage], Meta(max_length=500)]
    more: bool


class QueryRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A live look-up on behalf of the session."""

    params: Annotated[dict[Code, Annotated[str, Meta(max_length=2048)]], Meta(max_length=16)]


class QueryAnswer(Struct, frozen=True, kw_only=True):
    """What the look-up found."""

    answer: dict[str, Any]


class StateAt(Struct, frozen=True, kw_only=True):
    """A state that a case reached, and when."""

    state: PlatformState
    at: str


class CaseProgress(Struct, frozen=True, kw_only=True):
    """The answer of the look-up `case-progress`. Nothing personal: whoever holds the number may see it.

    A number that the platform does not have is an ordinary answer (it may be on its way): `unknown`.
    """

    receipt_number: str
    service_code: str = ""
    state: PlatformState = PlatformState.UNKNOWN
    history: list[StateAt] = []


class IdentityVerdict(StrEnum):
    """What the platform says to a live code that somebody showed."""

    KNOWN = "known"
    EXPIRED = "expired"
    USED = "used"
    """Answered for before: one code, one use."""
    UNKNOWN = "unknown"


class IdentityCodeAnswer(Struct, frozen=True, kw_only=True):
    """The answer of the look-up `identity-code`: whose code it is, or why nobody's.

    It is asked with `form` (what the terminal takes the code for), `code` and `try` (one number a scan: asked
    again with the same, the platform gives the same answer, because the first may have been lost).
    """

    verdict: IdentityVerdict
    name: Annotated[str, Meta(max_length=100)] = ""
    number: Annotated[str, Meta(max_length=40)] = ""
    sex: Annotated[str, Meta(pattern=r"^[0129]$(?!\n)")] = "0"
    """GB/T 2261.1."""
    birth: date | None = None


class NewIdentityCode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator's wish for a code that identifies an invented person: for tests and for practice."""

    form: Code
    code: Annotated[str, Meta(min_length=8, max_length=2048)]
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    number: Annotated[str, Meta(min_length=1, max_length=40)]
    sex: Annotated[str, Meta(pattern=r"^[0129]$(?!\n)")] = "0"
    birth: date
    valid_s: Annotated[int, Meta(ge=1, le=86400)] = 60


class IdentityCodeMade(Struct, frozen=True, kw_only=True):
    """Until when the platform knows the code."""

    expires_at: str


class StateChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator's word on a case."""

    state: PlatformState


class NewEnrolmentCode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator's wish for a one-time code."""

    valid_s: Annotated[int, Meta(ge=60, le=7 * 86400)] = 600
    successor_of: TerminalNumber | None = None
    """The terminal whose place the new one takes: lost its key, or was copied, or is an old disk."""


class EnrolmentCode(Struct, frozen=True, kw_only=True):
    """A one-time code, told once."""

    code: str
    expires_at: str


class CaseCount(Struct, frozen=True, kw_only=True):
    """How often a case is stored (1, or something is wrong) and how often it was sent here."""

    receipt_number: str
    stored: int
    received: int
    quarantined: int
    state: PlatformState


class CasesAnswer(Struct, frozen=True, kw_only=True):
    """An operator's overview of cases."""

    cases: list[CaseCount]


class Health(Struct, frozen=True, kw_only=True):
    """That the platform works."""

    status: str
    epoch: str


class Problem(Struct, frozen=True, kw_only=True):
    """Why a request was refused (RFC 9457). `type` ends in one word that programs may rely on."""

    type: Annotated[str, Meta(max_length=200)] = "about:blank"
    title: Annotated[str, Meta(max_length=200)] = ""
    status: Annotated[int, Meta(ge=100, le=599)]
    detail: Annotated[str, Meta(max_length=2000)] = ""

    @property
    def word(self) -> str:
        """The last part of the type."""
        return self.type.rpartition(":")[2].rpartition("/")[2]


MessageT = TypeVar("MessageT")


def encode(message: Struct) -> bytes:
    """The JSON of a message."""
    return msgspec.json.encode(message)


def decode(body: bytes, kind: type[MessageT]) -> MessageT:
    """A message from JSON; raises `ValueError` that names the first fault and its place."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
