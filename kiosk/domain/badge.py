"""Who of the staff a badge stands for: decided on the terminal, with or without a line.

A badge is a contactless card (its number) or a code on paper (`LBB1:` and a secret).  The roll keeps no
badge, only a slow salted hash of each: whoever takes the disk has neither a card to copy nor a number to
try.  A badge alone is something one has, not something one knows: what needs a PIN besides asks for it
elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kiosk.errors import ConfigError

CODE_PREFIX: Final = "LBB1:"
"""Linban badge, first form: the prefix and 26 letters of base 32 (128 bits)."""
_CODE: Final = re.compile(r"LBB1:([A-Z2-7]{26})", re.ASCII)
_CARD_NUMBER: Final = re.compile(r"(?:[0-9A-F]{2}){4,10}", re.ASCII)
_SALT_BYTES: Final = 16
_MOST_BADGES: Final = 500
_LOG2_N, _BLOCK_SIZE = 14, 8
"""scrypt (RFC 7914): 16 MiB and some 40 ms a badge, so that the 2^32 numbers of the shortest cards take years."""


class Role(StrEnum):
    """Who may open a terminal's other sides."""

    ASSISTANT = "assistant"
    """Stands beside residents and helps."""
    SITE_KEEPER = "site_keeper"
    """Of the host: loads paper, empties the tray, calls the engineer."""
    ENGINEER = "engineer"


class BadgeRefusal(StrEnum):
    """Why a badge opens nothing."""

    UNKNOWN = "unknown"
    """It is not on this terminal's roll."""
    NOT_A_BADGE = "not_a_badge"
    """A code of another kind, or one that is damaged."""
    NO_ROLL = "no_roll"
    """This terminal has no roll yet."""


@dataclass(frozen=True, slots=True)
class BadgeToken:
    """What a badge said. A secret of the site: never shown, logged or stored."""

    secret: bytes

    def __repr__(self) -> str:
        """Nothing of it."""
        return "BadgeToken(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a badge stands for."""

    name: str
    """How the slip and the audit call them: a service number, or a given name."""
    role: Role


def token_of_card(number: str) -> BadgeToken | None:
    """The token of a contactless card by its number (hexadecimal capitals); None when it is no number."""
    return BadgeToken(b"card:" + number.encode()) if _CARD_NUMBER.fullmatch(number) else None


def token_of_code(text: str) -> BadgeToken | None:
    """The token of a scanned code; None when it is not a badge's."""
    found = _CODE.fullmatch(text.strip())
    # The two kinds are kept apart: a code that spells a card's number is not that card.
    return BadgeToken(b"code:" + found[1].encode()) if found else None


def is_badge_code(text: str) -> bool:
    """Whether a scanned code means to be a badge, be it a damaged one: it must not go anywhere else."""
    return text.strip().startswith(CODE_PREFIX)


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One badge of the roll."""

    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    name: Annotated[str, Meta(min_length=1, max_length=20)]
    role: Role


class _RollFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The roll's file (JSON)."""

    format: Annotated[int, Meta(ge=1, le=1)]
    salt: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
    badges: Annotated[tuple[_Entry, ...], Meta(max_length=_MOST_BADGES)] = ()


@dataclass(frozen=True, slots=True)
class BadgeRoll:
    """The badges that this terminal knows."""

    _file: _RollFile

    def __repr__(self) -> str:
        """How many there are; their hashes belong in no log."""
        return f"BadgeRoll({len(self._file.badges)} badges)"

    def __len__(self) -> int:
        return len(self._file.badges)

    def who(self, token: BadgeToken) -> Holder | BadgeRefusal:
        """Whom the badge stands for; takes equally long whether it is on the roll or not."""
        digest = _digest(token, self._file.salt)
        holder: Holder | BadgeRefusal = BadgeRefusal.UNKNOWN
        for entry in self._file.badges:
            # No early end: where in the roll a badge stands cannot be told from the time.
            if hmac.compare_digest(digest, entry.digest):
                holder = Holder(name=entry.name, role=entry.role)
        return holder

    def with_badge(self, token: BadgeToken, holder: Holder) -> BadgeRoll:
        """The roll with this badge, which stands for one holder only: an earlier entry goes."""
        digest = _digest(token, self._file.salt)
        others = tuple(entry for entry in self._file.badges if entry.digest != digest)
        entry = _Entry(digest=digest, name=holder.name, role=holder.role)
        return BadgeRoll(msgspec.structs.replace(self._file, badges=(*others, entry)))

    def without(self, name: str) -> BadgeRoll:
        """The roll without the badges of one holder."""
        kept = tuple(entry for entry in self._file.badges if entry.name != name)
        return BadgeRoll(msgspec.structs.replace(self._file, badges=kept))

    def encoded(self) -> bytes:
        """The roll as its file holds it."""
        return msgspec.json.format(msgspec.json.encode(self._file), indent=2) + b"\n"


def new_roll() -> BadgeRoll:
    """An empty roll with a salt of its own."""
    return BadgeRoll(_RollFile(format=1, salt=secrets.token_bytes(_SALT_BYTES).hex()))


def new_code() -> str:
    """The text of a new badge on paper."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return CODE_PREFIX + "".join(secrets.choice(alphabet) for _ in range(26))


def load_roll(file: Path) -> BadgeRoll | None:
    """The roll in `file`; None when there is none yet. Raises `ConfigError` when it is damaged or unreadable."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(str(file), "badges", error.strerror or "a readable file") from error
    try:
        return BadgeRoll(msgspec.json.decode(data, type=_RollFile))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(str(file), "badges", str(error)) from error


def who_shows(roll: BadgeRoll | None, token: BadgeToken | None) -> Holder | BadgeRefusal:
    """Whom a shown badge stands for, and everything else that can be said of one."""
    if token is None:
        return BadgeRefusal.NOT_A_BADGE
    return BadgeRefusal.NO_ROLL if roll is None else roll.who(token)


def _digest(token: BadgeToken, salt: str) -> str:
    return hashlib.scrypt(
        token.secret, salt=bytes.fromhex(salt), n=1 << _LOG2_N, r=_BLOCK_SIZE, p=1, dklen=32
    ).hex()
