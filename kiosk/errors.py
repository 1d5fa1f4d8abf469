"""Every exception Linban raises on purpose, and the closed set of reasons behind each.

    LinbanError
    ├── ConfigError      the settings file: which key, which line, what was expected
    ├── PackError        a service pack: which file, which line, what is wrong
    ├── CatalogueError   a signed catalogue that must not be used (CatalogueFault)
    ├── JournalError     the journal cannot be opened or written (JournalFault)
    ├── SealingError     a case cannot be sealed, or a sealed case cannot be opened (SealingFault)
    ├── SecretError      one of the terminal's own keys is gone or cannot be opened (SecretFault)
    ├── IpcError         the local socket between two processes (IpcFault)
    └── PlatformError    the central platform or the line to it (LineFault)

What is expected of a device (no paper, no card, no answer) is a *value*, never an exception: see
`kiosk.domain.device_status`.  Errors carry no sentence for the resident; `kiosk.sentences` maps a
reason to words in every language, and a test fails when a reason has no sentence.
"""

from __future__ import annotations

from enum import StrEnum


class LinbanError(Exception):
    """Root of every error raised on purpose; anything else that escapes is a bug."""


class ConfigError(LinbanError):
    """A settings file that cannot be used, with the place and what was expected there."""

    def __init__(self, file: str, key: str, expected: str, line: int | None = None) -> None:
        self.file, self.key, self.expected, self.line = file, key, expected, line
        where = file if line is None else f"{file}, line {line}"
        super().__init__(f"{where}: {key}: {expected}")


class PackError(LinbanError):
    """A service pack that must not be offered to anybody, with the place of the fault."""

    def __init__(self, file: str, problem: str, line: int | None = None) -> None:
        self.file, self.problem, self.line = file, problem, line
        where = file if line is None else f"{file}, line {line}"
        super().__init__(f"{where}: {problem}")


class CatalogueFault(StrEnum):
    """Why a signed catalogue is not used."""

    SIGNATURE = "signature"
    """Not signed by the publisher whose key stands in the settings."""
    SHAPE = "shape"
    OLDER = "older"
    """Not newer than what was in use here: somebody shows an old one again."""
    DIGEST = "digest"
    """A pack is missing, or is not the one that was signed."""
    PACK = "pack"
    """A pack was signed that this program cannot load."""
    NO_ROOM = "no_room"


class CatalogueError(LinbanError):
    """A signed catalogue that must not be used; the one before it stays."""

    def __init__(self, fault: CatalogueFault, detail: str = "") -> None:
        self.fault, self.detail = fault, detail
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)


class JournalFault(StrEnum):
    """Why the journal refused."""

    MISSING_KEY = "missing_key"
    """The page key is not where the settings say."""
    WRONG_KEY = "wrong_key"
    """The file is not readable with this key: another terminal's disk, or a damaged header."""
    DAMAGED = "damaged"
    """Integrity check, page MAC or hash chain failed."""
    NEWER_SCHEMA = "newer_schema"
    """Written by a later version of this program; nothing was changed."""
    UNSAFE_SQLITE = "unsafe_sqlite"
    """The SQLite library can lose acknowledged commits in WAL (3.7.0 to 3.51.2)."""
    NOT_DURABLE = "not_durable"
    """The file system did not grant WAL with synchronous=FULL."""
    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    BUSY = "busy"
    """Another process held the write lock past the deadline."""
    INPUT_OUTPUT = "input_output"
    """The disk answered with an error; the connection must be thrown away."""
    NO_MEMORY = "no_memory"
    """The library could not have the memory it needed; the connection must be thrown away."""
    NO_DESCRIPTORS = "no_descriptors"
    """This process, or the machine, has as many files open as it may."""
    NOT_ENROLLED = "not_enrolled"
    """This terminal has no number and no platform key yet, so it must not receive cases."""
    STOPPED = "stopped"
    """The platform does not trust this terminal's chain of entries any more (`Standing`): no new receipts."""
    NO_ROOM = "no_room"
    """The disk is not full yet, but what is left is kept for what was promised already."""
    MISSING_ATTACHMENT = "missing_attachment"
    """The case names an attachment that is not stored here."""


