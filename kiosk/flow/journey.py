"""What one session knows: its stage, and everything gathered on the way. Values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from kiosk.catalogue.pack import Block, Pack
from kiosk.catalogue.rules import AnswerFault
from kiosk.domain.case import PlatformState
from kiosk.domain.presented_code import CodeRefusal
from kiosk.domain.printing import PrintFault
from kiosk.domain.receipt import Receipt
from kiosk.domain.resident import IdentityDocument
from kiosk.domain.trust import Proof
from kiosk.errors import JournalFault, LineFault
from kiosk.ports import CardFault, ScanFault


class Stage(StrEnum):
    """The pages of a session. The value names the page."""

    ATTRACT = "attract"
    HOME = "home"
    SERVICES = "services"
    """The services of one block."""
    SERVICE = "service"
    """The card of one service: who, what to bring, how long; and what stands in the way."""
    IDENTIFY = "identify"
    IDENTITY = "identity"
    """Is that you?"""
    QUESTION = "question"
    REVIEW = "review"
    RECORDING = "recording"
    RESULT = "result"
    LOOKUP = "lookup"
    """Scan a slip or type a receipt number."""
    ASKING = "asking"
    """The platform is being asked."""
    PROGRESS = "progress"
    OUT_OF_SERVICE = "out_of_service"


class SlipState(StrEnum):
    """The slip, as the result page shows it."""

    NONE = "none"
    """No printer: the number is on the screen only."""
    PRINTING = "printing"
    PRINTED = "printed"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    """It may be in the tray: the person is asked."""
    TAKEN = "taken"
    """The person said so, or the printer felt it being pulled out."""
    DECLINED = "declined"


class Delivery(StrEnum):
    """Was it sent? Three honest answers."""

    SENDING = "sending"
    WAITING_FOR_LINE = "waiting_for_line"
    DELIVERED = "delivered"


class ReviewRemark(StrEnum):
    """What the summary says before a case is handed in, when nothing is wrong with it."""

    HANDED_IN_BEFORE = "handed_in_before"
    """The same person handed the same thing in a few days ago, and it is not over yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressStep:
    """One state that the platform has reported, and when (as the platform writes it)."""

    state: PlatformState
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the platform answered about one receipt number."""

    receipt_number: str
    service_code: str
    state: PlatformState
    history: tuple[ProgressStep, ...] = ()
    words: str = ""
    """What was said to the resident with that state, as far as this terminal has heard it."""


@dataclass
class Journey:
    """Everything that one session knows. Replaced whole when it ends, so nothing can be left over."""

    session_id: str = field(default_factory=lambda: uuid4().hex)
    stage: Stage = Stage.ATTRACT
    block: Block | None = None
    pack: Pack | None = None
    resident: IdentityDocument | None = None
    proofs: frozenset[Proof] = frozenset()
    answers: dict[str, str] = field(default_factory=dict)
    question_index: int = 0
    editing: bool = False
    entry_id: UUID | None = None
    started_at: datetime | None = None
    receipt: Receipt | None = None
    slip: SlipState = SlipState.NONE
    slip_fault: PrintFault = PrintFault.NONE
    slip_attempts: int = 0
    delivery: Delivery = Delivery.SENDING
    card_fault: CardFault | None = None
    reading: bool = False
    answer_fault: AnswerFault | None = None
    record_fault: JournalFault | None = None
    earlier: Receipt | None = None
    """The receipt of the same person's same case, handed in here before."""
    code_refusal: CodeRefusal | ScanFault | None = None
    """Why the code that was shown last does not count here."""
    identity_try: str = ""
    """The platform is being asked whose code was shown; empty when it is not."""
    asked_number: str = ""
    progress: Progress | None = None
    progress_fault: LineFault | None = None
