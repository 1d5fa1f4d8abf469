"""`kiosk simulate DEVICE`: a simulated device as a program of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from devices.fault_script import Fault, load_script
from devices.simulator import Simulator
from devices.transport.address import TcpAddress, parse_address
from devices.transport.far_end import FarEnd
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.errors import ConfigError

_EXAMPLES = """
\b
Examples:
  kiosk simulate id-card-reader --link /tmp/sam --control /tmp/sam.sock --baud 115200
  kiosk simulate receipt-printer --link /tmp/printer --control /tmp/printer.sock
  kiosk simulate receipt-printer --listen 127.0.0.1:9100
  kiosk simulate social-card-reader --link /tmp/slot --control /tmp/slot.sock     (reader = "sim:/tmp/slot")
  kiosk simulate social-card-reader --link tcp:127.0.0.1:35963 --control /tmp/slot.sock     (a card in vpcd)
  kiosk simulate barcode-scanner --link /tmp/scanner --script faults.yaml

\b
A script is a list of faults, for instance:
  - {at: "byte 700", do: unplug, for_s: 2}
  - {at: "command 3", do: silence}

\b
What a fault may `do`:
  every device      unplug  silence  garbage {bytes_hex}  dribble {gap_s}  pause
  id-card-reader    lift  answer {sw3}  bad_checksum  delay
  badge-reader, social-card-reader
                    lift  answer {sw}
  receipt-printer   paper_out  cover_open  cutter_jam  offline  power_cut

\b
The control socket speaks JSON-RPC, one message a line. Methods:
  every device      state {}  fault {at?, do, for_s?}  heal {}  unplug {for_s?}  plug {}
  id-card-reader    place_card {card? | fields?}  lift_card {}  set {repeats}
  receipt-printer   set {paper, cover, cutter, online}  take_paper {}  last_slip {png?, bin?}
                    set {marks, tokens, mute, hasty, presenter, speed_mm_s, ahead_mm}: its firmware
  sheet-printer     set {paper, cover, jam, toner, seconds_a_sheet, counts}  last_sheet {png?, document?}
  badge-reader      place_card {card? | fields?}  lift_card {}
  social-card-reader
                    place_card {card? | fields?}  lift_card {}  set {answers, missing, delay_s}
  barcode-scanner   scan {text | bytes_hex, symbology?, encoding?, hold?}  set {suffix, aim_identifier, trigger}
  power-supply      cut_mains {}  battery_low {}  mains_back {}  set {mains, charge, replace}
  fingerprint-reader  place_finger {finger?, clear?}  lift_finger {}
  code-camera       show {text? | file?, encoding?, width_px?, turn_deg?, bend?, at?}  clear {}  cover {}  uncover {}
  document-camera   place {kind? | text? | image?, x_mm?, y_mm?, turn_deg?}  take_away {}  glare {on?, x_mm?, y_mm?}
                    blur {radius_px?}  shadow {depth?}  hand {on?}  move {on?}  set {plate, light, tilt_deg}
                    freeze {for_s?}  vanish {for_s?}
  io-board          press_help {}  release_help {}  open_door {}  close_door {}  come {}  leave {}
