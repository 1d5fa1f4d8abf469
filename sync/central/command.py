"""The command `kiosk central`: run the reference platform on this machine."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.central.console.command import operator
from sync.central.publisher_command import publisher

if TYPE_CHECKING:
    from sync.central.workers import WorkerSettings

_EXAMPLES = """\b
Examples:
  kiosk central --enrolment-code 7K2M-PQ4X
  kiosk central --listen 0.0.0.0:8443 --database sqlite:////var/lib/linban-central/central.db
  kiosk central --database postgresql://linban@db/linban --workers 4
  kiosk central --forward-to https://province.example/cases --forward-token-file /etc/linban/token
  kiosk central --data /tmp/central --listen 127.0.0.1:0
"""
_CODE_VALID_FOR = timedelta(hours=24)
_ONE_WRITER = (
    "SQLite lets one process write, so there is one worker; with PostgreSQL (--database postgresql://…) there"
    " may be many"
)


@click.group(name="central", epilog=_EXAMPLES, invoke_without_command=True)
@click.option(
    "--database",
    default=None,
    metavar="URL",
    help="sqlite:///FILE or postgresql://…; a password is better kept in ~/.pgpass  [default: central.db in --data]",
)
@click.option("--listen", "address", default="127.0.0.1:8600", show_default=True, metavar="HOST:PORT")
@click.option(
    "--data",
    "data_dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("linban-central"),
    show_default=True,
    help="Folder of the platform's keys and the operator's token; made at the first start.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that answer; more than one needs PostgreSQL.",
)
@click.option(
    "--enrolment-code", default=None, metavar="CODE", help="A code that enrols one terminal, good for a day."
)
@click.option(
    "--region", default="370508", show_default=True, metavar="CODE", help="Region told to new terminals."
)
@click.option(
    "--forward-to", default="", metavar="TARGET", help="Pass accepted cases on: file:FOLDER or https://…"
)
@click.option(
    "--forward-token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="File with the bearer token of that receiver.",
)
@click.option(
    "--restored",
    is_flag=True,
    help="The database was put back from a backup: say so to the terminals, which send again what is missing.",
)
@click.option(
    "--print-distribution",
    is_flag=True,
    help="Print the statements that spread the tables over a sharding PostgreSQL, and end.",
)
@click.pass_context
def central(
    context: click.Context,
    database: str | None,
    address: str,
    data_dir: Path,
    workers: int,
    enrolment_code: str | None,
    region: str,
    forward_to: str,
    forward_token_file: Path | None,
    restored: bool,
    print_distribution: bool,
) -> None:
    """Run the reference central platform: it receives cases and tells terminals what became of them.

    Speaks plain HTTP; outside this machine, put a TLS proxy in front of it.
    """
    if context.invoked_subcommand is not None:
        return
    if print_distribution:
        click.echo(resources.files("sync.central").joinpath("distribution.sql").read_text(encoding="utf-8"))
        return
    # FastAPI takes a second to import; `--help` and a wrong option should not wait for it.
    from sync.central.server import listen
    from sync.central.workers import Workers, WorkerSettings, run_worker

    host, port = _host_and_port(address)
    where = database_address(database, data_dir)
    if workers > 1 and isinstance(where, Path):
        raise click.BadParameter(_ONE_WRITER, param_hint="--workers")
    settings = WorkerSettings(
        where, data_dir, region, _checked_target(forward_to), _token(forward_token_file)
    )
    shown = _prepare(settings, enrolment_code, restored)
    try:
        listener = listen(host, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {address}: {error.strerror}") from error
    click.echo(f"central platform: http://{host}:{listener.getsockname()[1]}")
    click.echo(f"database: {shown}")
    click.echo(
        "operators' console: /console (first account: `kiosk central operator add NAME --role administrator`)"
    )
    click.echo(f"operator's token: {data_dir / 'operator.token'}")
    if workers == 1:
        run_worker(settings, listener)
    else:
        Workers(settings, listener, workers).run()


central.add_command(operator)
central.add_command(publisher)


def database_address(url: str | None, data_dir: Path) -> Path | str:
    """The file, or the address of a PostgreSQL database; a wrong one is a sentence to the person who typed it."""
    from sync.central.database import sqlite_file
    from sync.central.engine import UnusableDatabase

    if url is None:
        return data_dir / "central.db"
    if url.startswith(("postgresql://", "postgres://")):
        return url
    try:
        return sqlite_file(url)
    except UnusableDatabase as error:
        raise click.BadParameter(str(error), param_hint="--database") from error


def _prepare(settings: WorkerSettings, enrolment_code: str | None, restored: bool) -> str:
    """Open the database once, so that what is wrong with it is said before anybody is served; its address."""
    from sync.central.engine import UnusableDatabase
    from sync.central.keys import UnusableKeys
    from sync.central.server import build_platform

    try:
        platform = build_platform(settings.database, settings.data_dir, region_code=settings.region_code)
    except (UnusableDatabase, UnusableKeys) as error:
        raise click.ClickException(str(error)) from error
    try:
        if restored:
            click.echo(f"a new epoch has begun: {platform.store.begin_epoch('restored')}")
        if enrolment_code:
            platform.store.add_enrolment_code(enrolment_code, _CODE_VALID_FOR)
        return platform.store.address
    finally:
        platform.store.close()


def _checked_target(target: str) -> str:
    from sync.central.forwarding import sink_for

    if target:
        try:
            sink_for(target)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--forward-to") from error
    return target


def _token(file: Path | None) -> str:
    try:
        return file.read_text(encoding="ascii").strip() if file is not None else ""
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{file} holds no token", param_hint="--forward-token-file") from error


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise click.BadParameter(f"{address!r} is not HOST:PORT", param_hint="--listen")
    return host.strip("[]"), int(port)
