"""`kiosk central publisher`: whose catalogues of services this platform takes and hands out."""

from __future__ import annotations

import re

import click

_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)


@click.command()
@click.argument("key", required=False)
@click.pass_context
def publisher(context: click.Context, key: str | None) -> None:
    """Trust the publisher with this public KEY (64 hex digits); without one, list those that are trusted.

    The platform checks so that a mistake is told to whoever publishes. Terminals have the key in their own
    settings (`publisher_key`) and check again: trusting somebody here makes no terminal trust them.

    \b
    Example:
      kiosk central --data /var/lib/linban-central publisher 5f0c…
    """
    from kiosk.clock import SystemClock
    from sync.central.catalogue_store import CatalogueStore
    from sync.central.engine import UnusableDatabase
    from sync.central.store import Store

    if key is not None and not _KEY.fullmatch(key):
        raise click.BadParameter("64 hex digits, as `kiosk services new-key` prints them", param_hint="KEY")
    assert context.parent is not None
    options = context.parent.params
    try:
        options["data_dir"].mkdir(parents=True, exist_ok=True, mode=0o700)
        memory = Store(options["database"] or options["data_dir"] / "central.db", SystemClock())
    except (UnusableDatabase, OSError) as error:
        raise click.ClickException(str(error)) from error
    try:
        store = CatalogueStore(memory)
        if key is not None:
            store.trust(bytes.fromhex(key))
        for known in store.publishers():
            click.echo(known.hex())
    finally:
        memory.close()
