"""`kiosk simulate several`: many simulated devices in one program, for a demonstration's second row.

In the run folder each has its port, `tty-CLASS`, and its hands, `sim-CLASS.sock`.
"""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from pathlib import Path

import click

from devices.simulate import SIMULATORS, listener_at
from devices.transport.tcp_far_end import TcpFarEnd

_EXAMPLES = """
\b
Examples:
  kiosk simulate several --run-dir /tmp/run io-board fingerprint-reader
  kiosk simulate several --run-dir /tmp/run power-supply=127.0.0.1:3493 code-camera
"""


@click.command(epilog=_EXAMPLES)
@click.argument("devices", nargs=-1, required=True, metavar="NAME[=HOST:PORT]…")
@click.option(
    "--run-dir", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
    help="Where ports and control sockets are made.",
)  # fmt: skip
def simulate_several(devices: tuple[str, ...], run_dir: Path) -> None:
    """Play several devices at once. One that this machine cannot play is named and left out."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    with ExitStack() as stack:
        for device in devices:
            _start(device, run_dir, stack)
        ended.wait()


def _start(device: str, run_dir: Path, stack: ExitStack) -> None:
    name, _, address = device.partition("=")
    if name not in SIMULATORS:
        raise click.BadParameter(f"no device {name!r}; there are {', '.join(sorted(SIMULATORS))}")
    device_class = name.replace("-", "_")
    target: Path | TcpFarEnd = listener_at(address) if address else run_dir / f"tty-{device_class}"
    try:
        simulator = SIMULATORS[name](target, None, [])
        stack.enter_context(simulator)
        simulator.start()
    except (OSError, click.ClickException) as error:
        click.echo(f"{name} cannot be played here: {error}", err=True)
        return
    simulator.serve_control(run_dir / f"sim-{device_class}.sock")
    click.echo(f"{name} on {target}")
