"""`kiosk bench`: measurements, each beside its yardstick in the same run."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import click

_BENCHES = {
    "start": ("kiosk.bench.start:run", "icon to attract page, memory, idle processor time"),
    "page": ("kiosk.bench.page_turn:run", "tap to painted page"),
    "card": ("devices.id_card.bench:run", "an ID card read, beside the wire time of its bytes"),
    "scanner": ("devices.scanner.bench:run", "a burst of long codes, beside pyserial and the wire"),
    "slip": (
        "devices.slip_printer.bench:run",
        "a slip's bytes, processor time and seconds, beside python-escpos",
    ),
    "sheet": ("devices.sheet_printer.bench:run", "an A4 job, beside ipptool on the same printer"),
    "camera": ("devices.camera.bench:run", "codes in photographs, and what an empty counter costs"),
    "record": ("kiosk.bench.record:run", "a whole case in the journal, beside a bare durable insert"),
    "journal": ("kiosk.bench.journal:run", "the journal at a million rows, at a power cut, while drained"),
    "central": (
        "sync.bench.central_store:run",
        "what the platform's store costs an entry, beside the bare engine, at few rows and at many",
    ),
    "drain": (
        "sync.bench.drain:run",
        "10,000 cases from journal to platform, durable at both ends, beside peers",
    ),
}


@click.command()
@click.argument("name", required=False, type=click.Choice(list(_BENCHES)))
@click.option("--json", "as_json", is_flag=True, help="As JSON (the only form so far; kept for scripts).")
@click.option(
    "--photos",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Photographs of codes for `camera`: a folder with a manifest.json of [{file, text}, …].",
)
@click.option(
    "--rows",
    type=click.IntRange(10_000, 100_000_000),
    help="Rows that are stored already, for `central` and `journal`; ten millions need twelve gigabytes.  [default: 1000000]",
)
def bench(name: str | None, as_json: bool, photos: Path | None, rows: int | None) -> None:
    """Measure NAME, or everything, and print JSON: each figure beside its yardstick and its goal.

    \b
    start      icon to attract page, memory, idle processor time
    page       tap to painted page
    card       an ID card read, beside the wire time of its bytes
    scanner    a burst of long codes, beside pyserial and the wire
    slip       a slip's bytes, processor time and seconds, beside python-escpos
    sheet      an A4 job, beside ipptool on the same printer
    camera     codes in photographs, beside zxing-cpp, pyzbar and OpenCV
    record     a whole case in the journal, beside a bare durable insert
    journal    the journal at a million rows, at a power cut, while drained; beside other queues
    central    the platform's store, beside the bare engine, on SQLite and PostgreSQL
    drain      10,000 cases from journal to platform, durable at both ends, beside raw TCP, MQTT and PouchDB

    These machines are noisy: compare figures of one run, never of two. Exits 1 when a goal is not met.

    \b
    Examples:
      kiosk bench start
      kiosk bench camera --photos ~/photos --json
      kiosk bench journal --rows 50000
      kiosk bench > figures.json
    """
    del as_json
    if photos is not None and name != "camera":
        raise click.UsageError("--photos is for `kiosk bench camera`")
    if rows is not None and name not in ("central", "journal"):
        raise click.UsageError("--rows is for `kiosk bench central` and `kiosk bench journal`")
    names = [name] if name else list(_BENCHES)
    report: dict[str, Any] = {}
    for each in names:
        click.echo(f"measuring {each}: {_BENCHES[each][1]} …", err=True)
        module, _, function = _BENCHES[each][0].partition(":")
        run = getattr(importlib.import_module(module), function)
        try:
            report[each] = run(*(value for value in (photos, rows) if value is not None))
        except ValueError as error:
            if photos is None:
                raise
            raise click.BadParameter(str(error), param_hint="--photos") from error
    click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    missed = sorted(_missed(report))
    for place in missed:
        click.echo(f"goal not met: {place}", err=True)
    sys.exit(1 if missed else 0)


def _missed(value: Any, place: str = "") -> list[str]:
    """Where in the report a goal is not met."""
    if not isinstance(value, dict):
        return []
    if value.get("met") is False:
        limit = next(
            f"{key.replace('_', ' ')} {value[key]}" for key in ("at_most", "at_least") if key in value
        )
        return [f"{place}: {value.get('value')} {value.get('unit', '')}, {limit}"]
    return [found for key, inner in value.items() for found in _missed(inner, f"{place}.{key}".lstrip("."))]