"""


def _id_card_reader(link: Path | FarEnd, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.id_card.simulator import IdCardReaderSimulator

    return IdCardReaderSimulator(link, baud=baud, script=script)


def _receipt_printer(link: Path | FarEnd, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.slip_printer.simulator import ReceiptPrinterSimulator

    return ReceiptPrinterSimulator(link, baud=baud, script=script)


def _sheet_printer(far_end: Path | FarEnd, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.sheet_printer.printer_process import missing_programs
    from devices.sheet_printer.simulator import SheetPrinterSimulator

    if not isinstance(far_end, TcpFarEnd):
        raise click.UsageError("sheet-printer is on the network: --listen 127.0.0.1:8631")
    if missing := missing_programs():
        # Debian: cups-ipp-utils and dbus-daemon.
        raise click.ClickException(
            f"an A4 printer is played by programs that are missing: {', '.join(missing)}"
        )
    return SheetPrinterSimulator(far_end.port, script=script)


def _social_card_reader(link: Path | FarEnd, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.social_card.simulator import SocialCardReaderSimulator

    return SocialCardReaderSimulator(_slot(link), baud=baud, script=script)


def _badge_reader(link: Path | FarEnd, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.badge.simulator import BadgeReaderSimulator

    return BadgeReaderSimulator(_slot(link), baud=baud, script=script)


def _slot(link: Path | FarEnd) -> Path:
    if isinstance(link, Path):
        return link
    raise click.UsageError(
        "a slot for cards is a local socket (--link FILE), or a card in vpcd (--link tcp:HOST:PORT)"
    )


def _barcode_scanner(link: Path, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.scanner.simulator import BarcodeScannerSimulator

    return BarcodeScannerSimulator(link, baud=baud, script=script)


def _code_camera(link: Path, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.camera.simulator import CameraSimulator

    return CameraSimulator(link, baud=baud, script=script)


def _document_camera(link: Path, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.document_camera.simulator import DocumentCameraSimulator

    return DocumentCameraSimulator(link, baud=baud, script=script)


def _keyboard_scanner(link: Path, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.scanner.keyboard_player import KeyboardScannerSimulator

    return KeyboardScannerSimulator(link, baud=baud, script=script)


def _io_board(link: Path | FarEnd, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.board.simulator import IoBoardSimulator

    return IoBoardSimulator(link, baud=baud, script=script)


def _fingerprint_reader(link: Path | FarEnd, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.fingerprint.simulator import FingerprintReaderSimulator

    return FingerprintReaderSimulator(link, baud=baud, script=script)


def _power_supply(far_end: Path | FarEnd, baud: int | None, script: list[Fault]) -> Simulator:
    from devices.power.simulator import PowerSupplySimulator

    if isinstance(far_end, Path):
        raise click.UsageError("power-supply is on the network: --listen 127.0.0.1:3493")
    return PowerSupplySimulator(far_end, baud=baud, script=script)


# Those without bytes of their own (a camera) take a path only, the others any far end.
SIMULATORS: dict[str, Callable[[Any, int | None, list[Fault]], Simulator]] = {
    "id-card-reader": _id_card_reader,
    "receipt-printer": _receipt_printer,
    "sheet-printer": _sheet_printer,
    "social-card-reader": _social_card_reader,
    "badge-reader": _badge_reader,
    "barcode-scanner": _barcode_scanner,
    "keyboard-scanner": _keyboard_scanner,
    "code-camera": _code_camera,
    "document-camera": _document_camera,
    "io-board": _io_board,
    "fingerprint-reader": _fingerprint_reader,
    "power-supply": _power_supply,
}


def listener_at(text: str) -> TcpFarEnd:
    """The far end that `HOST:PORT` names. Raises `click.BadParameter`."""
    try:
        address = parse_address(f"tcp:{text}")
    except ConfigError as error:
        raise click.BadParameter("HOST:PORT", param_hint="--listen") from error
    assert isinstance(address, TcpAddress)
    return TcpFarEnd(address.host, address.port)


@click.command(epilog=_EXAMPLES)
@click.argument("device", type=click.Choice(sorted(SIMULATORS)))
@click.option("--link", type=click.Path(path_type=Path), help="Name of its port; default: ./DEVICE.")
@click.option("--listen", metavar="HOST:PORT", help="Listen on the network instead, as printers do on 9100.")
@click.option(
    "--control", type=click.Path(path_type=Path), help="A local socket to lay cards, take paper, pull plugs."
)
@click.option(
    "--script", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Faults, as YAML."
)
@click.option(
    "--baud", type=click.IntRange(1200, 921600), help="Take the time that the wire would at this speed."
)
def simulate(
    device: str,
    link: Path | None,
    listen: str | None,
    control: Path | None,
    script: Path | None,
    baud: int | None,
) -> None:
    """Run a simulated DEVICE that speaks the real one's bytes behind a port of its own."""
    try:
        faults = load_script(script) if script else []
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--script") from error
    target = listener_at(listen) if listen else link or Path(device)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    with SIMULATORS[device](target, baud, faults) as simulator:
        simulator.start()
        if control is not None:
            simulator.serve_control(control)
        click.echo(f"{device} on {target}" + (f", control {control}" if control else ""))
        ended.wait()


if __name__ == "__main__":
    simulate()
