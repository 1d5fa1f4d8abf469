"""The key that signs slips: made beside the journal, used by the face, told to the platform by the sync process.

It is used only after the platform has confirmed it for the number that the terminal has now: a slip that
nobody can verify would be worse than one that promises nothing.  It is told once more to a platform whose memory is
not what it was, and a terminal that is enrolled again gets a new one: the old may be in a copy's hands.
"""

from __future__ import annotations

import os

from kiosk.journal.settings import SettingKey, Settings

_KEY_BYTES = 32


def usable_slip_key(settings: Settings) -> bytes | None:
    """The private key (Ed25519, raw) for the slips of this terminal, or None while the platform does not know it."""
    enrolment, key = settings.enrolment(), settings.get(SettingKey.SLIP_KEY)
    if enrolment is None or key is None or _known(settings)[0] != enrolment.terminal_id:
        return None
    return key


def slip_key_to_tell(settings: Settings) -> bytes | None:
    """The private key whose public half the platform must be told, made when there is none; None: nothing to do."""
    enrolment = settings.enrolment()
    if enrolment is None:
        return None
    known_as, epoch = _known(settings)
    if known_as == enrolment.terminal_id and epoch == _epoch(settings):
        return None
    key = settings.get(SettingKey.SLIP_KEY)
    if key is None or len(key) != _KEY_BYTES or known_as not in ("", enrolment.terminal_id):
        key = os.urandom(_KEY_BYTES)
        settings.put(SettingKey.SLIP_KEY, key)
        settings.put(SettingKey.SLIP_KEY_KNOWN, b"")  # after the key: cut off in between, another one is made
    return key


def slip_key_told(settings: Settings, terminal_id: str) -> None:
    """The platform confirmed the key for this terminal."""
    settings.put(SettingKey.SLIP_KEY_KNOWN, f"{terminal_id} {_epoch(settings)}".encode("ascii"))


def _known(settings: Settings) -> tuple[str, str]:
    """As which terminal the key is known, and in which memory of the platform; empty: not at all."""
    terminal_id, _, epoch = (settings.get(SettingKey.SLIP_KEY_KNOWN) or b"").decode("ascii").partition(" ")
    return terminal_id, epoch


def _epoch(settings: Settings) -> str:
    return settings.platform_epoch() or ""
