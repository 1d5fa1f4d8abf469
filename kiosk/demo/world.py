"""The world around a demonstration terminal: simulators, a line that can be cut, a central platform.

Everything in it is a real program speaking real bytes; only the metal and the people are missing.  All
of it lives in one folder that is removed at the end: whoever is in it is invented.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kiosk.config import Language, Mode
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import LinbanError
from kiosk.ports import Input, LightPosition
from kiosk.supervisor import OnExit, ProcessSpec

_SIMULATED = {
    DeviceClass.ID_CARD_READER: "id-card-reader",
    DeviceClass.RECEIPT_PRINTER: "receipt-printer",
    DeviceClass.BARCODE_SCANNER: "barcode-scanner",
}
_MORE = (
    DeviceClass.SOCIAL_CARD_READER,
    DeviceClass.BADGE_READER,
    DeviceClass.SHEET_PRINTER,
    DeviceClass.CODE_CAMERA,
    DeviceClass.DOCUMENT_CAMERA,
    DeviceClass.IO_BOARD,
    DeviceClass.POWER_SUPPLY,
    DeviceClass.FINGERPRINT_READER,
)
"""Played, all in one program, where a person sits at the workbench."""
_ON_THE_NETWORK = (DeviceClass.POWER_SUPPLY, DeviceClass.SHEET_PRINTER)
_BELOW_OUTGOING = range(20000, 32000)
"""The kernel gives outgoing connections ports from 32768 up."""
WATCHDOG_S = 10.0
FACE = "ui"
SCREENS = {"portrait": (1080, 1920, 4.03), "landscape": (1920, 1080, 4.03), "tablet": (1280, 800, 5.88)}
"""Screens by name: width and height in pixels, pixels per millimetre (21.5″, the same on its side, 10.1″)."""
LANGUAGES = {"zh": Language.CHINESE, "en": Language.ENGLISH}
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen", "QT_QUICK_BACKEND": "software"}
"""What a face needs that nobody looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where everything of one demonstration is, and what must run in it."""

    folder: Path
    width_px: int = 1080
    height_px: int = 1920
    px_per_mm: float = 4.03
    fullscreen: bool = False
    mode: Mode = Mode.STANDARD
    language: Language = Language.CHINESE
    idle_warning_s: int = 90
    idle_wipe_s: int = 30
    remote: bool = False
    """Give the face a socket through which a scripted resident sees and presses."""
    bench_window: bool = False
    """Show the second window in which a person plays the world."""
    face_environment: Mapping[str, str] = field(default_factory=dict)
    platform_port: int = 0
    line_port: int = 0
    enrolment_code: str = ""
    device_ports: Mapping[DeviceClass, int] = field(default_factory=dict)
    """Where the devices listen that are on a network."""

    @property
    def run_dir(self) -> Path:
        """Local sockets and device links."""
        return self.folder / "run"

    @property
    def config_file(self) -> Path:
        """The terminal's settings."""
        return self.folder / "linban.toml"

    @property
    def platform_dir(self) -> Path:
        """The central platform's database and keys."""
        return self.folder / "platform"

    @property
    def state_dir(self) -> Path:
        """The terminal's journal and keys."""
        return self.folder / "state"

    @property
    def remote_socket(self) -> Path:
        """The scripted resident's hand."""
        return self.run_dir / "ui.sock"

    @property
    def line_socket(self) -> Path:
        """Controls the line."""
        return self.run_dir / "line.sock"

    def simulator_socket(self, device: DeviceClass) -> Path:
        """Controls one simulated device."""
        return self.run_dir / f"sim-{device.value}.sock"

    def device_link(self, device: DeviceClass) -> Path:
        """The port that the driver opens."""
        return self.run_dir / f"tty-{device.value}"


