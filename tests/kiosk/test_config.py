"""A settings file with a mistake names the file, the line, the key and what was expected."""

from pathlib import Path

import pytest

from kiosk.config import Mode, describe, load
from kiosk.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    file = folder / "linban.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.fault(122)
@pytest.mark.parametrize(
    ("text", "key", "line", "word"),
    [
        ("[terminal]\nsite_nam = 'x'\n", "terminal.site_nam", 2, "unknown key"),
        ("[terminl]\nmode = 'elder'\n", "terminl", 1, "unknown key"),
        ("[terminal]\nsite_name = 3\n", "terminal.site_name", 2, "`str`"),
        ("[terminal]\n\nmode = 'old'\n", "terminal.mode", 3, "elder"),
        ("[screen]\nwidth_px = 10\n", "screen.width_px", 2, "480"),
        ("[devices.id_card_reader]\nbaud = 9600\n", "devices.id_card_reader.port", 1, "needed"),
        (
            "[devices.id_card_reader]\nport = '/dev/x'\nbaud = 'fast'\n",
            "devices.id_card_reader.baud",
            3,
            "`int`",
        ),
        ("terminal = 3\n", "terminal", 1, "object"),
        ("[platform]\nurl = 'ftp://a'\n", "platform.url", 2, "http"),
        ("[terminal\n", "(syntax)", 1, "TOML"),
        ("[codes]\nidentity = [{name = 'A B'}]\n", "codes.identity.name", 2, "told to the platform"),
        (
            "[[codes.identity]]\nname = 'a'\nregex = 'x'\n",
            "codes.identity.regex",
            3,
            "known here: name, prefix",
        ),
        ("[codes]\nofficial_hosts = ['Bad Host']\n", "codes.official_hosts", 2, "matching"),
        (
            "[devices.io_board]\nport = 'x'\nlights = {a = 'b'}\n",
            "devices.io_board.lights",
            3,
            "`int`",
        ),
    ],
)
def test_mistake_is_named_with_its_place(tmp_path: Path, text: str, key: str, line: int, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    assert (caught.value.key, caught.value.line) == (key, line)
    assert word in caught.value.expected


@pytest.mark.fault(122)
def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--demo"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.fault(122)
def test_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "linban.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(file)


def test_absent_keys_have_their_defaults(tmp_path: Path) -> None:
    settings = load(write(tmp_path, "[terminal]\nmode = 'elder'\n"))
    assert settings.terminal.mode is Mode.ELDER
    assert settings.terminal.help_phone == "12345"
    assert settings.devices.id_card_reader is None


def test_the_example_is_itself_a_good_file(tmp_path: Path) -> None:
    text = describe()
    assert "site_name" in text
    without_devices = text.split("[devices]")[0]
    uncommented = "\n".join(
        line[2:] if line.startswith("# ") and not line.split("=")[1].strip().startswith("#") else line
        for line in without_devices.splitlines()
        if "ca_file" not in line
    )
    load(write(tmp_path, uncommented))
