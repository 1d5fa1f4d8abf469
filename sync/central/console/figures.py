"""The few forms that figures and times are shown in, and the Chinese day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from kiosk.domain.entry import iso_utc
from sync.central.console.phrases import in_english

BEIJING = timezone(timedelta(hours=8), "CST")
"""One zone for the whole country, without summer time."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def phrase_in(language: str) -> Callable[..., str]:
    """What a template says its phrases with; `{name}` in a phrase is filled in."""

    def say(phrase: str, **values: Any) -> str:
        text = in_english(phrase) if language == "en" else phrase
        return text.format(**values) if values else text

    return say


def moment(text: str | None) -> str:
    """A stored time on the clock of China, to the minute."""
    if not text:
        return "—"
    try:
        return datetime.fromisoformat(text).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def ago(text: str | None, now: datetime, say: Callable[..., str]) -> str:
    """How long since a stored time."""
    if not text:
        return say("从未")
    passed = (now - datetime.fromisoformat(text)).total_seconds()
    return say("刚刚") if passed < _MINUTE else say("{span}前", span=span(passed, say))


def span(seconds: float | None, say: Callable[..., str]) -> str:
    """A length of time in the one unit that says enough."""
    if seconds is None:
        return "—"
    if seconds < _MINUTE:
        return say("{n} 秒", n=int(seconds))
    if seconds < _HOUR:
        return say("{n} 分钟", n=int(seconds // _MINUTE))
    if seconds < 2 * _DAY:
        return say("{n} 小时", n=int(seconds // _HOUR))
    return say("{n} 天", n=int(seconds // _DAY))


def size(count: int | None) -> str:
    """Bytes as people say them."""
    if count is None:
        return "—"
    amount = float(count)
    for unit in ("B", "KB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.0f} GB" if amount >= 10 else f"{amount:.1f} GB"


def grouped(number: str) -> str:
    """A receipt number in groups of four, as it is printed."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def spaced(digest: bytes) -> str:
    """Bytes as hexadecimal digits in groups of four, for two people to compare."""
    return grouped(digest.hex())


def utc_bounds(day: date) -> tuple[str, str]:
    """First and last moment of a Chinese day as they are stored: from inclusive, until exclusive."""
    start = datetime(day.year, day.month, day.day, tzinfo=BEIJING).astimezone(UTC)
    return iso_utc(start), iso_utc(start + timedelta(days=1))
