"""One session, from the first touch to the wipe: which page comes next, and what must be done for it.

A pure state machine.  Methods are what happens (a touch, a card, an answer of the journal); each
returns the effects that the face must carry out.  What does not fit the present stage is ignored and
returns nothing: a double tap, a late answer, a card laid down on the wrong page do no harm.
"""

from __future__ import annotations

from uuid import UUID

from kiosk.catalogue.loader import Catalogue
from kiosk.catalogue.pack import Block, Pack, ServiceKind
from kiosk.catalogue.pack import Field as Question
from kiosk.catalogue.rules import check_answer
from kiosk.clock import Clock
from kiosk.code_settings import CodeSettings
from kiosk.domain.case import Case, new_entry_id
from kiosk.domain.presented_code import CodeKind, CodeRefusal
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.domain.receipt import Receipt
from kiosk.domain.resident import IdentityDocument
from kiosk.domain.trust import Rung, proof_by
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.code_desk import CodeDesk
from kiosk.flow.effects import (
    AskProgress,
    Effect,
    NoteSlipTaken,
    PrepareCase,
    PrintSlip,
    RecordCase,
    StartReading,
    StartScanning,
    StopReading,
    StopScanning,
    Wipe,
)
from kiosk.flow.journey import Delivery, Journey, Progress, SlipState, Stage
from kiosk.flow.steps import step_of
from kiosk.ports import CardFault, ScanFault


