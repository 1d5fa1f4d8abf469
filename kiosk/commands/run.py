"""`kiosk run`: the terminal, or a whole simulated one."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from kiosk.config import DEFAULT_FILE, Mode, load
from kiosk.demo.world import FACE, LANGUAGES, SCREENS, display_is_there, make_world, processes, terminal
from kiosk.supervisor import Supervisor, stop_on_signals

_NO_DISPLAY = """\
This machine has no display, so there is nowhere to show the terminal. Three ways to see it:

  kiosk run --demo --vnc 5901     then open  vnc://this-machine:5901  in any VNC viewer
                                  (no password, every address: only on a machine you trust)
  kiosk demo --out pictures       a scripted resident does a real service; every screen as a PNG
  ssh -X, or a desktop session    then  kiosk run --demo  opens two windows
"""


@click.command()
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help=f"The settings; default {DEFAULT_FILE}."
)
@click.option("--demo", "as_demo", is_flag=True, help="Simulated devices and an embedded central platform.")
@click.option(
    "--vnc", "vnc_port", type=click.IntRange(1, 65535), help="Show it through VNC on this port (no password)."
)
@click.option(
    "--size",
    type=click.Choice(list(SCREENS)),
    default="portrait",
    show_default=True,
    help="Demo: the screen.",
)
@click.option(
    "--mode", type=click.Choice([m.value for m in Mode]), default="standard", help="Demo: how it starts."
)
@click.option(
    "--lang", type=click.Choice(list(LANGUAGES)), default="zh", help="Demo: the language it starts in."
)
@click.option("--verbose", is_flag=True, help="Say which process is started and ended.")
def run(
    config_file: Path | None,
    as_demo: bool,
    vnc_port: int | None,
    size: str,
    mode: str,
    lang: str,
    verbose: bool,
) -> None:
    """Run the terminal: the face, the devices and the line, each a process that is kept alive.

    \b
    Examples:
      kiosk run                                 with the settings in /etc/linban/linban.toml
      kiosk run --config site.toml
      kiosk run --demo                          nothing attached, nothing to set up
      kiosk run --demo --size landscape --mode elder
      kiosk run --demo --vnc 5901               on a machine without a display
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s %(message)s"
    )
    if as_demo and config_file is not None:
        raise click.UsageError("--demo brings its own settings; leave --config out")
    if not as_demo:
        _run_terminal(config_file or DEFAULT_FILE, vnc_port)
        return
    if vnc_port is None and not display_is_there():
        click.echo(_NO_DISPLAY)
        return
    width, height, px_per_mm = SCREENS[size]
    with temporary_folder() as folder:
        world = make_world(
            folder,
            width_px=width,
            height_px=height,
            px_per_mm=px_per_mm,
            mode=Mode(mode),
            language=LANGUAGES[lang],
            bench_window=vnc_port is None,
            face_environment=_vnc(vnc_port, width, height) if vnc_port else {},
        )
        if vnc_port:
            click.echo(f"The terminal is shown at vnc://127.0.0.1:{vnc_port} . Ctrl-C ends it.")
        else:
            click.echo(
                "Two windows: the terminal, and the bench where you lay down cards. Close either to end."
            )
        _supervise(Supervisor(processes(world), world.run_dir, FACE))


def _run_terminal(config_file: Path, vnc_port: int | None) -> None:
    settings = load(config_file)
    if vnc_port is None and not display_is_there() and not Path("/dev/dri").exists():
        raise click.ClickException("no display: no X11, no Wayland and no graphics card; try --vnc PORT")
    environment = _vnc(vnc_port, settings.screen.width_px, settings.screen.height_px) if vnc_port else {}
    _supervise(Supervisor(terminal(config_file, face_environment=environment), settings.paths.run_dir, FACE))


def _vnc(port: int, width: int, height: int) -> dict[str, str]:
    return {"QT_QPA_PLATFORM": f"vnc:port={port}:size={width}x{height}"}


def _supervise(supervisor: Supervisor) -> None:
    stop_on_signals(supervisor)
    supervisor.run()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for one demonstration; short, because a local socket's path may have 108 bytes at most."""
    folder = Path(tempfile.mkdtemp(prefix="linban-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
