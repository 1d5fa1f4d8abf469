"""Who this terminal is: its key and its journal's, found at start; and how it gets a new one by enrolling again.

A key that is gone is never replaced by silence.  The journal stays as it is, encrypted; new receipts stop
(`Standing.KEY_LOST`, or a journal that cannot be opened at all); and a person enrols the terminal again with a code
that the platform made for this very place.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import Clock
from kiosk.config import Settings
from kiosk.domain.enrolment import Enrolment, Standing
from kiosk.errors import JournalError, JournalFault, SecretError, SecretFault
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.settings import SettingKey
from kiosk.secrets import keeping
from kiosk.secrets.keeping import Place
from sync.platform_client import PlatformClient
from sync.wire import ChainStart

log = logging.getLogger(__name__)

_LOST_FOR_GOOD = frozenset({SecretFault.GONE, SecretFault.FOREIGN})
_SET_ASIDE = ".damaged-keyless-"
"""Beside the journal, as what was set aside for other reasons is; heartbeats tell that there is one."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The two keys."""

    key: Ed25519PrivateKey
    """Speaks to the platform."""
    page_key: bytes
    """Opens the journal."""


def open_identity(settings: Settings, clock: Clock) -> Identity:
    """Find the keys, make them at the very first start. Raises `JournalError(MISSING_KEY)` and `SecretError`."""
    page_key = load_or_create_key(settings.journal_key_file, settings.journal_file, settings.paths.tpm)
    if not settings.journal_file.exists():
        return Identity(_key(settings, may_make=True), page_key)
    try:
        with Journal.open(settings.journal_file, page_key, clock) as journal:
            return Identity(_key_of(journal, settings), page_key)
    except JournalError as error:
        # Damaged, or busy: that is for whoever works with it. Until then only a key that is there will do.
        log.warning("the journal could not say who this terminal is: %s", error.fault.value)
        return Identity(_key(settings, may_make=False), page_key)


def enrol_again(settings: Settings, clock: Clock, code: str) -> Enrolment:
    """Take this terminal's place anew, with a fresh key. Raises `PlatformError`, `JournalError`, `SecretError`.

    Safe to repeat: the fresh key is kept until it counts, and the same code with it gives the same number.
    What was recorded stays in the journal and is delivered under the number that it has; when the journal's own
    key is gone as well, the journal is set aside for good, and slips are what is left of its unsent cases.
    """
    if _is_given(settings.terminal_key_file):
        raise SecretError(
            SecretFault.TWO_KEYS, "systemd gives the terminal's key: take that credential away first"
        )
    tpm = settings.paths.tpm
    page_key = _page_key_if_any(settings)
    fresh = _as_key(keeping.load_or_make(_next_file(settings), tpm, make=_new_seed).secret)
    before, chain = _stop(settings, page_key, clock)
    client = PlatformClient(settings.platform, fresh, clock)
    try:
        enrolment, epoch = client.enrol(code, chain)
    except BaseException:
        _go_on(settings, page_key, clock, before)
        raise
    finally:
        client.close()
    if page_key is None:
        _set_aside(settings, clock)
        page_key = load_or_create_key(settings.journal_key_file, settings.journal_file, tpm)
    with Journal.open(settings.journal_file, page_key, clock) as journal:
        if journal.settings.platform_epoch() not in (None, epoch):
            # Put back from a backup, and asked for nothing that an earlier number delivered: it knows what it has.
            journal.outbox.send_again(1, journal.entries.tail()[0])
        journal.settings.become(enrolment, fresh.public_key().public_bytes_raw(), epoch)
    keeping.move_over(_next_file(settings), settings.terminal_key_file)
    return enrolment


