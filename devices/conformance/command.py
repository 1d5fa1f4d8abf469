"""`kiosk simulate --conformance DRIVER`: the whole contract of a class against one driver."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from devices import registry
from devices.conformance.hands import PersonHands
from devices.conformance.report import to_json, write_report
from devices.conformance.run import (
    CheckResult,
    ConformanceReport,
    Verdict,
    all_stages,
    contract_of,
    run_contract,
    simulated_rig,
)
from devices.contract import NotRun, Rig
from devices.kind import DeviceKind
from kiosk.clock import SystemClock
from kiosk.config import load
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import ConfigError

_SIGNS = {Verdict.PASSED: ("✓", "green"), Verdict.FAILED: ("✗", "red"), Verdict.NOT_RUN: ("–", "yellow")}


@click.command()
@click.argument("driver")
@click.option("--class", "device_class", type=click.Choice([device.value for device in DeviceClass]))
@click.option("--config", "config_file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True)
def conformance(
    driver: str, device_class: str | None, config_file: Path | None, out: Path | None, as_json: bool
) -> None:
    """Run the contract of DRIVER's class and write the report; exits 0 when no check failed."""
    kind = _kind_of(driver, device_class)
    try:
        with ExitStack() as stack:
            if config_file is None:
                rig = stack.enter_context(simulated_rig(driver, kind))
                port = "simulator"
            else:
                rig, port = _real_rig(driver, kind, config_file)
            report = run_contract(driver, kind, rig, port, _tell)
    except (NotRun, ConfigError) as reason:
        raise click.ClickException(str(reason)) from reason
    if as_json:
        click.echo(to_json(report).decode("utf-8"), nl=False)
    if out is not None:
        for file in write_report(report, out):
            click.echo(f"wrote {file}", err=True)
    _sum_up(report)
    sys.exit(1 if report.count(Verdict.FAILED) else 0)


def known_drivers() -> list[str]:
    """Every driver that the registry knows, and the lines over which one can be simulated."""
    drivers = {driver for kind in registry.KINDS for driver in kind.drivers}
    return sorted(drivers | {stage for _, stage in all_stages()})


def _kind_of(driver: str, device_class: str | None) -> DeviceKind:
    """The class of one of our drivers; a vendor's needs to be told."""
    for kind in registry.KINDS:
        if device_class in (None, kind.device.value) and driver.partition("/")[0] in kind.drivers:
            return kind
        if device_class == kind.device.value and driver.startswith(registry.FOREIGN):
            return kind
    if driver.startswith(registry.FOREIGN):
        raise click.BadParameter("a vendor's driver needs --class", param_hint="--conformance")
    raise click.BadParameter(
        f"no driver {driver!r}; there are {', '.join(known_drivers())}", param_hint="--conformance"
    )


def _real_rig(driver: str, kind: DeviceKind, config_file: Path) -> tuple[Rig[Any], str]:
    """The device of a settings file, with a person's hands."""
    try:
        table = getattr(load(config_file).devices, kind.device.value)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    if table is None or table.driver != driver:
        raise click.ClickException(
            f'{config_file} has no [devices.{kind.device.value}] with driver = "{driver}"'
        )
    clock = SystemClock()
    rig: Rig[Any] = Rig(
        make=lambda: registry.driver_called(kind, driver, table, clock),
        hands=PersonHands(contract_of(kind).asked, _ask),
        clock=clock,
    )
    return rig, str(
        next((getattr(table, key) for key in ("port", "uri", "address", "reader") if hasattr(table, key)), "")
    )


def _ask(chinese: str, english: str) -> bool:
    """One thing for the person to do; they say when it is done, or that they cannot."""
    click.echo(f"\n  → {chinese}\n    {english}", err=True)
    click.echo("    做好按回车；做不了按 n 再回车  (Enter when done; n + Enter if you cannot)", err=True)
    return sys.stdin.readline().strip().lower() != "n"


def _tell(number: int, count: int, result: CheckResult) -> None:
    sign, colour = _SIGNS[result.verdict]
    click.echo(
        f"{number:3}/{count} {click.style(sign, fg=colour)} {result.promise_zh}  {result.promise_en}"
        + (f"\n        {result.detail}" if result.detail else ""),
        err=True,
    )


def _sum_up(report: ConformanceReport) -> None:
    click.echo(
        f"{report.driver}: {report.count(Verdict.PASSED)} passed, {report.count(Verdict.FAILED)} failed, "
        f"{report.count(Verdict.NOT_RUN)} not run",
        err=True,
    )
