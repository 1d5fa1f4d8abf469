"""The key that signs slips: made beside the journal, used by the face, told to the platform by the sync process.

It is used only after the platform has confirmed it for the number that the terminal has now: a slip that
nobody can verify would be worse than one that promises nothing.
"""

from __future__ import annotations

import os

from kiosk.journal.settings import SettingKey, Settings

_KEY_BYTES = 32


def usable_slip_key(settings: Settings) -> bytes | None:
    """The private key (Ed25519, raw) for the slips of this terminal, or None while the platform does not know it."""
    enrolment, key = settings.enrolment(), settings.get(SettingKey.SLIP_KEY)
    known_as = settings.get(SettingKey.SLIP_KEY_KNOWN)
    if enrolment is None or key is None or known_as != enrolment.terminal_id.encode("ascii"):
        return None
    return key


def slip_key_to_tell(settings: Settings) -> bytes | None:
    """The private key whose public half the platform must be told, made when there is none; None: nothing to do."""
    if settings.enrolment() is None or usable_slip_key(settings) is not None:
        return None
    key = settings.get(SettingKey.SLIP_KEY)
    if key is None or len(key) != _KEY_BYTES:
        key = os.urandom(_KEY_BYTES)
        settings.put(SettingKey.SLIP_KEY, key)
    return key


def slip_key_told(settings: Settings, terminal_id: str) -> None:
    """The platform confirmed the key for this terminal."""
    settings.put(SettingKey.SLIP_KEY_KNOWN, terminal_id.encode("ascii"))