class NoPseudoTerminals(LinbanError):
    """Simulated devices stand behind pseudo-terminals, and this machine gives none."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(
            f"no pseudo-terminals here ({cause.strerror}); as root: mount -t devpts devpts /dev/pts"
        )


def require_pseudo_terminals() -> None:
    """Raise `NoPseudoTerminals` where none can be opened (a container or a root directory without /dev/pts)."""
    try:
        ours, theirs = os.openpty()
    except OSError as error:
        raise NoPseudoTerminals(error) from error
    os.close(ours)
    os.close(theirs)


def make_world(folder: Path, **choices: object) -> World:
    """Lay out a demonstration in `folder` (created; mode 0700) and write the terminal's settings there.

    Raises `NoPseudoTerminals` before anything is started.
    """
    require_pseudo_terminals()
    for place in (folder, folder / "run", folder / "state", folder / "platform", folder / "logs"):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    platform_port, line_port, *device_ports = _free_ports(2 + len(_ON_THE_NETWORK))
    world = World(
        folder=folder,
        platform_port=platform_port,
        line_port=line_port,
        device_ports=dict(zip(_ON_THE_NETWORK, device_ports, strict=True)),
        enrolment_code=f"{secrets.randbelow(10**10):010d}",
        **choices,  # type: ignore[arg-type]  # the dataclass refuses what it does not know
    )
    world.config_file.write_text(_settings(world), encoding="utf-8")
    return world


def processes(world: World) -> list[ProcessSpec]:
    """Everything that runs: the world first, then the terminal's three processes."""
    return [
        *surroundings(world),
        *terminal(world.config_file, _face_options(world), world.face_environment, world),
    ]


def surroundings(world: World) -> list[ProcessSpec]:
    """The central platform, the line to it, and the simulated devices."""
    specs = [_platform(world), _line(world)]
    specs += [
        ProcessSpec(
            name=name,
            arguments=_kiosk(
                "simulate",
                name,
                *("--link", str(world.device_link(device))),
                *("--control", str(world.simulator_socket(device))),
            ),
            log_file=world.folder / "logs" / f"{name}.log",
            after=FACE,
        )
        for device, name in _SIMULATED.items()
    ]
    if world.bench_window:
        specs.append(_more_devices(world))
        specs.append(
            ProcessSpec(
                name="bench-window",
                arguments=[
                    *(sys.executable, "-m", "ui.workbench"),
                    *("--run-dir", str(world.run_dir), "--language", world.language.value),
                ],
                on_exit=OnExit.STOP_ALL,
                after=FACE,
            )
        )
    return specs


def _platform(world: World) -> ProcessSpec:
    return ProcessSpec(
        name="platform",
        arguments=_kiosk(
            "central",
            *("--listen", f"127.0.0.1:{world.platform_port}"),
            *("--database", f"sqlite:///{world.platform_dir / 'central.db'}"),
            *("--data", str(world.platform_dir)),
            *("--enrolment-code", world.enrolment_code),
        ),
        log_file=world.folder / "logs" / "platform.log",
        after=FACE,
    )


def _line(world: World) -> ProcessSpec:
    return ProcessSpec(
        name="line",
        arguments=_kiosk(
            "simulate",
            "line",
            *("--listen", f"127.0.0.1:{world.line_port}"),
            *("--to", f"127.0.0.1:{world.platform_port}"),
            *("--control", str(world.line_socket)),
        ),
        log_file=world.folder / "logs" / "line.log",
        after=FACE,
    )


def _more_devices(world: World) -> ProcessSpec:
    names = [
        device.value.replace("_", "-")
        + (f"=127.0.0.1:{world.device_ports[device]}" if device in world.device_ports else "")
        for device in _MORE
    ]
    return ProcessSpec(
        name="more-devices",
        arguments=_kiosk("simulate", "several", "--run-dir", str(world.run_dir), *names),
        log_file=world.folder / "logs" / "more-devices.log",
        after=FACE,
    )


