"""What is wrong with the journal, a key or the terminal's standing, in sentences for whoever stands at a shell."""

from __future__ import annotations

from kiosk.domain.enrolment import Standing
from kiosk.errors import JournalError, JournalFault, SecretError, SecretFault

JOURNAL = {
    JournalFault.MISSING_KEY: (
        "the journal's key cannot be had, so the journal stays closed and untouched; put the key back, or"
        " kiosk enrol CODE --again starts anew and sets this journal aside"
    ),
    JournalFault.WRONG_KEY: "the journal is not readable with this key: another terminal's disk, or damaged",
    JournalFault.DAMAGED: "the journal is damaged; the terminal sets it aside and salvages it at its next start",
    JournalFault.NEWER_SCHEMA: "the journal was written by a later version of this program; nothing was changed",
    JournalFault.UNSAFE_SQLITE: "this SQLite can lose what it confirmed; install the one of the lock file",
    JournalFault.NOT_DURABLE: "the file system does not keep what it confirms; use ext4, xfs or btrfs",
    JournalFault.DISK_FULL: "the disk is full",
    JournalFault.READ_ONLY: "the journal cannot be written: which account runs this, and is the disk mounted to write?",
    JournalFault.BUSY: "the terminal is writing just now; try again",
    JournalFault.INPUT_OUTPUT: "the journal cannot be reached",
    JournalFault.NO_MEMORY: "the machine has no memory left; nothing was changed",
    JournalFault.NO_DESCRIPTORS: "too many files are open on this machine; nothing was changed",
    JournalFault.NOT_ENROLLED: "this terminal is not enrolled yet: kiosk enrol CODE",
    JournalFault.STOPPED: "the platform stopped this terminal; kiosk queue status says why",
    JournalFault.NO_ROOM: "what is left of the disk is kept for what was promised already",
    JournalFault.MISSING_ATTACHMENT: "a case names an attachment that is not here",
}
SECRET = {
    SecretFault.GONE: "a key is gone, and what it protects is not; nothing was made in its place",
    SecretFault.FOREIGN: "a key was sealed by another TPM, or by this one before it was cleared",
    SecretFault.UNSAFE: "a key's file is not private, or is no file",
    SecretFault.NO_TPM: "a key is sealed to the TPM, and the TPM does not answer",
    SecretFault.TWO_KEYS: "two different keys are kept under one name; take the wrong one away",
}
STANDING = {
    Standing.OK: "in order",
    Standing.ROLLED_BACK: "stopped: the platform holds cases that this disk does not know; an old disk was put back;"
    " kiosk enrol CODE --again goes on from here, with a code for this place",
    Standing.CLONED: "stopped: another machine uses this terminal's identity;"
    " kiosk enrol CODE --again gives this one a place of its own, with a code for this place",
    Standing.SUSPENDED: "stopped by an operator, or another terminal took its place",
    Standing.KEY_LOST: "stopped: the key that it speaks with is gone; kiosk enrol CODE --again",
}


def in_words(error: JournalError | SecretError) -> str:
    """One sentence, and what the library said."""
    words = JOURNAL[error.fault] if isinstance(error, JournalError) else SECRET[error.fault]
    return f"{words} ({error.detail})" if error.detail else words
