"""Enrolment: a one-time code becomes a terminal with a number, once."""

from __future__ import annotations

from kiosk.domain.enrolment import Enrolment
from kiosk.journal.journal import Journal
from sync.platform_client import PlatformClient


def enrol(client: PlatformClient, journal: Journal, code: str) -> Enrolment:
    """Use `code` and remember the answer. Raises `PlatformError`.

    Safe to repeat when the answer was lost: the same code with the same key gives the same number.
    """
    enrolment, epoch = client.enrol(code)
    journal.settings.become(enrolment, client.public_key, epoch)
    return enrolment
