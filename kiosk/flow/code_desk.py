"""What a presented code does to a session: which codes count on which page, and each of them once."""

from __future__ import annotations

from uuid import uuid4

from kiosk.clock import Clock
from kiosk.code_settings import CodeSettings
from kiosk.domain.presented_code import CodeKind, CodeRefusal, PresentedCode, UsedCodes, classify
from kiosk.domain.trust import Rung
from kiosk.flow.effects import AskIdentity, Effect
from kiosk.flow.journey import Journey

_ELSEWHERE = {CodeKind.PAYMENT: CodeRefusal.PAYMENT, CodeKind.IDENTITY: CodeRefusal.NOT_HERE}

_ONE_PRESENTATION_S = 3.0
"""A scanner and a camera may both see a code that is held up once."""


class CodeDesk:
    """One for the life of the face: what was used stays used when the session ends."""

    def __init__(self, settings: CodeSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._used = UsedCodes()

    def look(self, text: str, at_s: float | None = None) -> PresentedCode:
        """What was shown, at `at_s` or just now."""
        return classify(text, self._clock.monotonic() if at_s is None else at_s, self._settings)

    def takes_identity(self, journey: Journey) -> bool:
        """Whether this service may be begun with a code, and anything is known of how one looks."""
        return bool(self._settings.identity) and journey.pack is not None and journey.pack.rung is Rung.CODE

    def refuse(self, code: PresentedCode, journey: Journey) -> None:
        """Not a code for this page."""
        journey.code_refusal = _ELSEWHERE.get(code.kind, CodeRefusal.FOREIGN)

    def cannot_read(self, journey: Journey) -> None:
        """What was shown where somebody is asked who they are is no code at all."""
        if self.takes_identity(journey) and not journey.identity_try:
            journey.code_refusal = CodeRefusal.UNREADABLE

    def identify(self, code: PresentedCode, journey: Journey) -> list[Effect]:
        """Somebody shows a code where they are asked who they are: to the platform with it, once, and at once."""
        if journey.identity_try or not self.takes_identity(journey):
            return []
        journey.card_fault = None
        if code.kind is not CodeKind.IDENTITY:
            journey.code_refusal = (
                CodeRefusal.PAYMENT if code.kind is CodeKind.PAYMENT else CodeRefusal.NOT_IDENTITY
            )
            return []
        now_s = self._clock.monotonic()
        used_at_s = self._used.used_at(code)
        if used_at_s is not None and now_s - used_at_s < _ONE_PRESENTATION_S:
            return []  # one code held before two readers
        if not code.is_fresh(now_s) or not self._used.use(code, now_s):
            journey.code_refusal = CodeRefusal.EXPIRED if used_at_s is None else CodeRefusal.USED
            return []
        journey.code_refusal = None
        journey.identity_try = uuid4().hex
        return [AskIdentity(code, journey.identity_try)]
