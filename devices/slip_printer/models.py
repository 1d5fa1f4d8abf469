"""What differs between receipt printers, as data. A new model is a table in a file, never new code.

The shipped table is `models.toml`, where each key is explained; a site adds its own models in a file of the
same form, and each mistake in it is named with its line.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from devices.slip_printer.protocol import StatusMasks, has_real_time_sequence
from kiosk.errors import ConfigError


class Confirms(StrEnum):
    """How a model says that a slip is printed."""

    MARK = "mark"
    """GS ( H: sends our own mark back when it is printed. Best."""
    TOKEN = "token"  # noqa: S105  (not a secret)
    """GS r 1, queued: near universal."""
    NONE = "none"
    """Not at all: every slip ends unconfirmed, and the person is asked."""


class ChineseSize(StrEnum):
    """How a model is told to double Chinese type."""

    OWN = "own"
    """FS W, besides GS ! for Latin type (Epson)."""
    SHARED = "shared"
    """GS ! sizes both; FS W would double it twice."""
    DRAWN = "drawn"
    """Neither works: large lines go as images."""


class Repertoire(StrEnum):
    """Which characters a model has type for."""

    GB18030 = "gb18030"
    """Four-byte characters too."""
    GBK = "gbk"
    GB2312 = "gb2312"
    ASCII = "ascii"
    """No Chinese at all."""


Hex = Annotated[str, Meta(pattern=r"^([0-9A-Fa-f]{2} ?)*$", description='bytes, hexadecimal: "1D 56 42 00"')]
Mask = Annotated[int, Meta(ge=0, le=255, description="bits of one byte, 0 to 255")]


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One printer model and its quirks; `models.toml` says what each means."""

    name: str
    description: str = ""
    width_dots: Annotated[int, Meta(ge=192, le=1664, multiple_of=8, description="a multiple of 8")] = 576
    dots_per_inch: Annotated[int, Meta(ge=100, le=600, description="100 to 600")] = 203
    says_units: bool = True
    confirms: Confirms = Confirms.TOKEN
    real_time: bool = True
    auto_status: bool = False
    tells_itself: bool = False
    paper_low_mask: Mask = 0x0C
    paper_out_mask: Mask = 0x60
    presenter_mask: Mask = 0
    not_taken_mask: Mask = 0
    native_qr: bool = True
    chinese_mode: bool = True
    chinese_size: ChineseSize = ChineseSize.OWN
    repertoire: Repertoire = Repertoire.GBK
    code_page: Annotated[int, Meta(ge=0, le=255, description="0 to 255")] | None = None
    setup: Hex = ""
    cut: Hex = "1D 56 42 00"
    feed_before_cut_lines: Annotated[int, Meta(ge=0, le=40, description="0 to 40")] = 1
    drop_buffer: Hex = "10 05 02"
    pitch_dots: Annotated[int, Meta(ge=24, le=120, description="24 to 120")] = 34
    large_pitch_dots: Annotated[int, Meta(ge=48, le=200, description="48 to 200")] = 62
    buffer_bytes: Annotated[int, Meta(ge=512, le=1 << 24, description="at least 512")] = 4096
    band_bytes: Annotated[int, Meta(ge=256, le=65536, description="256 to 65536")] = 1024
    max_speed_mm_s: Annotated[float, Meta(ge=20, description="millimetres a second, at least 20")] = 350.0
    answers_ahead_mm: Annotated[float, Meta(ge=0, description="millimetres")] = 40.0

    @property
    def columns(self) -> int:
        """Narrow characters (12 dots) on a line."""
        return self.width_dots // 12

    @property
    def dots_per_mm(self) -> float:
        """8 at 203 dots an inch."""
        return self.dots_per_inch / 25.4

    @property
    def masks(self) -> StatusMasks:
        """Which bits of the real-time answers mean what."""
        return StatusMasks(
            near_end=self.paper_low_mask,
            paper_out=self.paper_out_mask,
            not_taken=self.not_taken_mask,
            presenter=self.presenter_mask,
        )

    @property
    def real_time_mask(self) -> int:
        """The fixed bits by which a real-time answer is known, without those this model uses otherwise."""
        return 0x93 & ~(self.not_taken_mask | self.presenter_mask)

    @property
    def chunk_bytes(self) -> int:
        """Two of these are under way at most: the buffer never fills, questions get through, and when paper
        runs out the end of the slip has mostly not left yet.
        """
        return min(256, self.buffer_bytes // 8)


_LIKE: Final = "like"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_COMMANDS: Final = ("setup", "cut")
"""What is sent among the print data, and must not be executed in real time."""


def parse_models(text: str, file: str, known: dict[str, Model]) -> dict[str, Model]:
    """The models in a TOML text; `known` are those it may be `like`. Raises `ConfigError` with the line."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigError(file, "(syntax)", f"not TOML: {error}", int(line[1]) if line else None) from error
    models: dict[str, Model] = {}
    for name, table in tables.items():
        if not isinstance(table, dict) or not _NAME.fullmatch(name):
            expected = "a model is a table with a name of small letters, digits and hyphens"
            raise ConfigError(file, name, expected, _line_of(text, name))
        models[name] = _parse_one(text, file, name, table, known | models)
    return models


def load_models(file: Path | None) -> dict[str, Model]:
    """The shipped models and those of `file`, which may redefine them. Raises `ConfigError`."""
    if file is None:
        return MODELS
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(file), "(file)", f"cannot be read: {error}") from error
    return MODELS | parse_models(text, str(file), MODELS)


def _parse_one(text: str, file: str, name: str, table: dict[str, Any], known: dict[str, Model]) -> Model:
    like = table.pop(_LIKE, None)
    if like is not None and like not in known:
        expected = f"one of {', '.join(sorted(known))}"
        raise ConfigError(file, f"{name}.{_LIKE}", expected, _line_of(text, name, _LIKE))
    base = {} if like is None else msgspec.to_builtins(known[like])
    try:
        model = msgspec.convert(base | table | {"name": name}, Model)
    except msgspec.ValidationError as error:
        raise _explained(text, file, name, str(error)) from error
    for key in _COMMANDS:
        if has_real_time_sequence(bytes.fromhex(getattr(model, key))):
            raise ConfigError(
                file, f"{name}.{key}", "no DLE EOT, ENQ or DC4 in it", _line_of(text, name, key)
            )
    return model


def _explained(text: str, file: str, name: str, message: str) -> ConfigError:
    """Msgspec's words, as the key, its line and what was expected."""
    unknown = re.search(r"unknown field `([^`]+)`", message)
    place = re.search(r"at `\$\.([^`]+)`", message)
    key = unknown[1] if unknown else place[1] if place else "(table)"
    if unknown:
        expected = f"unknown key; known here: {', '.join((_LIKE, *Model.__struct_fields__))}"
    else:
        said = re.sub(r" - at `.*`$", "", message)
        description = _description_of(key)
        expected = said[0].lower() + said[1:] + (f" ({description})" if description else "")
    return ConfigError(file, f"{name}.{key}", expected, _line_of(text, name, key))


def _description_of(key: str) -> str:
    field = next((field for field in msgspec.structs.fields(Model) if field.name == key), None)
    info = msgspec.inspect.type_info(field.type) if field else None
    return str((getattr(info, "extra_json_schema", None) or {}).get("description", ""))


def _line_of(text: str, name: str, key: str | None = None) -> int | None:
    """The line of a model's table, or of a key in it, counted from 1."""
    table, best = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*\"?([^\]\"]+?)\"?\s*\]", line):
            table = header[1]
            best = number if table == name else best
        elif (assigned := re.match(r"\s*\"?([\w-]+)\"?\s*=", line)) and (
            (table == name and assigned[1] == key) or (not table and assigned[1] == name)
        ):
            return number
    return best


_SHIPPED: Final = Path(__file__).with_name("models.toml")
MODELS: Final[dict[str, Model]] = parse_models(_SHIPPED.read_text(encoding="utf-8"), _SHIPPED.name, {})