class Session:
    """The state machine. `stage` and the read-only properties are what the pages show."""

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Clock,
        language: str = "zh_CN",
        codes: CodeSettings | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.language = language
        self._clock = clock
        self._codes = CodeDesk(codes or CodeSettings(), clock)
        self._journey = Journey()
        self.stage = Stage.ATTRACT

    # What the pages show -------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Stamped on every request to a device; an answer with another id belongs to somebody else."""
        return self._journey.session_id

    @property
    def view(self) -> Journey:
        """Everything the pages may show; to be read only."""
        return self._journey

    @property
    def question(self) -> Question | None:
        """The question of the present page."""
        pack = self._journey.pack
        if self.stage is not Stage.QUESTION or pack is None:
            return None
        return pack.fields[self._journey.question_index]

    @property
    def step(self) -> tuple[int, int]:
        """(this step, all steps) of the service, or (0, 0) where there is nothing to count."""
        return step_of(self._journey, self.stage)

    @property
    def busy(self) -> bool:
        """The terminal is at work for the resident: the idle timer must not run."""
        printing = self.stage is Stage.RESULT and self._journey.slip is SlipState.PRINTING
        asking = self.stage is Stage.ASKING or bool(self._journey.identity_try)
        return printing or asking or self.stage is Stage.RECORDING

    # Finding a service ---------------------------------------------------------------------------

    def start(self) -> list[Effect]:
        """The first touch on the attract page."""
        if self.stage is not Stage.ATTRACT:
            return []
        return self._go_home()

    def open_block(self, block: Block) -> list[Effect]:
        """One of the four blocks; 打印取件 goes straight to the slip."""
        if self.stage is not Stage.HOME:
            return []
        self._journey.block = block
        if block is Block.COLLECT:
            progress = self.catalogue.of_kind(ServiceKind.CASE_PROGRESS)
            return self._open_lookup(progress) if progress else []
        self.stage = Stage.SERVICES
        return [StopScanning()]

    def choose(self, code: str) -> list[Effect]:
        """A service from a list."""
        pack = self.catalogue.get(code)
        if self.stage not in (Stage.HOME, Stage.SERVICES) or pack is None:
            return []
        self._journey.pack = pack
        self.stage = Stage.SERVICE
        return [StopScanning()]

    def begin(self) -> list[Effect]:
        """Start the service whose card is shown."""
        pack = self._journey.pack
        if self.stage is not Stage.SERVICE or pack is None:
            return []
        if pack.kind is ServiceKind.CASE_PROGRESS:
            return self._open_lookup(pack)
        self._journey.entry_id, self._journey.started_at = new_entry_id(), self._clock.now()
        return self._identify() if pack.rung is not Rung.NONE else self._ask(0)

    # Who is there --------------------------------------------------------------------------------

    def card_found(self) -> list[Effect]:
        """A card is on the plate and is being read."""
        if self.stage is Stage.IDENTIFY:
            self._journey.reading, self._journey.card_fault = True, None
            self._journey.code_refusal = None
        return []

    def card_read(self, document: IdentityDocument) -> list[Effect]:
        """A whole identity came from the reader; a code that is being asked about counts for nothing now."""
        if self.stage is not Stage.IDENTIFY:
            return []
        return self._identified(document)

    def card_not_read(self, fault: CardFault) -> list[Effect]:
        """A card was there and gave nothing; the reader goes on looking."""
        if self.stage is Stage.IDENTIFY:
            self._journey.reading, self._journey.card_fault = False, fault
        return []

    def identity_told(self, try_id: str, document: IdentityDocument) -> list[Effect]:
        """The platform said whose code it is."""
        if self.stage is not Stage.IDENTIFY or not try_id or try_id != self._journey.identity_try:
            return []
        return self._identified(document)

    def identity_not_told(self, try_id: str, refusal: CodeRefusal) -> list[Effect]:
        """The code tells nothing, or the platform could not be asked: another code, or the card."""
        if try_id and try_id == self._journey.identity_try:
            self._journey.identity_try, self._journey.code_refusal = "", refusal
        return []

    def confirm_identity(self) -> list[Effect]:
        """是我."""
        if self.stage is not Stage.IDENTITY or self._journey.resident is None:
            return []
        self._journey.proofs |= {proof_by(self._journey.resident.kind)}
        return self._ask(0)

    def deny_identity(self) -> list[Effect]:
        """不是我: forget that card and read another."""
        if self.stage is not Stage.IDENTITY:
            return []
        self._journey.resident, self._journey.proofs = None, frozenset()
        return self._identify()

    # Questions -----------------------------------------------------------------------------------

    def answer(self, text: str) -> list[Effect]:
        """The answer to the present question; a faulty one stays with its sentence."""
        question = self.question
        if question is None:
            return []
        checked = check_answer(question, text)
        self._journey.answers[question.key] = checked.value
        self._journey.answer_fault = checked.fault
        if checked.fault is not None:
            return []
        if self._journey.editing:
            self._journey.editing = False
            return self._review()
        return self._ask(self._journey.question_index + 1)

    def edit(self, key: str) -> list[Effect]:
        """改, on the summary: back to that question, then to the summary again."""
        pack = self._journey.pack
        if self.stage is not Stage.REVIEW or pack is None:
            return []
        index = next((i for i, item in enumerate(pack.fields) if item.key == key), None)
        if index is None:
            return []
        self._journey.editing = True
        return self._ask(index)

    def confirm(self) -> list[Effect]:
        """确认提交. A second tap finds another stage and does nothing."""
        if self.stage is not Stage.REVIEW or self._journey.pack is None or self._journey.entry_id is None:
            return []
        self.stage = Stage.RECORDING
        self._journey.record_fault = None
        return [RecordCase(self._case(self._journey.pack, self._journey.entry_id))]

    # The promise, and the paper ------------------------------------------------------------------

    def recorded(self, receipt: Receipt, printer_usable: bool, line_up: bool) -> list[Effect]:
        """The journal has it on disk. Only now may the screen say 已收件."""
        if self.stage is not Stage.RECORDING:
            return []
        return self._promise(receipt, printer_usable, line_up)

    def resume(self, receipt: Receipt, line_up: bool) -> list[Effect]:
        """The face was restarted while somebody stood at a result: show them their number again."""
        if self.stage is not Stage.ATTRACT:
            return []
        self._journey.pack = self.catalogue.get(receipt.service_code)
        effects = self._promise(receipt, False, line_up)
        self._journey.slip, self._journey.slip_attempts = SlipState.UNCONFIRMED, 1
        return effects

    def record_failed(self, fault: JournalFault) -> list[Effect]:
        """Nothing was received: back to the summary with a sentence, the answers kept."""
        if self.stage is Stage.RECORDING:
            self._journey.record_fault = fault
            self.stage = Stage.REVIEW
        return []

    def print_ended(self, outcome: PrintOutcome) -> list[Effect]:
        """How the try to print ended, as the printer itself said."""
        if self.stage is not Stage.RESULT or self._journey.slip is not SlipState.PRINTING:
            return []
        self._journey.slip_fault = outcome.fault
        self._journey.slip = {
            PrintVerdict.PRINTED: SlipState.PRINTED,
            PrintVerdict.FAILED: SlipState.FAILED,
            PrintVerdict.UNCONFIRMED: SlipState.UNCONFIRMED,
        }[outcome.verdict]
        return []

    def print_again(self) -> list[Effect]:
        """再打一次: the same number, marked 补打 from the second on."""
        may = self._journey.slip in (SlipState.FAILED, SlipState.UNCONFIRMED, SlipState.NONE)
        if self.stage is not Stage.RESULT or not may or self._journey.receipt is None:
            return []
        return self._print(self._journey.receipt)

    def slip_pulled(self) -> list[Effect]:
        """The printer felt paper being pulled out: the slip, if it had printed it. What is doubtful stays a question."""
        return self.slip_taken() if self._journey.slip is SlipState.PRINTED else []

    def slip_taken(self) -> list[Effect]:
        """出来了."""
        known = self._journey.slip in (SlipState.PRINTED, SlipState.UNCONFIRMED)
        if self.stage is not Stage.RESULT or not known or self._journey.receipt is None:
            return []
        self._journey.slip, self._journey.slip_fault = SlipState.TAKEN, PrintFault.NONE
        return [NoteSlipTaken(self._journey.receipt)]

    def decline_slip(self) -> list[Effect]:
        """不用打印."""
        if self.stage is Stage.RESULT and self._journey.slip is not SlipState.PRINTING:
            self._journey.slip = SlipState.DECLINED
        return []

    def delivered(self, entry_id: UUID) -> list[Effect]:
        """The platform signed for an entry; it matters here when it is this session's."""
        receipt = self._journey.receipt
        if receipt is not None and receipt.entry_id == entry_id:
            self._journey.delivery = Delivery.DELIVERED
        return []

    def line_changed(self, line_up: bool) -> list[Effect]:
        """The line came or went while the result is shown."""
        if self.stage is Stage.RESULT and self._journey.delivery is not Delivery.DELIVERED:
            self._journey.delivery = Delivery.SENDING if line_up else Delivery.WAITING_FOR_LINE
        return []

    # Progress of a case --------------------------------------------------------------------------

    def scanned(self, text: str, at_s: float | None = None) -> list[Effect]:
        """A code was shown to the scanner, at `at_s`: a slip opens its case, anything else is told so."""
        code = self._codes.look(text, at_s)
        if self.stage is Stage.IDENTIFY:
            return self._codes.identify(code, self._journey)
        if self.stage not in (Stage.ATTRACT, Stage.HOME, Stage.LOOKUP, Stage.PROGRESS):
            return []
        if code.kind is not CodeKind.RECEIPT:
            self._codes.refuse(code, self._journey)
            return self._go_home() if self.stage is Stage.ATTRACT else []
        self._journey.pack = self.catalogue.of_kind(ServiceKind.CASE_PROGRESS)
        return self._ask_platform(code.receipt_number)

    def not_scanned(self, fault: ScanFault) -> list[Effect]:
        """Something was shown to the scanner that is no code."""
        if self.stage is Stage.IDENTIFY:
            self._codes.cannot_read(self._journey)
        elif self.stage in (Stage.HOME, Stage.LOOKUP, Stage.PROGRESS):
            self._journey.code_refusal = fault
        return []

    def look_up(self, text: str) -> list[Effect]:
        """A receipt number was typed."""
        pack = self._journey.pack
        if self.stage is not Stage.LOOKUP or pack is None:
            return []
        checked = check_answer(pack.fields[0], text)
        self._journey.asked_number, self._journey.answer_fault = checked.value, checked.fault
        return [] if checked.fault is not None else self._ask_platform(checked.value)

    def progress_answered(self, progress: Progress) -> list[Effect]:
        """The platform answered for the number that was asked."""
        if self.stage is not Stage.ASKING or progress.receipt_number != self._journey.asked_number:
            return []
        self._journey.progress, self._journey.progress_fault = progress, None
        self.stage = Stage.PROGRESS
        return [StartScanning()]

    def progress_failed(self, number: str, fault: LineFault) -> list[Effect]:
        """No answer, or none that counts. `refused` means: no such number."""
        if self.stage is not Stage.ASKING or number != self._journey.asked_number:
            return []
        self._journey.progress, self._journey.progress_fault = None, fault
        self.stage = Stage.LOOKUP
        return [StartScanning()]

    # Leaving -------------------------------------------------------------------------------------

    def back(self) -> list[Effect]:
        """返回: one page back, losing nothing. After 已收件 there is no back, only `finish`."""
        journey = self._journey
        match self.stage:
            case Stage.SERVICES | Stage.LOOKUP | Stage.PROGRESS | Stage.ASKING:
                return self._go_home()
            case Stage.SERVICE:
                if journey.block is None or journey.block is Block.COLLECT:
                    return self._go_home()
                self.stage = Stage.SERVICES
            case Stage.IDENTIFY:
                self.stage = Stage.SERVICE
                return self._stop_identifying()
            case Stage.IDENTITY:
                return self.deny_identity()
            case Stage.QUESTION if journey.editing:
                journey.editing = False
                return self._review()
            case Stage.QUESTION if journey.question_index > 0:
                return self._ask(journey.question_index - 1)
            case Stage.QUESTION:
                self.stage = Stage.IDENTITY if journey.resident is not None else Stage.SERVICE
            case Stage.REVIEW if journey.pack is not None and journey.pack.fields:
                return self._ask(len(journey.pack.fields) - 1)
            case _:
                pass
        return []

    def finish(self) -> list[Effect]:
        """The session ends, whatever the page: everything of it is forgotten."""
        if self.stage in (Stage.RECORDING, Stage.OUT_OF_SERVICE):
            return []
        effects: list[Effect] = [StopReading(), Wipe()]
        self._journey = Journey()
        self.stage = Stage.ATTRACT
        return [*effects, StartScanning()]

    def leave_service(self) -> list[Effect]:
        """The terminal cannot work (no journal): the page that says so. `return_to_service` ends it."""
        self._journey = Journey()
        self.stage = Stage.OUT_OF_SERVICE
        return [StopReading(), StopScanning(), Wipe()]

    def return_to_service(self) -> list[Effect]:
        """The terminal works again."""
        if self.stage is not Stage.OUT_OF_SERVICE:
            return []
        self.stage = Stage.ATTRACT
        return [StartScanning()]

    # Inner steps ---------------------------------------------------------------------------------

    def _go_home(self) -> list[Effect]:
        refusal = self._journey.code_refusal if self.stage is Stage.ATTRACT else None
        self._journey = Journey(session_id=self._journey.session_id, code_refusal=refusal)
        self.stage = Stage.HOME
        return [StopReading(), StartScanning()]

    def _open_lookup(self, pack: Pack) -> list[Effect]:
        self._journey.pack = pack
        self._journey.progress_fault = self._journey.answer_fault = None
        self._journey.code_refusal = None
        self.stage = Stage.LOOKUP
        return [StartScanning()]

    def _identify(self) -> list[Effect]:
        self._journey.reading, self._journey.card_fault = False, None
        self._journey.code_refusal, self._journey.identity_try = None, ""
        self.stage = Stage.IDENTIFY
        return [StartReading(), *([StartScanning()] if self._codes.takes_identity(self._journey) else [])]

    def _identified(self, document: IdentityDocument) -> list[Effect]:
        self._journey.resident = document
        self._journey.reading, self._journey.card_fault = False, None
        self.stage = Stage.IDENTITY
        return self._stop_identifying()

    def _stop_identifying(self) -> list[Effect]:
        self._journey.code_refusal, self._journey.identity_try = None, ""
        return [StopReading(), *([StopScanning()] if self._codes.takes_identity(self._journey) else [])]

    def _ask(self, index: int) -> list[Effect]:
        pack = self._journey.pack
        if pack is None or index >= len(pack.fields):
            return self._review()
        self._journey.question_index = index
        self._journey.answer_fault = None
        self.stage = Stage.QUESTION
        return []

    def _review(self) -> list[Effect]:
        self.stage = Stage.REVIEW
        pack, entry_id = self._journey.pack, self._journey.entry_id
        return [] if pack is None or entry_id is None else [PrepareCase(self._case(pack, entry_id))]

    def _promise(self, receipt: Receipt, printer_usable: bool, line_up: bool) -> list[Effect]:
        self._journey.receipt = receipt
        self._journey.delivery = Delivery.SENDING if line_up else Delivery.WAITING_FOR_LINE
        self.stage = Stage.RESULT
        return self._print(receipt) if printer_usable else []

    def _print(self, receipt: Receipt) -> list[Effect]:
        self._journey.slip, self._journey.slip_fault = SlipState.PRINTING, PrintFault.NONE
        self._journey.slip_attempts += 1
        return [PrintSlip(receipt, self._journey.slip_attempts)]

    def _ask_platform(self, number: str) -> list[Effect]:
        self._journey.asked_number = number
        self._journey.progress = None
        self._journey.progress_fault = self._journey.answer_fault = None
        self._journey.code_refusal = None
        self.stage = Stage.ASKING
        return [StopScanning(), AskProgress(number)]

    def _case(self, pack: Pack, entry_id: UUID) -> Case:
        return Case(
            entry_id=entry_id,
            service_code=pack.code,
            pack_version=pack.revision,
            started_at=self._journey.started_at or self._clock.now(),
            answers=dict(self._journey.answers),
            resident=self._journey.resident,
            proofs=self._journey.proofs,
            language=self.language,
        )
