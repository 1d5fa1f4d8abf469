"""The central platform as the terminal sees it: one method a call, and one exception, `PlatformError`.

An answer counts only when it is the platform's: right type, right shape, within its size, signed over
this very request.  Anything else (a portal's page, a proxy's apology, a truncated or endless body) is a
fault of the line and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.clock import Clock
from kiosk.config import PlatformSettings
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.entry import RecordedEntry
from kiosk.errors import LineFault, PlatformError
from sync.batch import BatchAnswer, EntriesAnswer, to_batch
from sync.compression import decompress
from sync.exchange import SLOWEST_BYTES_PER_S, VERSION, Call, Exchange, Ground, Limits, RawAnswer
from sync.heartbeat_wire import HeartbeatAnswer, HeartbeatRequest
from sync.paper_wire import SlipKeyAnswer, SlipKeyRequest
from sync.signing import (
    CLOCK_HEADER,
    UNSIGNED_ENCODING,
    SignatureFault,
    SignedAnswer,
    SignedRequest,
    key_thumbprint,
    verify_answer,
)
from sync.wire import (
    JSON_TYPE,
    MAX_ANSWER_BYTES,
    PROBLEM_TYPE,
    ChainStart,
    EnrolAnswer,
    EnrolRequest,
    InboxAnswer,
    Problem,
    QueryAnswer,
    QueryRequest,
    decode,
    encode,
)

__all__ = ["SLOWEST_BYTES_PER_S", "VERSION", "Limits", "PlatformClient", "Proven", "Refused"]

MessageT = TypeVar("MessageT", bound=msgspec.Struct)


class Refused(PlatformError):
    """The platform itself, provably, refused: a person or another request is needed, not a repetition."""

    def __init__(self, fault: LineFault, status: int, word: str, detail: str) -> None:
        self.status, self.word = status, word
        super().__init__(fault, f"{status} {word} {detail}".strip())


@dataclass(frozen=True, slots=True)
class Proven:
    """An answer that is the platform's: signed over this very request."""

    status: int
    headers: dict[str, str]
    body: bytes