def _key_of(journal: Journal, settings: Settings) -> Ed25519PrivateKey:
    """The key that the journal's terminal was enrolled with."""
    enrolled = journal.settings.enrolment() is not None
    known = journal.settings.get(SettingKey.TERMINAL_KEY)
    try:
        _finish_renewal(settings, known)
        key = _key(settings, may_make=not enrolled)
        public = key.public_key().public_bytes_raw()
        if enrolled and known not in (None, public):
            raise SecretError(
                SecretFault.FOREIGN, "another key than the one that this terminal was enrolled with"
            )
    except SecretError:
        if enrolled and journal.settings.standing() is Standing.OK:
            journal.settings.set_standing(Standing.KEY_LOST)
        raise
    if enrolled and known is None:
        journal.settings.put(SettingKey.TERMINAL_KEY, public)
    if journal.settings.standing() is Standing.KEY_LOST:
        journal.settings.set_standing(Standing.OK)
    return key


def _finish_renewal(settings: Settings, known: bytes | None) -> None:
    """A power cut may have come between the enrolment and the key's taking its place."""
    file = _next_file(settings)
    if known is None or not keeping.exists(file):
        return
    found = keeping.load(file, settings.paths.tpm)
    if found is not None and _as_key(found.secret).public_key().public_bytes_raw() == known:
        keeping.move_over(file, settings.terminal_key_file)


def _page_key_if_any(settings: Settings) -> bytes | None:
    """None only when it is lost for good: what can be mended must not cost the journal.

    A TPM that does not answer may answer after the machine was switched off and on; that there is none any more,
    only the settings can say.
    """
    try:
        return load_or_create_key(settings.journal_key_file, settings.journal_file, settings.paths.tpm)
    except JournalError as error:
        cause = error.__cause__
        if error.fault is not JournalFault.MISSING_KEY or not isinstance(cause, SecretError):
            raise
        lost = cause.fault in _LOST_FOR_GOOD or (cause.fault is SecretFault.NO_TPM and not settings.paths.tpm)
        if not lost:
            raise cause from error
        return None


def _stop(settings: Settings, page_key: bytes | None, clock: Clock) -> tuple[Standing, ChainStart]:
    """No more receipts under the old number; what it thought of itself before, and where its chain ends for good."""
    if page_key is None:
        return Standing.OK, ChainStart()
    with Journal.open(settings.journal_file, page_key, clock) as journal:
        before, enrolment = journal.settings.standing(), journal.settings.enrolment()
        if enrolment is not None:
            journal.settings.set_standing(Standing.KEY_LOST)
        sequence, digest = journal.entries.tail()
        number = enrolment.terminal_number if enrolment is not None else None
        return before, ChainStart(terminal_number=number, sequence=sequence, digest=digest)


def _go_on(settings: Settings, page_key: bytes | None, clock: Clock, before: Standing) -> None:
    if page_key is not None:
        with Journal.open(settings.journal_file, page_key, clock) as journal:
            journal.settings.set_standing(before)


def _set_aside(settings: Settings, clock: Clock) -> None:
    """Nobody can read it now; a key that is found again may."""
    mark = f"{_SET_ASIDE}{clock.now():%Y%m%dT%H%M%S}"
    file, key = settings.journal_file, settings.journal_key_file
    for suffix in ("-wal", "-shm", ""):
        _move(file.with_name(file.name + suffix), file.with_name(file.name + mark + suffix))
    for one in (key, keeping.sealed_file(key)):
        _move(one, one.with_name(one.name + mark))


def _move(old: Path, new: Path) -> None:
    if old.exists():
        old.rename(new)


def _is_given(file: Path) -> bool:
    try:
        found = keeping.load(file)
    except SecretError:
        return False
    return found is not None and found.place is Place.CREDENTIAL


def _next_file(settings: Settings) -> Path:
    return settings.terminal_key_file.with_name("terminal.next.key")


def _key(settings: Settings, *, may_make: bool) -> Ed25519PrivateKey:
    found = keeping.load_or_make(
        settings.terminal_key_file, settings.paths.tpm, make=_new_seed, may_make=may_make
    )
    return _as_key(found.secret)


def _new_seed() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes_raw()


def _as_key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)
