"""The settings of one terminal: typed, read once from TOML, every key described, unknown keys refused.

A key that is absent has the default written here.  A key that is unknown, of a wrong type or out of
range stops the start with the file, the line, the key and what was expected there (`ConfigError`).
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from kiosk.code_settings import CodeSettings
from kiosk.device_settings import DeviceSettings
from kiosk.errors import ConfigError

DEFAULT_FILE = Path("/etc/linban/linban.toml")
PACKAGE_ROOT = Path(__file__).resolve().parent.parent


class Mode(StrEnum):
    """How the face presents itself."""

    STANDARD = "standard"
    ELDER = "elder"
    """长辈版."""
    CONTRAST = "contrast"
    """High contrast, light on black."""


class Language(StrEnum):
    """The languages of the face."""

    CHINESE = "zh_CN"
    ENGLISH = "en"


class TerminalSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[terminal]: what this terminal is and where it stands."""

    site_name: Annotated[
        str, Meta(min_length=1, description="the host's name, shown on top of every page")
    ] = "便民服务站"
    help_phone: Annotated[str, Meta(min_length=3, description="the telephone number shown on every page")] = (
        "12345"
    )
    language: Annotated[Language, Meta(description="the language a session starts in: zh_CN or en")] = (
        Language.CHINESE
    )
    mode: Annotated[Mode, Meta(description="the mode a session starts in: standard, elder or contrast")] = (
        Mode.STANDARD
    )


class ScreenSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[screen]: the touch screen. Sizes are never taken from what the screen reports."""

    width_px: Annotated[int, Meta(ge=480, le=7680, description="width of the window in pixels")] = 1080
    height_px: Annotated[int, Meta(ge=480, le=7680, description="height of the window in pixels")] = 1920
    px_per_mm: Annotated[
        float, Meta(ge=1.0, le=20.0, description="pixels per millimetre, measured with a ruler")
    ] = 4.03
    fullscreen: Annotated[bool, Meta(description="fill the whole screen, without a frame")] = True
    idle_warning_s: Annotated[
        int, Meta(ge=30, le=600, description="seconds without a touch before the warning")
    ] = 90
    idle_wipe_s: Annotated[
        int, Meta(ge=20, le=120, description="seconds the warning stays before the session is wiped")
    ] = 30


class PathSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[paths]: where things are kept."""

    state_dir: Annotated[Path, Meta(description="the journal and the terminal's keys; survives a reboot")] = (
        Path("/var/lib/linban")
    )
    run_dir: Annotated[Path, Meta(description="local sockets; emptied by a reboot")] = Path("/run/linban")
    tpm: Annotated[
        str,
        Meta(description="the machine's TPM: new keys are sealed to it; empty, or not there: keys are files"),
    ] = "/dev/tpmrm0"
    packs_dir: Annotated[Path, Meta(description="the service packs")] = PACKAGE_ROOT / "assets" / "packs"


class PlatformSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[platform]: the central platform and the line to it."""

    url: Annotated[
        str, Meta(pattern=r"^(https?://.+)?$", description="address of the central platform, http(s)://…")
    ] = ""
    ca_file: Annotated[
        Path | None, Meta(description="the certificate authority to trust, instead of the system's")
    ] = None
    enrolment_code: Annotated[
        str, Meta(description="one-time code; used when this terminal is not enrolled yet")
    ] = ""
    heartbeat_s: Annotated[float, Meta(ge=1, le=3600, description="seconds between two heartbeats")] = 60.0
    retry_cap_s: Annotated[float, Meta(ge=0.2, le=3600, description="longest pause between two tries")] = (
        300.0
    )
    batch: Annotated[int, Meta(ge=1, le=1000, description="most entries sent in one request")] = 500
    bandwidth_bytes_s: Annotated[
        Annotated[int, Meta(ge=1000)] | None,
        Meta(description="most bytes a second that sending may take of the line; absent: all of it"),
    ] = None
    publisher_key: Annotated[
        str,
        Meta(
            pattern="^([0-9a-f]{64})?$",
            description="public key of the office that signs the catalogue of services; empty: the packs in"
            " packs_dir are used as they are",
        ),
    ] = ""
    proxy: Annotated[
        str, Meta(pattern=r"^(https?://.+)?$", description="HTTP proxy of the site's network, http(s)://…")
    ] = ""


class KeepingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[keeping]: how long what was delivered stays on this terminal, and how much room it may take."""

    delivered_days: Annotated[
        int,
        Meta(ge=1, le=3650, description="days after which the sealed body of a delivered case is dropped"),
    ] = 30
    reserve_mib: Annotated[
        int, Meta(ge=1, le=65536, description="free room below which attachments and then cases are refused")
    ] = 256
    backups: Annotated[int, Meta(ge=0, le=14, description="daily copies of the journal that are kept")] = 3
    duplicate_days: Annotated[
        int,
        Meta(ge=0, le=366, description="days in which the same person's same case is asked about; 0: never"),
    ] = 7


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    terminal: TerminalSettings = field(default_factory=TerminalSettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    paths: PathSettings = field(default_factory=PathSettings)
    platform: PlatformSettings = field(default_factory=PlatformSettings)
    keeping: KeepingSettings = field(default_factory=KeepingSettings)
    devices: DeviceSettings = field(default_factory=DeviceSettings)
    codes: CodeSettings = field(default_factory=CodeSettings)

    @property
    def journal_file(self) -> Path:
        """The one SQLite file."""
        return self.paths.state_dir / "journal.db"

    @property
    def journal_key_file(self) -> Path:
        """32 bytes that encrypt the journal's pages."""
        return self.paths.state_dir / "journal.key"

    @property
    def terminal_key_file(self) -> Path:
        """The terminal's Ed25519 key, made here."""
        return self.paths.state_dir / "terminal.key"

    @property
    def catalogue_dir(self) -> Path:
        """The signed catalogues that were downloaded."""
        return self.paths.state_dir / "catalogue"

    @property
    def publisher_key(self) -> bytes | None:
        """Whose catalogues are believed; None where the packs are used unsigned."""
        return bytes.fromhex(self.platform.publisher_key) or None

    @property
    def devices_socket(self) -> Path:
        """Where the devices process listens."""
        return self.paths.run_dir / "devices.sock"

    @property
    def sync_socket(self) -> Path:
        """Where the sync process listens."""
        return self.paths.run_dir / "sync.sock"


def load(file: Path) -> Settings:
    """Read the settings in `file`. Raises `ConfigError` with the place of the first fault."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            str(file), "(file)", "no such file; give one with --config, or try `kiosk run --demo`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(file), "(file)", f"cannot be read: {error}") from error
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigError(
            str(file), "(syntax)", f"not TOML: {error}", int(line[1]) if line else None
        ) from error
    try:
        return msgspec.convert(tree, Settings, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise _explain(str(file), text, tree, str(error)) from error


def _decode(kind: type, value: Any) -> Any:
    """The one type that TOML does not have."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"expected a text, got {type(value).__name__}")


def describe() -> str:
    """A settings file with every key, its meaning and its default, as TOML comments."""
    lines: list[str] = []
    _describe(Settings, "", lines)
    return "\n".join(lines).strip() + "\n"


def _describe(struct: Any, prefix: str, lines: list[str]) -> None:
    for item in msgspec.structs.fields(struct):
        info = msgspec.inspect.type_info(item.type)
        extra = getattr(info, "extra_json_schema", None) or {}
        inner = _table_type(item.type)
        if inner is not None:
            name = f"{prefix}{item.name}"
            lines += ["", f"[{name}]  # {(inner.__doc__ or '').split(': ', 1)[-1]}"]
            _describe(inner, f"{name}.", lines)
            continue
        if (listed := _listed_table(item.type)) is not None:
            lines.append(f"# [[{prefix}{item.name}]]  # any number of: {extra.get('description', '')}")
            _describe(listed, f"{prefix}{item.name}.", lines)
            continue
        default = item.default if item.default is not msgspec.NODEFAULT else None
        shown = "" if default is None else _toml(msgspec.to_builtins(default, enc_hook=str))
        lines.append(f"# {item.name} = {shown}".rstrip() + f"  # {extra.get('description', '')}")


def _table_type(annotation: Any) -> Any:
    """The Struct that an annotation stands for, through Annotated and Optional; None when there is none."""
    info = msgspec.inspect.type_info(annotation)
    while isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    candidates = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    return next((c.cls for c in candidates if isinstance(c, msgspec.inspect.StructType)), None)


def _listed_table(annotation: Any) -> Any:
    """The Struct that a list of tables is made of; None when the annotation is no such list."""
    info = msgspec.inspect.type_info(annotation)
    while isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    item = info.item_type if isinstance(info, msgspec.inspect.VarTupleType) else None
    return item.cls if isinstance(item, msgspec.inspect.StructType) else None


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _explain(file: str, text: str, tree: dict[str, Any], message: str) -> ConfigError:
    """Turn msgspec's words (`… - at $.a.b`) into the key, its line and what was expected."""
    path = re.search(r"at `\$\.?([^`]*)`", message)
    # msgspec writes `identity[...]` for a table in a list and `lights[...]` for one of any names.
    keys = re.sub(r"\[[^\]]*\]", "", path[1]).split(".") if path and path[1] else []
    expected = re.sub(r" - at `.*`$", "", message)
    unknown = re.search(r"unknown field `([^`]+)`", message)
    missing = re.search(r"missing required field `([^`]+)`", message)
    if unknown:
        keys.append(unknown[1])
        known = ", ".join(f.name for f in msgspec.structs.fields(_struct_at(keys[:-1])))
        expected = f"unknown key; known here: {known}"
    elif missing:
        keys.append(missing[1])
        expected = "this key is needed and absent"
    elif keys and (description := _description_of(keys)):
        expected = f"{expected[0].lower()}{expected[1:]} ({description})"
    return ConfigError(file, ".".join(keys) or "(file)", expected, _line_of(text, keys))


def _struct_at(keys: list[str]) -> Any:
    struct: Any = Settings
    for key in keys:
        found = next((f.type for f in msgspec.structs.fields(struct) if f.name == key), None)
        struct = None if found is None else _table_type(found) or _listed_table(found)
        if struct is None:
            return None  # inside a key that holds a table of any names
    return struct


def _description_of(keys: list[str]) -> str:
    struct = _struct_at(keys[:-1])
    fields = [] if struct is None else msgspec.structs.fields(struct)
    found = next((f for f in fields if f.name == keys[-1]), None)
    if found is None:
        return ""
    info = msgspec.inspect.type_info(found.type)
    extra = getattr(info, "extra_json_schema", None) or {}
    return str(extra.get("description", ""))


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line on which a key stands (or, for an absent one, its table), counted from 1."""
    table: list[str] = []
    best: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            table = [part.strip().strip("\"'") for part in header[1].split(".")]
            if table == keys:
                return number
            if table == keys[:-1]:
                best = number
        elif assignment := re.match(r"\s*([\w.\-\"']+)\s*=", line):
            full = table + [part.strip("\"'") for part in assignment[1].split(".")]
            if full == keys[: len(full)]:
                return number
    return best
