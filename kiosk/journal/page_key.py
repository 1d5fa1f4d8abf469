"""The key that encrypts the journal's pages: kept where all keys of the terminal are (`kiosk.secrets.keeping`)."""

from __future__ import annotations

from pathlib import Path

from kiosk.errors import JournalError, JournalFault, SecretError
from kiosk.secrets.keeping import load_or_make


def load_or_create_key(file: Path, journal_file: Path | None = None, tpm: str = "") -> bytes:
    """The 32 bytes under the name of `file`, made on first use. Raises `JournalError(MISSING_KEY)`.

    When `journal_file` is named and exists no new key is made, because it could not open that journal: it
    stays as it is, encrypted, until the key is back or the terminal is enrolled again.
    """
    try:
        return load_or_make(file, tpm, may_make=journal_file is None or not journal_file.exists()).secret
    except SecretError as error:
        raise JournalError(JournalFault.MISSING_KEY, str(error)) from error
