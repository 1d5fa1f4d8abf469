"""`kiosk enrol --again` as the sync process answers it: enrolled anew, then everything begins again with the new key."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from kiosk.clock import Clock
from kiosk.config import Settings
from kiosk.errors import JournalError, PlatformError, SecretError
from sync.identity import enrol_again
from sync.platform_client import Refused

_ANSWER_FIRST_S = 0.3


def answer_renewal(
    settings: Settings, clock: Clock, code: str, on_renewed: Callable[[], None]
) -> dict[str, Any]:
    """The answer to the call; `on_renewed` is called a moment later, so that the answer leaves first."""
    try:
        enrolment = enrol_again(settings, clock, code)
    except Refused as error:
        return {"ok": False, "fault": error.word, "detail": error.detail}
    except (PlatformError, JournalError, SecretError) as error:
        return {"ok": False, "fault": error.fault.value, "detail": error.detail}
    timer = threading.Timer(_ANSWER_FIRST_S, on_renewed)
    timer.daemon = True
    timer.start()
    return {
        "ok": True,
        "terminal_number": enrolment.terminal_number,
        "region_code": enrolment.region_code,
    }
