"""What to tell whoever stands there when the backup power is almost empty: what becomes of their business."""

from __future__ import annotations

from enum import StrEnum

from kiosk.flow.availability import Situation
from kiosk.flow.journey import Stage


class PowerNotice(StrEnum):
    """One sentence each. Nobody is interrupted: the supply ends the session, not the terminal."""

    NOTHING_BEGUN = "nothing_begun"
    FINISH_NOW = "finish_now"
    """Something was begun and is not recorded yet: it is lost with the power, or finished before."""
    RECORDED = "recorded"


_BEGUN = frozenset({Stage.IDENTIFY, Stage.IDENTITY, Stage.QUESTION, Stage.REVIEW, Stage.RECORDING})


def power_notice(stage: Stage, situation: Situation) -> PowerNotice | None:
    """The sentence for this page, or None while the battery lasts."""
    if not situation.battery_low:
        return None
    if stage is Stage.RESULT:
        return PowerNotice.RECORDED
    return PowerNotice.FINISH_NOW if stage in _BEGUN else PowerNotice.NOTHING_BEGUN