class JournalError(LinbanError):
    """The journal cannot be opened or written; `fault` says why, the cause has the library's words."""

    def __init__(self, fault: JournalFault, detail: str = "") -> None:
        self.fault, self.detail = fault, detail
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)


class SealingFault(StrEnum):
    """Why sealing or opening failed."""

    BAD_KEY = "bad_key"
    FOREIGN = "foreign"
    """Sealed to another key, bound to another entry, or altered on the way."""
    UNKNOWN_SUITE = "unknown_suite"


class SealingError(LinbanError):
    """A case cannot be sealed, or a sealed case cannot be opened."""

    def __init__(self, fault: SealingFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class SecretFault(StrEnum):
    """Why one of the terminal's own keys cannot be had."""

    GONE = "gone"
    """No key is kept where what it protects still is: to make another silently would lock that away."""
    FOREIGN = "foreign"
    """Sealed by another TPM, or by this one before it was cleared."""
    UNSAFE = "unsafe"
    """Others may read the file, or it is not one."""
    NO_TPM = "no_tpm"
    """A key is sealed to the TPM and the TPM is not there, does not answer, or refuses."""
    TWO_KEYS = "two_keys"
    """Two different keys are kept under one name; nobody may guess which one counts."""


class SecretError(LinbanError):
    """A key of the terminal is gone or cannot be opened; nothing was made in its place."""

    def __init__(self, fault: SecretFault, detail: str = "") -> None:
        self.fault, self.detail = fault, detail
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)


class IpcFault(StrEnum):
    """Why a call over the local socket failed."""

    UNREACHABLE = "unreachable"
    """Nobody listens: the other process is starting or being restarted."""
    TIMED_OUT = "timed_out"
    CLOSED = "closed"
    """The other process went away before it answered; whether it acted is unknown."""
    REFUSED = "refused"
    """The peer belongs to a user that may not speak here."""
    MALFORMED = "malformed"
    REMOTE = "remote"
    """The other process answered with an error of its own."""


class IpcError(LinbanError):
    """A call to another of the terminal's processes failed."""

    def __init__(self, fault: IpcFault, detail: str = "") -> None:
        self.fault, self.detail = fault, detail
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)


class LineFault(StrEnum):
    """Why the central platform could not be asked, or why its answer counts for nothing."""

    NOT_CONFIGURED = "not_configured"
    NO_LINE = "no_line"
    """Refused, unreachable, no name, or cut in the middle."""
    TIMED_OUT = "timed_out"
    TLS = "tls"
    """The other side could not prove that it is the platform: certificate, name, authority or protocol."""
    CLOCK = "clock"
    """A certificate's dates do not fit this terminal's clock, and the clock is the one that looks wrong."""
    PORTAL = "portal"
    """The site's network answered with a page of its own (sign-in, payment) in the platform's place."""
    SERVER_TROUBLE = "server_trouble"
    """5xx."""
    TOO_MANY = "too_many"
    """429 or 503 with a time to wait."""
    NOT_THE_PLATFORM = "not_the_platform"
    """Something answered that is not the platform: a wrong type or shape, a missing signature."""
    NOT_AUTHORISED = "not_authorised"
    """401/403: this terminal's key is not accepted; sending pauses."""
    REFUSED = "refused"
    """The platform understood and refused."""
    TOO_LARGE = "too_large"


class PlatformError(LinbanError):
    """The central platform could not be reached or did not answer as the platform."""

    def __init__(self, fault: LineFault, detail: str = "", retry_after_s: float | None = None) -> None:
        self.fault, self.detail, self.retry_after_s = fault, detail, retry_after_s
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)
