"""IPP messages as values and back (RFC 8010 encoding, RFC 8011 operations); no socket, no clock.

`decode` is given whatever a printer, or something that is no printer, has sent: it answers with a
`Response` or with a `Malformed`, never with an exception, and keeps no more than the caps below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

MAX_ATTRIBUTES: Final = 2000
MAX_VALUES: Final = 1000
"""Of one attribute; a printer of an office lists a few dozen media sizes."""
MAX_DEPTH: Final = 16
"""Of collections in collections; media-col needs two."""


class Operation(IntEnum):
    """What is asked (RFC 8011 5.4.15, and PWG 5100.7 for the last)."""

    PRINT_JOB = 0x0002
    CREATE_JOB = 0x0005
    SEND_DOCUMENT = 0x0006
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B
    RESUME_PRINTER = 0x0011
    PURGE_JOBS = 0x0012


class Tag(IntEnum):
    """Delimiters and value tags (RFC 8010 3.5)."""

    OPERATION_GROUP = 0x01
    JOB_GROUP = 0x02
    END = 0x03
    PRINTER_GROUP = 0x04
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    RESOLUTION = 0x32
    RANGE = 0x33
    BEGIN_COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    LANGUAGE = 0x48
    MIME_TYPE = 0x49


class Status(IntEnum):
    """The status codes that are told apart (RFC 8011 appendix B)."""

    FORBIDDEN = 0x0401
    NOT_AUTHENTICATED = 0x0402
    NOT_AUTHORIZED = 0x0403
    NOT_POSSIBLE = 0x0404
    NOT_FOUND = 0x0406
    FORMAT_NOT_SUPPORTED = 0x040A
    ATTRIBUTES_NOT_SUPPORTED = 0x040B
    OPERATION_NOT_SUPPORTED = 0x0501
    NOT_ACCEPTING_JOBS = 0x0506
    BUSY = 0x0507


class JobState(IntEnum):
    """job-state (RFC 8011 5.3.7)."""

    PENDING = 3
    HELD = 4
    PROCESSING = 5
    STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


class PrinterState(IntEnum):
    """printer-state (RFC 8011 5.4.11)."""

    IDLE = 3
    PROCESSING = 4
    STOPPED = 5


@dataclass(frozen=True, slots=True)
class Resolution:
    """Dots across and along; `units` is 3 for dots per inch, 4 per centimetre."""

    cross_feed: int
    feed: int
    units: int


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends belong to it."""

    low: int
    high: int


