"""One session, from the first touch to the wipe: which page comes next, and what must be done for it.

A pure state machine.  Methods are what happens (a touch, a card, an answer of the journal); each
returns the effects that the face must carry out.  What does not fit the present stage is ignored and
returns nothing: a double tap, a late answer, a card laid down on the wrong page do no harm.
"""

from __future__ import annotations

from uuid import UUID

from kiosk.catalogue.loader import Catalogue
from kiosk.catalogue.pack import Block, ServiceKind
from kiosk.catalogue.pack import Field as Question
from kiosk.clock import Clock
from kiosk.code_settings import CodeSettings
from kiosk.domain.case import new_entry_id
from kiosk.domain.presented_code import CodeKind, CodeRefusal
from kiosk.domain.printing import PrintOutcome
from kiosk.domain.receipt import Receipt
from kiosk.domain.resident import IdentityDocument
from kiosk.domain.trust import Rung, proof_by
from kiosk.errors import JournalFault, LineFault
from kiosk.flow import enquiry_desk, identity_desk, question_desk, slip_desk
from kiosk.flow.code_desk import CodeDesk
from kiosk.flow.effects import Effect, StartScanning, StopReading, StopScanning, Wipe
from kiosk.flow.journey import Delivery, Journey, Progress, Stage
from kiosk.flow.steps import step_of
from kiosk.ports import CardFault, ScanFault


