"""Telling the platform which key this terminal's slips are signed with."""

from __future__ import annotations

from kiosk.documents.signed_receipt import public_half
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.journal import Journal
from kiosk.journal.slip_key import slip_key_to_tell, slip_key_told
from sync.platform_client import PlatformClient


def tell_slip_key(client: PlatformClient, journal: Journal) -> bool:
    """Tell it when the platform does not know it yet; whether it does now. Raises `PlatformError`.

    A platform that does not know the call is an old one: slips then carry the plain number, and nothing fails.
    """
    key, enrolment = slip_key_to_tell(journal.settings), journal.settings.enrolment()
    if key is None or enrolment is None:
        return enrolment is not None
    try:
        client.tell_slip_key(public_half(key), journal.entries.tail()[0])
    except PlatformError as error:
        if error.fault is LineFault.REFUSED:
            return False
        raise
    slip_key_told(journal.settings, enrolment.terminal_id)
    return True
