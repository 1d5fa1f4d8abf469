"""The command `kiosk central`: run the reference platform on this machine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from sync.central.console.command import operator

_EXAMPLES = """\b
Examples:
  kiosk central --enrolment-code 7K2M-PQ4X
  kiosk central --listen 0.0.0.0:8443 --database sqlite:////var/lib/linban-central/central.db
  kiosk central --data /tmp/central --listen 127.0.0.1:0
"""
_CODE_VALID_FOR = timedelta(hours=24)


@click.group(name="central", epilog=_EXAMPLES, invoke_without_command=True)
@click.option(
    "--database", default=None, metavar="URL", help="sqlite:///FILE  [default: central.db in --data]"
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
    "--enrolment-code", default=None, metavar="CODE", help="A code that enrols one terminal, good for a day."
)
@click.option(
    "--region", default="370508", show_default=True, metavar="CODE", help="Region told to new terminals."
)
@click.pass_context
def central(
    context: click.Context,
    database: str | None,
    address: str,
    data_dir: Path,
    enrolment_code: str | None,
    region: str,
) -> None:
    """Run the reference central platform: it receives cases and tells terminals what became of them.

    Speaks plain HTTP; outside this machine, put a TLS proxy in front of it.
    """
    if context.invoked_subcommand is not None:
        return
    # FastAPI takes a second to import; `--help` and a wrong option should not wait for it.
    from sync.central.server import build_platform, listen, uvicorn_server

    host, port = _host_and_port(address)
    file = _database_file(database, data_dir)
    platform = build_platform(file, data_dir, region_code=region)
    if enrolment_code:
        platform.store.add_enrolment_code(enrolment_code, _CODE_VALID_FOR)
    try:
        listener = listen(host, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {address}: {error.strerror}") from error
    click.echo(f"central platform: http://{host}:{listener.getsockname()[1]}")
    click.echo(f"database: {file}")
    click.echo(
        "operators' console: /console (first account: `kiosk central operator add NAME --role administrator`)"
    )
    click.echo(f"operator's token: {data_dir / 'operator.token'}")
    uvicorn_server(platform).run(sockets=[listener])
    platform.store.close()


central.add_command(operator)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{address!r} is not HOST:PORT", param_hint="--listen")
    return host.strip("[]"), int(port)


def _database_file(url: str | None, data_dir: Path) -> Path:
    if url is None:
        return data_dir / "central.db"
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql:", "postgres:")):
        message = "PostgreSQL is not built in yet; it comes later. Use sqlite:///FILE for now."
        raise click.BadParameter(message, param_hint="--database")
    raise click.BadParameter(f"{url!r} is not sqlite:///FILE", param_hint="--database")
