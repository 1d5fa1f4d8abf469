"""Checks one answer against its question. A fault is a value with a sentence, never an exception."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from kiosk.catalogue.pack import Field, FieldType
from kiosk.domain.receipt import is_receipt_number
from kiosk.domain.signature import parse_signature


class AnswerFault(StrEnum):
    """What is wrong with an answer; each is one plain sentence with its fix."""

    EMPTY = "empty"
    NOT_A_PHONE = "not_a_phone"
    NOT_DIGITS = "not_digits"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_A_CHOICE = "not_a_choice"
    NOT_A_RECEIPT_NUMBER = "not_a_receipt_number"
    """Wrong length, or the check digits do not agree: a digit is wrong or two are swapped."""
    NOT_SIGNED = "not_signed"
    """Nothing, or too little, was written."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer as it will be kept (`value`), or why it cannot be."""

    value: str
    fault: AnswerFault | None = None


_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[0-9]{2,3}[0-9]{7,8}")
_WITH_COUNTRY_CODE = 13
"""Digits of a mobile number that was written with 86 before it."""
YES, NO = "yes", "no"


def check_answer(field: Field, answer: str) -> Checked:
    """Tidy `answer` (white space, full-width digits, control characters) and check it."""
    value = _tidy(answer)
    if not value:
        return Checked("", AnswerFault.EMPTY if field.required else None)
    match field.type:
        case FieldType.PHONE:
            digits = re.sub(r"[\s\-()+]", "", value)
            if len(digits) == _WITH_COUNTRY_CODE:
                digits = digits.removeprefix("86")
            valid = _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits)
            return Checked(digits, None if valid else AnswerFault.NOT_A_PHONE)
        case FieldType.RECEIPT_NUMBER:
            digits = value.replace(" ", "")
            return Checked(digits, None if is_receipt_number(digits) else AnswerFault.NOT_A_RECEIPT_NUMBER)
        case FieldType.CHOICE:
            known = value in {choice.value for choice in field.choices}
            return Checked(value, None if known else AnswerFault.NOT_A_CHOICE)
        case FieldType.YES_NO:
            return Checked(value, None if value in (YES, NO) else AnswerFault.NOT_A_CHOICE)
        case FieldType.DIGITS:
            digits = value.replace(" ", "")
            return (
                _within(field, digits)
                if re.fullmatch(r"[0-9]+", digits)
                else Checked(digits, AnswerFault.NOT_DIGITS)
            )
        case FieldType.TEXT:
            return _within(field, value)
        case FieldType.SIGNATURE:
            signature = parse_signature(value)
            return Checked(
                value, None if signature is not None and signature.is_written else AnswerFault.NOT_SIGNED
            )


def _within(field: Field, value: str) -> Checked:
    if len(value) < field.min_length:
        return Checked(value, AnswerFault.TOO_SHORT)
    return Checked(value, AnswerFault.TOO_LONG if len(value) > field.max_length else None)


def _tidy(answer: str) -> str:
    """Full-width digits and letters to plain ones; control, format and unassigned characters out."""
    plain = "".join(
        unicodedata.normalize("NFKC", c) if "！" <= c <= "～" and c.isalnum() else c for c in answer
    )
    kept = "".join(c for c in plain if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn"))
    return re.sub(r"\s+", " ", kept).strip()
