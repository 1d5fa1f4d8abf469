"""`kiosk simulate`: hands over to the package whose device, or line, is played."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from kiosk.cli import load_command

_DEVICES = (
    "id-card-reader",
    "social-card-reader",
    "badge-reader",
    "receipt-printer",
    "sheet-printer",
    "barcode-scanner",
    "keyboard-scanner",
    "code-camera",
    "document-camera",
    "io-board",
    "power-supply",
    "fingerprint-reader",
)
_LINE, _SEVERAL = "line", "several"


class _DeviceGroup(click.Group):
    """Loads a simulator only when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_DEVICES, _SEVERAL, _LINE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == _LINE:
            return load_command("sync.line_simulator:simulate_line")
        if cmd_name == _SEVERAL:
            return load_command("devices.simulate_several:simulate_several")
        if cmd_name not in _DEVICES:
            return None
        one_for_all = load_command("devices.simulate:simulate")
        if one_for_all.callback is None:
            return None
        return click.Command(
            cmd_name,
            params=[parameter for parameter in one_for_all.params if parameter.name != "device"],
            callback=partial(one_for_all.callback, device=cmd_name),
            help=f"A simulated {cmd_name} that speaks the real one's bytes behind a port of its own.",
            epilog=one_for_all.epilog,
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("What can be played"):
            formatter.write_dl(
                [
                    (
                        "id-card-reader",
                        "A SAM reader: cards to lay down, every fault a card and a cable can have.",
                    ),
                    (
                        "social-card-reader",
                        "A slot for social-security cards and badges, with PC/SC (vpcd) or without.",
                    ),
                    ("badge-reader", "The same slot with the staff's badges."),
                    ("receipt-printer", "An ESC/POS printer that renders what it prints."),
                    (
                        "sheet-printer",
                        "An A4 printer (a real ippeveprinter) that runs out of paper and dies.",
                    ),
                    ("barcode-scanner", "A serial scanner."),
                    ("keyboard-scanner", 'A scanner that types, behind a pipe: port = "sim:LINK".'),
                    (
                        "code-camera",
                        "A camera above a counter: codes to hold up, bent slips, a hand on the lens.",
                    ),
                    (
                        "document-camera",
                        "A camera above a plate: papers to lay down, glare, shadows, a hand.",
                    ),
                    ("io-board", "Lights, a help button, a door and somebody in front, behind Modbus."),
                    ("fingerprint-reader", "A fingerprint module, and fingers to press on it."),
                    ("power-supply", "A battery behind NUT: mains to cut, listening on the network."),
                    ("several", "Many devices in one program, as the demonstration does."),
                    ("line", "The line to the platform: up, cut, slow, answers lost, a portal in the way."),
                ]
            )


@click.group(cls=_DeviceGroup, invoke_without_command=True)
@click.option(
    "--conformance", "driver", metavar="DRIVER", help="Put a driver through the contract of its class."
)
@click.option(
    "--class",
    "device_class",
    metavar="CLASS",
    help="With --conformance x-…: a vendor's driver of this class.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --conformance: the real device of these settings, with you as its hands.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --conformance: write DRIVER.html, to be signed, and DRIVER.json into this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="With --conformance: the report on standard output.")
@click.pass_context
def simulate(
    context: click.Context,
    driver: str | None,
    device_class: str | None,
    config_file: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Play a device, or the line to the platform, with real bytes.

    With --conformance, the other way round: a driver is put through everything that its class promises,
    against the simulator, or (with --config) against real hardware.

    \b
    Examples:
      kiosk simulate id-card-reader --link /tmp/reader
      kiosk simulate receipt-printer --link /tmp/printer --control /tmp/printer.sock
      kiosk simulate line --listen 127.0.0.1:8001 --to 127.0.0.1:8000
      kiosk simulate --conformance sdt --out reports
      kiosk simulate --conformance x-acme --class id_card_reader
      kiosk simulate --conformance escpos --config /etc/linban/linban.toml --out reports
    """
    if context.invoked_subcommand is not None:
        return
    if driver is None:
        click.echo(context.get_help())
        context.exit(2)
    conform = load_command("devices.conformance.command:conformance")
    context.invoke(
        conform, driver=driver, device_class=device_class, config_file=config_file, out=out, as_json=as_json
    )