def terminal(
    config_file: Path,
    face_options: Sequence[str] = (),
    face_environment: Mapping[str, str] | None = None,
    world: World | None = None,
) -> list[ProcessSpec]:
    """The three processes of a terminal; the face first, because it is what a person waits for."""
    logs = world.folder / "logs" if world is not None else None
    options = ("--config", str(config_file))
    return [
        ProcessSpec(
            name=FACE,
            arguments=[sys.executable, "-m", "ui", *options, *face_options],
            environment=face_environment or {},
            on_exit=OnExit.STOP_ALL,
            watchdog_s=WATCHDOG_S,
            log_file=logs / "ui.log" if logs else None,
        ),
        ProcessSpec(
            name="devices",
            arguments=[sys.executable, "-m", "devices", *options],
            watchdog_s=WATCHDOG_S,
            after=FACE,
            log_file=logs / "devices.log" if logs else None,
        ),
        ProcessSpec(
            name="sync",
            arguments=[sys.executable, "-m", "sync", *options],
            watchdog_s=WATCHDOG_S,
            after=FACE,
            log_file=logs / "sync.log" if logs else None,
        ),
    ]


def _face_options(world: World) -> list[str]:
    return ["--remote", str(world.remote_socket)] if world.remote else []


def _kiosk(*words: str) -> list[str]:
    return [sys.executable, "-m", "kiosk", *words]


def _settings(world: World) -> str:
    device_tables = "".join(
        f'\n[devices.{device.value}]\nport = "{world.device_link(device)}"\nbaud = 115200\n'
        for device in _SIMULATED
    )
    if world.bench_window:
        device_tables += _more_tables(world)
    return f"""# The settings of a demonstration terminal; made anew at each start.
[terminal]
site_name = "青石村便民服务站"
language = "{world.language.value}"
mode = "{world.mode.value}"

[screen]
width_px = {world.width_px}
height_px = {world.height_px}
px_per_mm = {world.px_per_mm}
fullscreen = {"true" if world.fullscreen else "false"}
idle_warning_s = {world.idle_warning_s}
idle_wipe_s = {world.idle_wipe_s}

[paths]
state_dir = "{world.state_dir}"
tpm = ""
run_dir = "{world.run_dir}"

[platform]
url = "http://127.0.0.1:{world.line_port}"
enrolment_code = "{world.enrolment_code}"
heartbeat_s = 2.0
retry_cap_s = 1.0
{device_tables}"""


def _more_tables(world: World) -> str:
    """The settings of the second row of devices."""
    sim = {device: f'"sim:{world.device_link(device)}"' for device in _MORE}
    return f"""
[devices.social_card_reader]
reader = {sim[DeviceClass.SOCIAL_CARD_READER]}

[devices.badge_reader]
reader = {sim[DeviceClass.BADGE_READER]}

[devices.sheet_printer]
uri = "ipp://127.0.0.1:{world.device_ports[DeviceClass.SHEET_PRINTER]}/ipp/print"

[devices.code_camera]
port = {sim[DeviceClass.CODE_CAMERA]}

[devices.document_camera]
port = {sim[DeviceClass.DOCUMENT_CAMERA]}

[devices.io_board]
port = "{world.device_link(DeviceClass.IO_BOARD)}"
lights = {{ {_numbered(LightPosition)} }}
inputs = {{ {_numbered(Input)} }}

[devices.power_supply]
address = "127.0.0.1:{world.device_ports[DeviceClass.POWER_SUPPLY]}"

[devices.fingerprint_reader]
port = "{world.device_link(DeviceClass.FINGERPRINT_READER)}"
"""


def _numbered(names: type[StrEnum]) -> str:
    """As the simulated board is wired: in order, from 0."""
    return ", ".join(f"{name} = {address}" for address, name in enumerate(names))


def _free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on at this moment, and that no outgoing connection is ever given."""
    found: list[int] = []
    for port in secrets.SystemRandom().sample(_BELOW_OUTGOING, len(_BELOW_OUTGOING)):
        with socket.socket() as holder:
            try:
                holder.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free port on this machine")


def display_is_there() -> bool:
    """Whether there is a place to show windows; whoever names Qt's platform knows what they want."""
    return bool(
        os.environ.get("QT_QPA_PLATFORM") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
