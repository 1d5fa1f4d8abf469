"""The sync process as the face sees it: the state of the line, deliveries, and live look-ups."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.domain.presented_code import CodeRefusal, PresentedCode
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex, is_citizen_number
from kiosk.errors import IpcFault, LineFault
from kiosk.flow.availability import LineState
from kiosk.flow.journey import Progress
from kiosk.flow.keeper_report import LineReport
from ui.bridge.peer import Peer

ASK_TIMEOUT_S = 8.0
_MARGIN_S = 3.0
"""The sync process keeps the time; this is for the case that it does not."""

log = logging.getLogger(__name__)


class _Delivered(msgspec.Struct):
    entry_id: UUID


class _Answer(msgspec.Struct):
    ok: bool
    answer: Progress | None = None
    fault: LineFault = LineFault.NO_LINE


class _Verdict(StrEnum):
    KNOWN = "known"
    EXPIRED = "expired"
    USED = "used"
    UNKNOWN = "unknown"


class _Identity(msgspec.Struct):
    verdict: _Verdict
    name: str = ""
    number: str = ""
    sex: Sex = Sex.UNKNOWN
    birth: date | None = None


class _IdentityAnswer(msgspec.Struct):
    ok: bool
    answer: _Identity | None = None
    fault: LineFault = LineFault.NO_LINE


_NOT_TOLD = {
    _Verdict.EXPIRED: CodeRefusal.EXPIRED,
    _Verdict.USED: CodeRefusal.USED,
    _Verdict.UNKNOWN: CodeRefusal.UNKNOWN,
}
_SLOW = (LineFault.TIMED_OUT, LineFault.SERVER_TROUBLE, LineFault.TOO_MANY)
"""The line is there; it is worth another code."""


class LineClient(QObject):
    """Knows the line's state, wakes the sender, and asks the platform on behalf of the session."""

    lineChanged = Signal()
    catalogueChanged = Signal()
    caseDelivered = Signal(object)

    def __init__(self, socket: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.report = LineReport()
        self._peer = Peer(socket, self)
        self._peer.disconnected.connect(lambda: self._set(LineReport()))
        self._peer.notified.connect(self._hear)

    @property
    def state(self) -> LineState:
        """The line, as the sync process told last."""
        return self.report.state

    @property
    def up(self) -> bool:
        """Whether what is recorded now leaves at once."""
        return self.state is LineState.ONLINE

    def open(self) -> None:
        """Begin."""
        self._peer.open()

    def close(self) -> None:
        """Hang up."""
        self._peer.close()

    def wake(self) -> None:
        """Something was recorded: send it."""
        if self._peer.is_connected:
            self._peer.tell("wake", {})

    def refresh(self, told: Callable[[], None]) -> None:
        """Ask for the report anew: times in it grow old without being told. `told` is called if it comes."""

        def hear(result: Any) -> None:
            self._hear("line.status", result)
            told()

        if self._peer.is_connected:
            self._peer.call("status", {}, hear, lambda fault: None, _MARGIN_S)

    def ask_progress(
        self,
        service: str,
        number: str,
        answered: Callable[[Progress], None],
        failed: Callable[[LineFault], None],
    ) -> None:
        """Ask the platform how far the case `number` is; one of the two functions is called later."""

        def hear(result: Any) -> None:
            try:
                answer = msgspec.convert(result, _Answer)
            except msgspec.ValidationError:
                log.warning("the platform's answer does not fit")
                failed(LineFault.NOT_THE_PLATFORM)
                return
            if answer.ok and answer.answer is not None:
                answered(answer.answer)
            else:
                failed(answer.fault)

        def lose(fault: IpcFault) -> None:
            failed(LineFault.TIMED_OUT if fault is IpcFault.TIMED_OUT else LineFault.NO_LINE)

        params = {"service": service, "params": {"receipt_number": number}, "timeout_s": ASK_TIMEOUT_S}
        self._peer.call("query", params, hear, lose, ASK_TIMEOUT_S + _MARGIN_S)

    def ask_identity(
        self,
        code: PresentedCode,
        try_id: str,
        told: Callable[[IdentityDocument], None],
        not_told: Callable[[CodeRefusal], None],
    ) -> None:
        """Ask the platform whose code this is; one of the two functions is called later. Never kept for later."""

        def hear(result: Any) -> None:
            try:
                answer = msgspec.convert(result, _IdentityAnswer)
            except msgspec.ValidationError:
                # Without its words: they may quote what the platform told of a person.
                log.warning("the platform's answer does not fit")
                not_told(CodeRefusal.NO_ANSWER)
                return
            if not answer.ok or answer.answer is None:
                not_told(CodeRefusal.NO_ANSWER if answer.fault in _SLOW else CodeRefusal.NO_LINE)
            elif answer.answer.verdict is not _Verdict.KNOWN:
                not_told(_NOT_TOLD[answer.answer.verdict])
            elif (document := _document(answer.answer)) is not None:
                told(document)
            else:
                not_told(CodeRefusal.NO_ANSWER)

        def lose(fault: IpcFault) -> None:
            not_told(CodeRefusal.NO_ANSWER if fault is IpcFault.TIMED_OUT else CodeRefusal.NO_LINE)

        if not self.up:
            QTimer.singleShot(0, self, lambda: not_told(CodeRefusal.NO_LINE))
            return
        params = {
            "form": code.form,
            "code": code.payload,
            "scanned_at_s": code.scanned_at_s,
            "try": try_id,
            "timeout_s": ASK_TIMEOUT_S,
        }
        self._peer.call("identify_code", params, hear, lose, ASK_TIMEOUT_S + _MARGIN_S)

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        try:
            if method == "line.status":
                self._set(msgspec.convert(params, LineReport))
            elif method == "case.delivered":
                self.caseDelivered.emit(msgspec.convert(params, _Delivered).entry_id)
        except msgspec.ValidationError:
            log.warning("a notification does not fit", extra={"method": method})

    def _set(self, report: LineReport) -> None:
        before, self.report = self.report, report
        if report.state is not before.state:
            self.lineChanged.emit()
        if report.catalogue_version != before.catalogue_version:
            self.catalogueChanged.emit()


def _document(told: _Identity) -> IdentityDocument | None:
    """The person as a session knows one; None when the platform told less than that takes."""
    birth = told.birth
    if birth is None and is_citizen_number(told.number):
        try:
            birth = datetime.strptime(told.number[6:14], "%Y%m%d").date()  # noqa: DTZ007 - a birthday has no zone
        except ValueError:
            return None
    if not told.name or not told.number or birth is None:
        return None
    return IdentityDocument(
        kind=DocumentKind.IDENTITY_CODE,
        name=told.name,
        number=told.number,
        sex=told.sex,
        birth=birth,
        valid_from=None,
        valid_until=None,
    )
