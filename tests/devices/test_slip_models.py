"""Printer models as data: what a site may write, and what it is told when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.registry import KINDS, make_driver
from devices.slip_printer import models
from devices.slip_printer.interpreter import Kind, operations
from devices.slip_printer.job import closing, compose, opening
from devices.slip_printer.models import MODELS, ChineseSize, Confirms, Model, Repertoire, load_models
from kiosk.clock import SystemClock
from kiosk.device_settings import DeviceSettings, ReceiptPrinterSettings
from kiosk.documents.page import Page, Size, Text
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import ConfigError

OWN = """
# our printers
[lobby-80]
like = "generic-80"
description = "the one in the lobby"
max_speed_mm_s = 120
paper_out_mask = 0x20
cut = "1D 56 00"

[lobby-58]
like = "lobby-80"
width_dots = 384
"""


def parsed(text: str) -> dict[str, Model]:
    return models.parse_models(text, "printers.toml", MODELS)


def test_a_sites_own_model_takes_what_it_does_not_say_from_another(tmp_path: Path) -> None:
    file = tmp_path / "printers.toml"
    file.write_text(OWN, encoding="utf-8")
    found = load_models(file)
    own = found["lobby-58"]
    assert set(MODELS) < set(found)
    assert (own.name, own.width_dots, own.max_speed_mm_s, own.paper_out_mask) == ("lobby-58", 384, 120, 0x20)
    assert closing(own).data.endswith(b"\x1d\x56\x00")


def test_a_model_of_the_sites_own_file_is_used_by_the_driver(tmp_path: Path) -> None:
    file = tmp_path / "printers.toml"
    file.write_text(OWN, encoding="utf-8")
    kind = next(kind for kind in KINDS if kind.device is DeviceClass.RECEIPT_PRINTER)
    settings = ReceiptPrinterSettings(port="/nowhere", model="lobby-58", model_file=file)
    driver = make_driver(kind, DeviceSettings(receipt_printer=settings), SystemClock())
    assert driver is not None
    assert driver.capabilities().model == "lobby-58"
    unknown = ReceiptPrinterSettings(port="/nowhere", model="typewriter", model_file=file)
    with pytest.raises(ConfigError, match="lobby-58"):
        make_driver(kind, DeviceSettings(receipt_printer=unknown), SystemClock())


@pytest.mark.parametrize(
    ("text", "key", "line", "expected"),
    [
        ("[x]\nwidth_dots = 380\n", "x.width_dots", 2, "multiple of 8"),
        ("[x]\n\nwith_dots = 384\n", "x.with_dots", 3, "unknown key; known here: like, name"),
        ('[x]\nconfirms = "maybe"\n', "x.confirms", 2, "invalid enum value"),
        ('[x]\ncut = "1D 5"\n', "x.cut", 2, "hexadecimal"),
        ('[x]\ncut = "10 04 01"\n', "x.cut", 2, "no DLE EOT"),
        ('[x]\nlike = "typewriter"\n', "x.like", 2, "generic-80"),
        ("[a]\n[x]\npaper_out_mask = 300\n", "x.paper_out_mask", 3, "0 to 255"),
        ('[x]\nnative_qr = "yes"\n', "x.native_qr", 2, "expected `bool`"),
        ("width_dots = 384\n", "width_dots", 1, "a model is a table"),
        ("[X y]\n", "(syntax)", 1, "not TOML"),
        ('["X y"]\n', "X y", 1, "small letters"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(text: str, key: str, line: int, expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parsed(text)
    assert (raised.value.key, raised.value.line) == (key, line)
    assert expected in raised.value.expected


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml"):
        load_models(tmp_path / "gone.toml")


def test_every_key_of_a_model_is_explained_in_the_shipped_file() -> None:
    head = Path(models.__file__).with_name("models.toml").read_text(encoding="utf-8").split("\n[")[0]
    explained = {line.split()[1] for line in head.splitlines() if line.startswith("#   ")}
    assert explained == {*Model.__struct_fields__, "like"} - {"name"}


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_the_settings_of_every_model_are_read_as_settings_and_not_printed(model: Model) -> None:
    stream = opening(model) + closing(model).data
    assert sum(operation.length for operation in operations(stream)) == len(stream)
    assert all(operation.kind is not Kind.CHARACTER for operation in operations(stream))


def kinds(model: Model, *blocks: Text) -> set[Kind]:
    stream = b"".join(piece.data for piece in compose(Page(blocks=blocks), model))
    return {operation.kind for operation in operations(stream)}


@pytest.mark.parametrize(
    ("repertoire", "drawn"),
    [
        (Repertoire.GB18030, ""),
        (Repertoire.GBK, "㛃𠮷"),
        (Repertoire.GB2312, "㛃𠮷〇镕"),
        (Repertoire.ASCII, "㛃𠮷〇镕中￥"),
    ],
)
def test_what_a_model_has_no_type_for_is_drawn(repertoire: Repertoire, drawn: str) -> None:
    model = Model(name="x", repertoire=repertoire)
    for char in "㛃𠮷〇镕中￥a":
        assert (Kind.RASTER in kinds(model, Text(text=char))) == (char in drawn), char


def test_large_chinese_is_drawn_where_no_command_doubles_it() -> None:
    model = Model(name="x", chinese_size=ChineseSize.DRAWN)
    assert Kind.CHARACTER not in kinds(model, Text(text="回执", size=Size.LARGE))
    assert Kind.RASTER not in kinds(model, Text(text="4107", size=Size.LARGE), Text(text="回执"))


def test_no_shipped_model_confirms_more_than_its_firmware_can() -> None:
    for model in MODELS.values():
        assert model.real_time or model.confirms is Confirms.NONE
