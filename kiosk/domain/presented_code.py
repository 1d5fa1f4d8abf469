"""What a code is that somebody holds before the scanner. Pure; nothing in a code is ever believed or opened.

Pay codes: WeChat 18 digits beginning 10 to 15, Alipay 16 to 24 beginning 25 to 30, UnionPay 19 beginning 62,
as payment providers publish them to merchants.  Codes that identify a person have no published format:
the settings say what they look like, and only the platform says whose they are.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from kiosk.code_settings import Alphabet, CodeSettings, IdentityForm
from kiosk.domain.receipt import is_receipt_number, number_from_scan

CODE_LIFE_S: Final = 60.0
"""A dynamic code lives for about a minute. How old it was when it was shown nobody knows; how long ago, we do."""
_REMEMBERED_S: Final = 86400.0
_REMEMBERED_CODES: Final = 4096
_LONGEST_LINK: Final = 2048

BADGE_PREFIX: Final = "LBB1:"
_SLIP_PREFIX: Final = "LINBAN:"
_PAY_DIGITS: Final = re.compile(r"1[0-5][0-9]{16}|(?:2[5-9]|30)[0-9]{14,22}|62[0-9]{17}", re.ASCII)
_PAY_SCHEMES: Final = frozenset({"wxp", "weixin", "alipay", "alipays", "upwrp"})
_PAY_HOSTS: Final = ("qr.alipay.com", "qr.95516.com", "payapp.weixin.qq.com")
_ALPHABETS: Final = {
    Alphabet.DIGITS: re.compile(r"[0-9]*", re.ASCII),
    Alphabet.HEX: re.compile(r"[0-9A-Fa-f]*", re.ASCII),
    Alphabet.ALPHANUMERIC: re.compile(r"[0-9A-Za-z]*", re.ASCII),
    Alphabet.BASE64: re.compile(r"[0-9A-Za-z+/_=-]*", re.ASCII),
    Alphabet.PRINTABLE: re.compile(r"[!-~]*", re.ASCII),
}


class CodeKind(StrEnum):
    """What a code is, as far as can be told without asking anybody."""

    RECEIPT = "receipt"
    """A slip of ours, or its number."""
    STAFF_BADGE = "staff_badge"
    """Opaque here."""
    IDENTITY = "identity"
    """It looks like one that a person is known by; the platform must say whose it is."""
    PAYMENT = "payment"
    """Money: never taken, never passed on."""
    OFFICIAL_LINK = "official_link"
    """A door plate, an item: on an allowed host. Never opened."""
    FOREIGN_LINK = "foreign_link"
    TEXT = "text"


class CodeRefusal(StrEnum):
    """Why a code does not count; each is one sentence with a way on."""

    PAYMENT = "payment"
    FOREIGN = "foreign"
    """Not the code of a slip."""
    NOT_HERE = "not_here"
    """A code that tells who somebody is, where nobody is asked."""
    UNREADABLE = "unreadable"
    NOT_IDENTITY = "not_identity"
    """Not a code that tells who somebody is."""
    USED = "used"
    """Shown before: one code, one use."""
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """The platform knows nobody by it."""
    NO_LINE = "no_line"
    """Only the platform can say whose code it is, and it cannot be asked now. Nothing is kept for later."""
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedCode:
    """One code, classified. `payload` lives in memory only and is never part of a message to the log."""

    kind: CodeKind
    scanned_at_s: float
    """The monotonic clock when it was scanned."""
    receipt_number: str = ""
    form: str = ""
    """The name of the identity form that it has."""
    payload: str = field(default="", repr=False)

    def is_fresh(self, now_s: float) -> bool:
        """Whether it may still be passed on."""
        return is_fresh(self.scanned_at_s, now_s)


def is_fresh(scanned_at_s: float, now_s: float) -> bool:
    """Whether a code that was scanned then may still be passed on. A time that lies ahead is no time of ours."""
    return 0.0 <= now_s - scanned_at_s <= CODE_LIFE_S


def classify(text: str, scanned_at_s: float, settings: CodeSettings) -> PresentedCode:
    """What `text` is. What looks like money is money, unless the settings name the very prefix it begins with."""
    text = text.strip()
    forms = [form for form in settings.identity if _has_form(text, form)]
    named = next((form for form in forms if form.prefix), None)
    number = number_from_scan(text)
    kind = CodeKind.TEXT
    if text.startswith(_SLIP_PREFIX):
        kind = CodeKind.RECEIPT if number else CodeKind.TEXT
    elif text.startswith(BADGE_PREFIX):
        kind = CodeKind.STAFF_BADGE
    elif named is not None:
        return PresentedCode(kind=CodeKind.IDENTITY, scanned_at_s=scanned_at_s, form=named.name, payload=text)
    elif _is_payment(text):
        kind = CodeKind.PAYMENT
    elif number is not None and is_receipt_number(number):
        kind = CodeKind.RECEIPT
    elif forms:
        return PresentedCode(
            kind=CodeKind.IDENTITY, scanned_at_s=scanned_at_s, form=forms[0].name, payload=text
        )
    elif (host := _host_of(text)) is not None:
        kind = CodeKind.OFFICIAL_LINK if _is_official(host, settings) else CodeKind.FOREIGN_LINK
    receipt = number if kind is CodeKind.RECEIPT and number else ""
    kept = text if kind in (CodeKind.STAFF_BADGE, CodeKind.OFFICIAL_LINK) else ""
    return PresentedCode(kind=kind, scanned_at_s=scanned_at_s, receipt_number=receipt, payload=kept)


def _has_form(text: str, form: IdentityForm) -> bool:
    if not form.min_length <= len(text) <= form.max_length or not text.startswith(form.prefix):
        return False
    return _ALPHABETS[form.alphabet].fullmatch(text, len(form.prefix)) is not None


def _is_payment(text: str) -> bool:
    if _PAY_DIGITS.fullmatch(text):
        return True
    scheme, separator, _rest = text.partition(":")
    if separator and scheme.lower() in _PAY_SCHEMES:
        return True
    host = _host_of(text)
    return host is not None and host in _PAY_HOSTS


def _host_of(text: str) -> str | None:
    """The host of a web address; "" when it hides one; None when the text is no web address."""
    if text[:8].lower() != "https://" and text[:7].lower() != "http://":
        return None
    # What browsers and parsers read differently is nobody's official address.
    if len(text) > _LONGEST_LINK or not text.isascii() or re.search(r"[\s\\@]", text):
        return ""
    try:
        host = urlsplit(text).hostname
    except ValueError:
        return ""
    return (host or "").rstrip(".")


def _is_official(host: str, settings: CodeSettings) -> bool:
    return any(host == one or host.endswith("." + one) for one in settings.official_hosts)


class UsedCodes:
    """Remembers which codes were used today, as keyed hashes: one scan, one use.

    The key is made anew with each process and never leaves it, so that what is remembered tells nothing.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._used: OrderedDict[bytes, float] = OrderedDict()

    def used_at(self, code: PresentedCode) -> float | None:
        """When it was used up; None when it was not."""
        return self._used.get(self._digest(code))

    def use(self, code: PresentedCode, now_s: float) -> bool:
        """Use it up; False when it was used before."""
        while self._used and now_s - next(iter(self._used.values())) > _REMEMBERED_S:
            self._used.popitem(last=False)
        digest = self._digest(code)
        if digest in self._used:
            return False
        self._used[digest] = now_s
        while len(self._used) > _REMEMBERED_CODES:
            self._used.popitem(last=False)
        return True

    def _digest(self, code: PresentedCode) -> bytes:
        return hashlib.blake2b(code.payload.encode("utf-8"), key=self._key, digest_size=16).digest()
