"""A service pack: everything the terminal must know of one service to show, check, record and print it.

A pack is data, never code.  The same pack serves every mode and language.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from kiosk.domain.trust import Rung


class Block(StrEnum):
    """The four blocks of the home page."""

    HANDLE = "handle"
    """办业务."""
    QUERY = "query"
    """查一查."""
    COLLECT = "collect"
    """打印取件."""
    CONSULT = "consult"
    """问一问."""


class FieldType(StrEnum):
    """What a question asks for; each has its own way of being answered on the screen."""

    PHONE = "phone"
    DIGITS = "digits"
    RECEIPT_NUMBER = "receipt_number"
    CHOICE = "choice"
    YES_NO = "yes_no"
    TEXT = "text"
    SIGNATURE = "signature"
    """Written with a finger; see `kiosk.domain.signature`."""


class OfflineAbility(StrEnum):
    """What can be done while the line is down."""

    RECEIVE = "receive"
    """The case is received here (收件) and sent when the line is back."""
    NOTHING = "nothing"
    """The platform must answer while the resident waits."""


class ServiceKind(StrEnum):
    """The shape of a service."""

    CASE = "case"
    """Questions, a summary, and a case for the platform."""
    CASE_PROGRESS = "case_progress"
    """A look-up by receipt number; nothing is recorded."""


class LocalText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words in every language of the face. Chinese is always there."""

    zh_CN: Annotated[str, Meta(min_length=1)]  # noqa: N815 - the language's own tag
    en: Annotated[str, Meta(min_length=1)]

    def in_language(self, language: str) -> str:
        """The words in `language`, or in Chinese when there are none."""
        return self.en if language == "en" else self.zh_CN


class Choice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer to a question of type `choice`."""

    value: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$(?!\n)")]
    label: LocalText


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question, one page."""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$(?!\n)")]
    type: FieldType
    prompt: LocalText
    label: LocalText
    """What the answer is called in the summary."""
    purpose: LocalText
    """Why it is asked: nothing is asked without a reason."""
    required: bool = True
    min_length: Annotated[int, Meta(ge=0)] = 1
    max_length: Annotated[int, Meta(ge=1, le=500)] = 60
    choices: Annotated[tuple[Choice, ...], Meta(max_length=200)] = ()
    example: str = ""
    """An invented answer, for practice, previews and the scripted resident."""


class Facts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """谁能办 · 带什么 · 多久 · 多少钱 · 在哪取."""

    who: LocalText
    bring: LocalText
    how_long: LocalText
    cost: LocalText
    collect: LocalText


class Pack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service."""

    code: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$(?!\n)")]
    version: Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$(?!\n)")]
    kind: ServiceKind
    block: Block
    icon: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$(?!\n)")]
    name: LocalText
    plain_name: LocalText
    """As a resident would call it; shown in the elder mode."""
    summary: LocalText
    facts: Facts
    rung: Rung
    offline: OfflineAbility
    frequent: bool = False
    """On the 大家常办 list of the home page."""
    fields: Annotated[tuple[Field, ...], Meta(max_length=100)] = ()
    next_steps: Annotated[tuple[LocalText, ...], Meta(max_length=50)] = ()
    """What happens after 收件, a line each; shown with the receipt and printed on the slip."""

    @property
    def revision(self) -> str:
        """Version and content together: two packs that differ in a letter differ here."""
        digest = hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()
        return f"{self.version}+{digest[:12]}"
