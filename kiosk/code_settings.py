"""[codes]: which presented codes mean something here. Empty until the platform's interface document says it.

No format of a 政务服务码, 电子社保卡, 医保电子凭证 or CTID code is published.  A form only says "this looks like
one, ask the platform"; what is in the code is never believed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct


class Alphabet(StrEnum):
    """The characters a code is made of."""

    DIGITS = "digits"
    HEX = "hex"
    ALPHANUMERIC = "alphanumeric"
    BASE64 = "base64"
    """With the signs of RFC 4648, both alphabets."""
    PRINTABLE = "printable"
    """Printable ASCII."""


class IdentityForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a code looks like that identifies a person. No patterns: what anybody may show must be cheap to check."""

    name: Annotated[
        str, Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$", description="told to the platform with the code")
    ]
    prefix: Annotated[str, Meta(max_length=100, description="how it begins")] = ""
    min_length: Annotated[int, Meta(ge=8, le=2048, description="characters, with the prefix")] = 16
    max_length: Annotated[int, Meta(ge=8, le=2048, description="characters, with the prefix")] = 2048
    alphabet: Annotated[
        Alphabet, Meta(description="after the prefix: digits, hex, alphanumeric, base64 or printable")
    ] = Alphabet.PRINTABLE


class CodeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[codes]: which presented codes mean something here."""

    official_hosts: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z0-9.\-]+$")], ...],
        Meta(description="hosts whose addresses are official, subdomains included; never opened"),
    ] = ()
    identity: Annotated[
        tuple[IdentityForm, ...], Meta(description="forms of codes that the platform knows a person by")
    ] = ()