class PlatformClient:
    """Calls the platform. Used by one thread; `call_off` and `begin_again` may be called from any."""

    def __init__(
        self,
        settings: PlatformSettings,
        key: Ed25519PrivateKey,
        clock: Clock,
        limits: Limits | None = None,
        ground: Ground | None = None,
    ) -> None:
        self._key = key
        self._ground = ground or Ground.for_one(clock, settings.bandwidth_bytes_s)
        self._exchange = Exchange(settings, key, clock, limits or Limits(), self._ground)
        self._platform_key: Ed25519PublicKey | None = None
        self.terminal_id = ""
        self._terminal_number = ""

    @property
    def bytes_in_flight(self) -> int:
        """The body of the exchange that is going on; others on the same line must be patient meanwhile."""
        return self._exchange.bytes_in_flight

    def become(self, enrolment: Enrolment) -> None:
        """Speak as this terminal and believe only this platform from now on."""
        self.terminal_id = enrolment.terminal_id
        self._terminal_number = enrolment.terminal_number
        self._platform_key = Ed25519PublicKey.from_public_bytes(enrolment.signing_key)

    def call_off(self) -> None:
        """End the exchange that is going on and refuse new ones; from any thread."""
        self._exchange.call_off()

    def begin_again(self) -> None:
        """Cut the exchange that is going on; it is begun once more on a new connection. From any thread."""
        self._exchange.begin_again()

    def leave_lost_address(self) -> None:
        """`begin_again` if its connection hangs on an address that this machine lost. From any thread."""
        self._exchange.leave_lost_address()

    def close(self) -> None:
        """Drop the connections."""
        self._exchange.close()

    @property
    def public_key(self) -> bytes:
        """The public half of the key that this client speaks with, raw."""
        return self._key.public_key().public_bytes_raw()

    def enrol(self, code: str, chain: ChainStart | None = None) -> tuple[Enrolment, str]:
        """Use a one-time code; returns who this terminal is, and the platform's epoch.

        `chain` is where the journal stands of a terminal that is enrolled again.

        The platform's key is in the answer, so its signature proves only that the answer is whole; who
        gave it rests on TLS. That is why enrolment is done once, by a person who knows the address.
        """
        public_key = self._key.public_key().public_bytes_raw()
        message = EnrolRequest(code=code.strip(), public_key=public_key, version=VERSION, chain=chain)
        call = Call(method="POST", path="/v1/enrol", body=encode(message))
        request, raw = self._exchange.send(call, key_thumbprint(public_key), self.terminal_id, 0)
        answer = self._believed(request, raw, EnrolAnswer, enrolling=True)
        enrolment = Enrolment(
            terminal_id=answer.terminal_id,
            terminal_number=answer.terminal_number,
            region_code=answer.region_code,
            sealing_key=answer.sealing_key,
            signing_key=answer.signing_key,
        )
        return enrolment, answer.epoch

    def send_entries(self, entries: Sequence[RecordedEntry], sequence: int) -> BatchAnswer:
        """Send a batch; one result an entry. `sequence` is the newest entry of the journal."""
        body = encode(to_batch(entries, self._terminal_number))
        path = f"/v1/terminals/{self.terminal_id}/entries"
        answer = self._call("POST", path, body, EntriesAnswer, sequence)
        try:
            results = answer.results(entries)
        except ValueError as error:
            raise PlatformError(LineFault.NOT_THE_PLATFORM, str(error)) from error
        return BatchAnswer(
            epoch=answer.epoch, high_water=answer.high_water, results=results, signature=answer.signature
        )

    def heartbeat(
        self, message: HeartbeatRequest, sequence: int, whole_s: float | None = None
    ) -> HeartbeatAnswer:
        """Say how the terminal is."""
        path = f"/v1/terminals/{self.terminal_id}/heartbeat"
        return self._call("POST", path, encode(message), HeartbeatAnswer, sequence, whole_s)

    def inbox(self, after: int, sequence: int) -> InboxAnswer:
        """What the platform has to say after message `after`."""
        path = f"/v1/terminals/{self.terminal_id}/inbox?after={after}"
        return self._call("GET", path, b"", InboxAnswer, sequence)

    def tell_slip_key(self, public_key: bytes, sequence: int) -> SlipKeyAnswer:
        """Say which key this terminal's slips are signed with."""
        path = f"/v1/terminals/{self.terminal_id}/slip-key"
        return self._call(
            "POST", path, encode(SlipKeyRequest(public_key=public_key)), SlipKeyAnswer, sequence
        )

    def query(self, service: str, params: dict[str, str], sequence: int, whole_s: float) -> dict[str, Any]:
        """A live look-up on behalf of the session."""
        body = encode(QueryRequest(params=params))
        return self._call("POST", f"/v1/queries/{service}", body, QueryAnswer, sequence, whole_s).answer

    def ask(self, call: Call, sequence: int, covered: tuple[str, ...] = ()) -> Proven:
        """Make a call of another kind; `covered` names headers that the platform's signature must cover too.

        Raises `PlatformError`; `Refused` for every status that is not among the call's own.
        """
        if self._platform_key is None:
            raise PlatformError(LineFault.NOT_CONFIGURED, "not enrolled")
        request, raw = self._exchange.send(call, self.terminal_id, self.terminal_id, sequence)
        try:
            refused = raw.status not in call.done
            self._verify(request, raw, () if refused else covered)
            if refused and call.method == "HEAD":
                raise _refusal(raw.status, Problem(status=raw.status))
            content = decompress(raw.body, raw.headers.get("content-encoding"), MAX_ANSWER_BYTES)
            if refused:
                raise _refusal(raw.status, decode(content, Problem))
            return Proven(raw.status, raw.headers, content)
        except (SignatureFault, ValueError) as error:
            raise _foreign(raw, str(error)) from error

    def _call(
        self,
        method: str,
        path: str,
        body: bytes,
        kind: type[MessageT],
        sequence: int,
        whole_s: float | None = None,
    ) -> MessageT:
        if self._platform_key is None:
            raise PlatformError(LineFault.NOT_CONFIGURED, "not enrolled")
        call = Call(method=method, path=path, body=body, whole_s=whole_s)
        request, raw = self._exchange.send(call, self.terminal_id, self.terminal_id, sequence)
        return self._believed(request, raw, kind)

    def _verify(self, request: SignedRequest, raw: RawAnswer, covered: tuple[str, ...] = ()) -> None:
        """Raises `SignatureFault` unless the platform gave this answer to this request; notes its clock."""
        assert self._platform_key is not None
        verify_answer(SignedAnswer(raw.status, raw.headers, request), raw.body, self._platform_key, covered)
        self._exchange.was_the_platform()
        try:
            said = datetime.fromisoformat(raw.headers.get(CLOCK_HEADER, ""))
        except ValueError as error:
            raise SignatureFault("a clock that is none") from error
        if not 1 < said.year < 9990:  # at the calendar's ends nothing can be added to a time
            raise SignatureFault("a clock that is none")
        self._ground.platform_clock.heard(said.replace(tzinfo=said.tzinfo or UTC), raw.asked_s)

    def _believed(
        self, request: SignedRequest, raw: RawAnswer, kind: type[MessageT], enrolling: bool = False
    ) -> MessageT:
        """The message in an answer that is proven to be the platform's; raises what it refuses with."""
        content_type = raw.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in (JSON_TYPE, PROBLEM_TYPE):
            raise _foreign(raw, f"content type {content_type[:60]!r}")
        try:
            content = decompress(raw.body, raw.headers.get("content-encoding"), MAX_ANSWER_BYTES)
            if enrolling:
                return self._believed_enrolment(request, raw, content, kind)
            self._verify(request, raw)
            if raw.status != 200:
                raise _refusal(raw.status, decode(content, Problem))
            return decode(content, kind)
        except (SignatureFault, ValueError) as error:
            raise _foreign(raw, str(error)) from error

    def _believed_enrolment(
        self, request: SignedRequest, raw: RawAnswer, content: bytes, kind: type[MessageT]
    ) -> MessageT:
        """As `_believed`, before the platform's key is known: a refusal costs nothing, so it is believed."""
        if raw.status != 200:
            raise _refusal(raw.status, decode(content, Problem), fault=LineFault.REFUSED)
        key = Ed25519PublicKey.from_public_bytes(decode(content, EnrolAnswer).signing_key)
        verify_answer(SignedAnswer(raw.status, raw.headers, request), raw.body, key)
        return decode(content, kind)


def _foreign(raw: RawAnswer, why: str) -> PlatformError:
    if raw.status == 413:
        # A gateway on the way may say so; it moves the size of a batch, never an entry.
        return PlatformError(LineFault.TOO_LARGE, "413, not signed")
    return PlatformError(LineFault.NOT_THE_PLATFORM, why[:200])


def _refusal(status: int, problem: Problem, fault: LineFault | None = None) -> PlatformError:
    if problem.word == UNSIGNED_ENCODING:
        # Ours are signed, so somebody on the way added it: nothing is wrong with what was sent.
        return PlatformError(LineFault.NOT_THE_PLATFORM, f"{status} {problem.word} {problem.detail}"[:200])
    if fault is None:
        by_status = {401: LineFault.NOT_AUTHORISED, 403: LineFault.NOT_AUTHORISED, 413: LineFault.TOO_LARGE}
        fault = by_status.get(status, LineFault.REFUSED)
    return Refused(fault, status, problem.word, problem.detail)