Value = int | bool | str | Resolution | Range


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute to send."""

    tag: Tag
    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One group of an answer; a job or a printer each. What was skipped has no values."""

    tag: int
    attributes: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of `name` that are text."""
        return tuple(value for value in self.attributes.get(name, ()) if isinstance(value, str))

    def text(self, name: str) -> str:
        """The first text of `name`, or nothing."""
        return next(iter(self.texts(name)), "")

    def numbers(self, name: str) -> tuple[int, ...]:
        """The values of `name` that are integers or enums."""
        return tuple(
            value
            for value in self.attributes.get(name, ())
            if isinstance(value, int) and not isinstance(value, bool)
        )

    def number(self, name: str) -> int | None:
        """The first number of `name`."""
        return next(iter(self.numbers(name)), None)

    def flag(self, name: str) -> bool | None:
        """The first boolean of `name`."""
        return next((value for value in self.attributes.get(name, ()) if isinstance(value, bool)), None)


class Flaw(StrEnum):
    """Why bytes are not an answer."""

    TRUNCATED = "truncated"
    NOT_IPP = "not_ipp"
    BAD_VALUE = "bad_value"
    TOO_MUCH = "too_much"


@dataclass(frozen=True, slots=True)
class Malformed:
    """Not an IPP answer."""

    flaw: Flaw


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    version: tuple[int, int]
    status: int
    request_id: int
    groups: tuple[Group, ...]

    @property
    def successful(self) -> bool:
        """Status codes up to 00FF are successes (RFC 8011 appendix B.1.2)."""
        return self.status <= 0x00FF

    def of(self, tag: Tag) -> tuple[Group, ...]:
        """The groups of one kind."""
        return tuple(group for group in self.groups if group.tag == tag)

    def first(self, tag: Tag) -> Group:
        """The first group of one kind, or an empty one."""
        return next(iter(self.of(tag)), Group(tag))


# -- requests -------------------------------------------------------------------------------------------


def encode(
    operation: int,
    request_id: int,
    uri: str,
    about: Iterable[Attribute] = (),
    job: Iterable[Attribute] = (),
) -> bytes:
    """A request without its document; `about` follows the three attributes that every request begins with."""
    parts = [
        b"\x02\x00",
        operation.to_bytes(2, "big"),
        request_id.to_bytes(4, "big"),
        bytes((Tag.OPERATION_GROUP,)),
        _attribute(Attribute(Tag.CHARSET, "attributes-charset", ("utf-8",))),
        _attribute(Attribute(Tag.LANGUAGE, "attributes-natural-language", ("en",))),
        _attribute(Attribute(Tag.URI, "printer-uri", (uri,))),
        *(_attribute(attribute) for attribute in about),
    ]
    template = [_attribute(attribute) for attribute in job]
    if template:
        parts += [bytes((Tag.JOB_GROUP,)), *template]
    return b"".join((*parts, bytes((Tag.END,))))


def _attribute(attribute: Attribute) -> bytes:
    parts: list[bytes] = []
    name = attribute.name.encode("ascii")
    for value in attribute.values:
        data = _value_bytes(attribute.tag, value)
        parts.append(
            bytes((attribute.tag,))
            + len(name).to_bytes(2, "big")
            + name
            + len(data).to_bytes(2, "big")
            + data
        )
        name = b""
    return b"".join(parts)


def _value_bytes(tag: Tag, value: Value) -> bytes:
    match value:
        case bool():
            return bytes((value,))
        case int():
            return value.to_bytes(4, "big", signed=True)
        case str():
            return value.encode("utf-8")
        case Resolution():
            return (
                value.cross_feed.to_bytes(4, "big")
                + value.feed.to_bytes(4, "big")
                + value.units.to_bytes(1, "big")
            )
        case Range():
            return value.low.to_bytes(4, "big", signed=True) + value.high.to_bytes(4, "big", signed=True)


# -- answers --------------------------------------------------------------------------------------------


class _Bad(Exception):
    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.value)


def decode(data: bytes) -> Response | Malformed:
    """One answer; what follows its end is left alone."""
    try:
        return _Decoder(data).response()
    except _Bad as bad:
        return Malformed(bad.flaw)


_FIRST_VALUE_TAG: Final = 0x10
_LAST_OUT_OF_BAND: Final = 0x1F
"""unknown, no-value, not-settable, …: the attribute is there and has no value."""
_MEMBER_NAME: Final = 0x4A
_STRINGS: Final = range(0x40, 0x60)


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def response(self) -> Response:
        head = self._take(8)
        if head[0] not in (1, 2):
            raise _Bad(Flaw.NOT_IPP)
        groups: list[Group] = []
        count = 0
        tag = self._byte()
        while tag != Tag.END:
            if tag >= _FIRST_VALUE_TAG:
                raise _Bad(Flaw.NOT_IPP)
            attributes, next_tag = self._attributes()
            count += len(attributes) + 1
            if count > MAX_ATTRIBUTES:
                raise _Bad(Flaw.TOO_MUCH)
            groups.append(Group(tag, {name: tuple(values) for name, values in attributes.items()}))
            tag = next_tag
        status, request_id = int.from_bytes(head[2:4], "big"), int.from_bytes(head[4:8], "big")
        return Response((head[0], head[1]), status, request_id, tuple(groups))

    def _attributes(self) -> tuple[dict[str, list[Value]], int]:
        """The attributes up to the next delimiter, and that delimiter."""
        attributes: dict[str, list[Value]] = {}
        values: list[Value] | None = None
        read = 0
        while (tag := self._byte()) >= _FIRST_VALUE_TAG:
            name, data = self._name_and_value()
            if name:
                # The same name twice in a group is the printer's slip; the first one stands.
                values, read = [], 0
                attributes.setdefault(name.decode("ascii", "replace"), values)
            if values is None:
                raise _Bad(Flaw.BAD_VALUE)
            read += 1
            if read > MAX_VALUES or len(attributes) > MAX_ATTRIBUTES:
                raise _Bad(Flaw.TOO_MUCH)
            if tag == Tag.BEGIN_COLLECTION:
                self._skip_collection()
            elif (value := _value(tag, data)) is not None:
                values.append(value)
        return attributes, tag

    def _skip_collection(self) -> None:
        """To the end of the collection that has begun, and of those in it (RFC 8010 3.1.6)."""
        depth = 1
        while depth:
            tag = self._byte()
            if tag < _FIRST_VALUE_TAG:
                raise _Bad(Flaw.BAD_VALUE)
            self._name_and_value()
            depth += _NESTING.get(tag, 0)
            if depth > MAX_DEPTH:
                raise _Bad(Flaw.TOO_MUCH)

    def _name_and_value(self) -> tuple[bytes, bytes]:
        name = self._take(self._length())
        return name, self._take(self._length())

    def _length(self) -> int:
        return int.from_bytes(self._take(2), "big")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise _Bad(Flaw.TRUNCATED)
        self._at += count
        return taken


_NESTING: Final = {int(Tag.BEGIN_COLLECTION): 1, int(Tag.END_COLLECTION): -1}


def _value(tag: int, data: bytes) -> Value | None:
    """One value; None for a kind that nobody here needs. Raises `_Bad` on a wrong length."""
    if tag <= _LAST_OUT_OF_BAND:
        return None
    if tag in (Tag.INTEGER, Tag.ENUM):
        return int.from_bytes(_sized(data, 4), "big", signed=True)
    if tag == Tag.BOOLEAN:
        return bool(_sized(data, 1)[0])
    if tag == Tag.RESOLUTION:
        _sized(data, 9)
        return Resolution(int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big"), data[8])
    if tag == Tag.RANGE:
        _sized(data, 8)
        return Range(
            int.from_bytes(data[:4], "big", signed=True), int.from_bytes(data[4:], "big", signed=True)
        )
    if tag in (Tag.TEXT_WITH_LANGUAGE, Tag.NAME_WITH_LANGUAGE):
        return _after_language(data)
    if tag == 0x30 or (tag in _STRINGS and tag != _MEMBER_NAME):
        # Octet strings too: printer-supply and printer-input-tray are ASCII in them (PWG 5100.13).
        return data.decode("utf-8", "replace")
    return None


def _after_language(data: bytes) -> str:
    """The text of a text with its language: two lengths, two strings (RFC 8010 3.9)."""
    language = int.from_bytes(data[:2], "big")
    text = data[2 + language :]
    if len(text) < 2 or len(text) != 2 + int.from_bytes(text[:2], "big"):
        raise _Bad(Flaw.BAD_VALUE)
    return text[2:].decode("utf-8", "replace")


def _sized(data: bytes, count: int) -> bytes:
    if len(data) != count:
        raise _Bad(Flaw.BAD_VALUE)
    return data