class Session:
    """The state machine. The read-only properties are what the pages show.

    What is done at one desk (identity, codes, questions, slip, enquiry) is that desk's; the way between them is here.
    """

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

    # What the pages show -------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Stamped on every request to a device; an answer with another id belongs to somebody else."""
        return self._journey.session_id

    @property
    def stage(self) -> Stage:
        """The present page."""
        return self._journey.stage

    @property
    def view(self) -> Journey:
        """Everything the pages may show; to be read only."""
        return self._journey

    @property
    def question(self) -> Question | None:
        """The question of the present page."""
        return question_desk.present(self._journey)

    @property
    def step(self) -> tuple[int, int]:
        """(this step, all steps) of the service, or (0, 0) where there is nothing to count."""
        return step_of(self._journey)

    @property
    def busy(self) -> bool:
        """The terminal is at work for the resident: the idle timer must not run."""
        asking = self.stage is Stage.ASKING or bool(self._journey.identity_try)
        return slip_desk.is_printing(self._journey) or asking or self.stage is Stage.RECORDING

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
            return enquiry_desk.open_lookup(progress, self._journey) if progress else []
        self._journey.stage = Stage.SERVICES
        return [StopScanning()]

    def choose(self, code: str) -> list[Effect]:
        """A service from a list."""
        pack = self.catalogue.get(code)
        if self.stage not in (Stage.HOME, Stage.SERVICES) or pack is None:
            return []
        self._journey.pack = pack
        self._journey.stage = Stage.SERVICE
        return [StopScanning()]

    def begin(self) -> list[Effect]:
        """Start the service whose card is shown."""
        pack = self._journey.pack
        if self.stage is not Stage.SERVICE or pack is None:
            return []
        if pack.kind is ServiceKind.CASE_PROGRESS:
            return enquiry_desk.open_lookup(pack, self._journey)
        self._journey.entry_id, self._journey.started_at = new_entry_id(), self._clock.now()
        return self._ask(0) if pack.rung is Rung.NONE else identity_desk.ask(self._journey, self._codes)

    # Who is there --------------------------------------------------------------------------------

    def card_found(self) -> list[Effect]:
        """A card is on the plate and is being read."""
        identity_desk.card_found(self._journey)
        return []

    def card_read(self, document: IdentityDocument) -> list[Effect]:
        """A whole identity came from the reader; a code that is being asked about counts for nothing now."""
        return identity_desk.card_read(document, self._journey, self._codes)

    def card_not_read(self, fault: CardFault) -> list[Effect]:
        """A card was there and gave nothing; the reader goes on looking."""
        identity_desk.card_not_read(fault, self._journey)
        return []

    def identity_told(self, try_id: str, document: IdentityDocument) -> list[Effect]:
        """The platform said whose code it is."""
        return identity_desk.told(try_id, document, self._journey, self._codes)

    def identity_not_told(self, try_id: str, refusal: CodeRefusal) -> list[Effect]:
        """The code tells nothing, or the platform could not be asked: another code, or the card."""
        identity_desk.not_told(try_id, refusal, self._journey)
        return []

    def confirm_identity(self) -> list[Effect]:
        """是我."""
        if self.stage is not Stage.IDENTITY or self._journey.resident is None:
            return []
        self._journey.proofs |= {proof_by(self._journey.resident.kind)}
        return self._ask(0)

    def deny_identity(self) -> list[Effect]:
        """不是我: forget that card and read another."""
        return identity_desk.deny(self._journey, self._codes)

    # Questions -----------------------------------------------------------------------------------

    def answer(self, text: str) -> list[Effect]:
        """The answer to the present question; a faulty one stays with its sentence."""
        return question_desk.answer(text, self._journey, self.language)

    def edit(self, key: str) -> list[Effect]:
        """改, on the summary: back to that question, then to the summary again."""
        return question_desk.edit(key, self._journey, self.language)

    def handed_in_before(self, entry_id: UUID, earlier: Receipt) -> list[Effect]:
        """The journal knows the same person's same case; it may be handed in again all the same."""
        if self.stage is Stage.REVIEW and self._journey.entry_id == entry_id:
            self._journey.earlier = earlier
        return []

    def look_up_earlier(self) -> list[Effect]:
        """查那一件: leave the summary for the case that was handed in before."""
        earlier = self._journey.earlier
        if self.stage is not Stage.REVIEW or earlier is None:
            return []
        self._journey = Journey(session_id=self.id, pack=self.catalogue.of_kind(ServiceKind.CASE_PROGRESS))
        return enquiry_desk.ask(earlier.number, self._journey)

    def confirm(self) -> list[Effect]:
        """确认提交. A second tap finds another stage and does nothing."""
        return question_desk.confirm(self._journey, self.language)

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
        slip_desk.leave_in_doubt(self._journey)
        return effects

    def record_failed(self, fault: JournalFault) -> list[Effect]:
        """Nothing was received: back to the summary with a sentence, the answers kept."""
        if self.stage is Stage.RECORDING:
            self._journey.record_fault = fault
            self._journey.stage = Stage.REVIEW
        return []

    def print_ended(self, outcome: PrintOutcome) -> list[Effect]:
        """How the try to print ended, as the printer itself said."""
        slip_desk.ended(outcome, self._journey)
        return []

    def print_again(self) -> list[Effect]:
        """再打一次: the same number, marked 补打 from the second on."""
        return slip_desk.print_again(self._journey)

    def slip_pulled(self) -> list[Effect]:
        """The printer felt paper being pulled out: the slip, if it had printed it. What is doubtful stays a question."""
        return slip_desk.pulled(self._journey)

    def slip_taken(self) -> list[Effect]:
        """出来了."""
        return slip_desk.taken(self._journey)

    def decline_slip(self) -> list[Effect]:
        """不用打印."""
        slip_desk.decline(self._journey)
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
        return enquiry_desk.ask(code.receipt_number, self._journey)

    def not_scanned(self, fault: ScanFault) -> list[Effect]:
        """Something was shown to the scanner that is no code."""
        if self.stage is Stage.IDENTIFY:
            self._codes.cannot_read(self._journey)
        elif self.stage in (Stage.HOME, Stage.LOOKUP, Stage.PROGRESS):
            self._journey.code_refusal = fault
        return []

    def look_up(self, text: str) -> list[Effect]:
        """A receipt number was typed."""
        return enquiry_desk.look_up(text, self._journey)

    def progress_answered(self, progress: Progress) -> list[Effect]:
        """The platform answered for the number that was asked."""
        return enquiry_desk.answered(progress, self._journey)

    def progress_failed(self, number: str, fault: LineFault) -> list[Effect]:
        """No answer, or none that counts. `refused` means: no such number."""
        return enquiry_desk.failed(number, fault, self._journey)

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
                journey.stage = Stage.SERVICES
            case Stage.IDENTIFY:
                journey.stage = Stage.SERVICE
                return identity_desk.stop(journey, self._codes)
            case Stage.IDENTITY:
                return self.deny_identity()
            case Stage.QUESTION if journey.editing:
                journey.editing = False
                return question_desk.review(journey, self.language)
            case Stage.QUESTION if journey.question_index > 0:
                return self._ask(journey.question_index - 1)
            case Stage.QUESTION:
                journey.stage = Stage.IDENTITY if journey.resident is not None else Stage.SERVICE
            case Stage.REVIEW if journey.pack is not None and journey.pack.fields:
                return self._ask(len(journey.pack.fields) - 1)
            case _:
                pass
        return []

    def finish(self) -> list[Effect]:
        """The session ends, whatever the page: everything of it is forgotten."""
        if self.stage in (Stage.RECORDING, Stage.OUT_OF_SERVICE):
            return []
        self._journey = Journey()
        return [StopReading(), Wipe(), StartScanning()]

    def leave_service(self) -> list[Effect]:
        """The terminal cannot work (no journal): the page that says so. `return_to_service` ends it."""
        self._journey = Journey(stage=Stage.OUT_OF_SERVICE)
        return [StopReading(), StopScanning(), Wipe()]

    def return_to_service(self) -> list[Effect]:
        """The terminal works again."""
        if self.stage is not Stage.OUT_OF_SERVICE:
            return []
        self._journey.stage = Stage.ATTRACT
        return [StartScanning()]

    # Inner steps ---------------------------------------------------------------------------------

    def _go_home(self) -> list[Effect]:
        refusal = self._journey.code_refusal if self.stage is Stage.ATTRACT else None
        self._journey = Journey(session_id=self.id, stage=Stage.HOME, code_refusal=refusal)
        return [StopReading(), StartScanning()]

    def _ask(self, index: int) -> list[Effect]:
        return question_desk.ask(index, self._journey, self.language)

    def _promise(self, receipt: Receipt, printer_usable: bool, line_up: bool) -> list[Effect]:
        self._journey.receipt = receipt
        self._journey.delivery = Delivery.SENDING if line_up else Delivery.WAITING_FOR_LINE
        self._journey.stage = Stage.RESULT
        return slip_desk.print_slip(receipt, self._journey) if printer_usable else []
