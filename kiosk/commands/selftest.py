"""`kiosk doctor --devices`: asks the running devices process for a self-test, and prints it on the slip printer."""

from __future__ import annotations

import json
import uuid
from typing import Any

import click
import msgspec

from kiosk.clock import SystemClock
from kiosk.config import Settings
from kiosk.documents.readiness_slip import compose_readiness
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.domain.readiness import ReadinessReport
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient
from kiosk.sentences import sentence

_ANSWER_S = 15.0
_PRINT_S = 40.0


def self_test(settings: Settings, on_paper: bool, as_json: bool) -> int:
    """Show the report; returns the exit code: 0 when every attached device is ready (and the slip came out)."""
    try:
        with IpcClient(settings.devices_socket, timeout_s=_ANSWER_S) as client:
            report = msgspec.convert(client.call("readiness"), ReadinessReport)
            printed = _print(client, report, settings) if on_paper else None
    except IpcError as error:
        raise click.ClickException(
            f"the devices process does not answer ({error.fault.value}); kiosk run starts it"
        ) from error
    if as_json:
        told: dict[str, Any] = msgspec.to_builtins(report) | {"ready": report.ready}
        click.echo(
            json.dumps(told | ({"slip": printed.verdict} if printed else {}), ensure_ascii=False, indent=2)
        )
    else:
        _show(report, settings)
        if printed is not None:
            click.echo(_told(printed, settings), err=True)
    return 0 if report.ready and (printed is None or printed.verdict is PrintVerdict.PRINTED) else 1


def _print(client: IpcClient, report: ReadinessReport, settings: Settings) -> PrintOutcome:
    """One slip. The printer's own word decides whether it came out."""
    language = settings.terminal.language.value
    page = compose_readiness(
        report,
        local_time=report.at.astimezone(),
        site_name=settings.terminal.site_name,
        language=language,
        say=lambda reason: sentence(reason, settings.terminal.language),
    )
    job = f"self-test-{uuid.uuid4()}"
    client.call("slip_printer.print", job=job, page=page)
    clock = SystemClock()
    deadline = clock.monotonic() + _PRINT_S
    while (left := deadline - clock.monotonic()) > 0:
        for message in client.notifications(min(left, 1.0)):
            if message.method == "slip_printer.outcome" and (message.params or {}).get("job") == job:
                return msgspec.convert((message.params or {})["outcome"], PrintOutcome)
    return PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER)


def _show(report: ReadinessReport, settings: Settings) -> None:
    language = settings.terminal.language
    for device in report.devices:
        sign = click.style("✓", fg="green") if device.ready else click.style("✗", fg="red")
        status = device.status
        parts = [
            sentence(status.state, language),
            sentence(status.paper, language) if _has_paper(device) else "",
        ]
        parts += [sentence(status.detail, language), device.capabilities.model, device.capabilities.firmware]
        click.echo(
            f"{sign} {sentence(device.device, language)}  {'，'.join(part for part in parts if part)}  "
            f"({device.seconds:.2f} s)"
        )
    if not report.devices:
        click.echo("no device is attached: kiosk config example shows their tables")


def _has_paper(device: Any) -> bool:
    return device.device.value in ("receipt_printer", "sheet_printer")


def _told(outcome: PrintOutcome, settings: Settings) -> str:
    if outcome.verdict is PrintVerdict.PRINTED:
        return "the slip is printed"
    return f"slip {outcome.verdict}: {sentence(outcome.fault, settings.terminal.language)}"
