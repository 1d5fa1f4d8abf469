"""Puts one driver through its contract and writes down what was seen."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct

from devices import registry
from devices.conformance.every_device import checks_for
from devices.conformance.hands import SimulatorHands
from devices.contract import Broken, Check, Contract, Hands, NotRun, Rig, Work
from devices.kind import DeviceKind
from kiosk.clock import Clock, SystemClock
from kiosk.domain.device_status import DeviceCapabilities


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"


class CheckResult(Struct, frozen=True, kw_only=True):
    """One promise and what became of it."""

    name: str
    promise_zh: str
    promise_en: str
    verdict: Verdict
    detail: str = ""
    evidence: dict[str, str] = {}
    seconds: float = 0.0


class ConformanceReport(Struct, frozen=True, kw_only=True):
    """What a vendor signs."""

    driver: str
    device: str
    port: str
    simulated: bool
    began_at: str
    product_version: str
    system: str
    model: str
    serial_number: str
    firmware: str
    checks: tuple[CheckResult, ...]

    def count(self, verdict: Verdict) -> int:
        """How many checks ended so."""
        return sum(check.verdict is verdict for check in self.checks)


Progress = Callable[[int, int, CheckResult], None]


def contract_of(kind: DeviceKind) -> Contract[Any]:
    """The contract of a class. Raises `NotRun` where there is none yet."""
    if kind.contract is None:
        raise NotRun(f"there is no contract for {kind.device} yet")
    return kind.contract()


@contextmanager
def simulated_rig(stage: str, kind: DeviceKind, clock: Clock | None = None) -> Iterator[Rig[Any]]:
    """The driver of a stage (`sdt`, or `sdt/tcp` for it over another line) on its simulator, in a folder of its own.

    Raises `NotRun` where there is no such simulator, or this machine cannot run it.
    """
    clock = clock or SystemClock()
    contract = contract_of(kind)
    driver, _, line = stage.partition("/")
    # A vendor's driver is put on the simulator that the house's first driver has on that line.
    played = next(
        (
            name
            for name in contract.stages
            if driver.startswith(registry.FOREIGN) and name.partition("/")[2] == line
        ),
        stage,
    )
    if played not in contract.stages:
        raise NotRun(f"{stage} has no simulator; there are {', '.join(contract.stages)}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="linban-")))
        set_up = stack.enter_context(contract.stages[played](folder))
        hands = SimulatorHands(set_up.control)
        stack.callback(hands.close)
        yield Rig(
            make=lambda: registry.driver_called(kind, driver, set_up.settings, clock),
            hands=hands,
            clock=clock,
            wire_bytes=set_up.wire_bytes,
        )


def all_stages() -> list[tuple[DeviceKind, str]]:
    """Every driver of every class on every line that can be simulated."""
    return [(kind, stage) for kind in registry.KINDS if kind.contract for stage in kind.contract().stages]


def run_contract(
    driver: str, kind: DeviceKind, rig: Rig[Any], port: str, progress: Progress | None = None
) -> ConformanceReport:
    """Every check, one after the other; trouble in one does not keep the next from being tried."""
    contract = contract_of(kind)
    checks = checks_for(contract)
    results: list[CheckResult] = []
    began_at = datetime.now().astimezone().isoformat(timespec="seconds")
    for number, check in enumerate(checks, start=1):
        result = run_check(check, rig, contract.work)
        results.append(result)
        if progress is not None:
            progress(number, len(checks), result)
    told = _capabilities(rig)
    return ConformanceReport(
        driver=driver,
        device=kind.device.value,
        port=port,
        simulated=rig.hands.simulated,
        began_at=began_at,
        product_version=_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}",
        model=told.model,
        serial_number=told.serial_number,
        firmware=told.firmware,
        checks=tuple(results),
    )


def run_check(check: Check[Any], rig: Rig[Any], work: Work[Any]) -> CheckResult:
    """One check, from a healed device to a healed device."""
    started = time.monotonic()
    verdict, detail, evidence = Verdict.PASSED, "", {}
    try:
        _heal(rig.hands, work)
        evidence = {key: str(value) for key, value in check.run(rig).items() if value != ""}
    except Broken as broken:
        verdict, detail = Verdict.FAILED, str(broken)
    except NotRun as reason:
        verdict, detail = Verdict.NOT_RUN, str(reason)
    except Exception as error:  # noqa: BLE001 - a driver that raises has broken the first promise of its port
        verdict, detail = Verdict.FAILED, f"raised {type(error).__name__}: {error}"
    finally:
        _heal(rig.hands, work)
    return CheckResult(
        name=check.name,
        promise_zh=check.promise[0],
        promise_en=check.promise[1],
        verdict=verdict,
        detail=detail,
        evidence=evidence,
        seconds=round(time.monotonic() - started, 2),
    )


def _heal(hands: Hands, work: Work[Any]) -> None:
    """Everything right again, whatever a check has left."""
    if hands.simulated:
        hands.do("heal")
        work.finish(hands)


def _capabilities(rig: Rig[Any]) -> DeviceCapabilities:
    try:
        with rig.opened() as driver:
            told: DeviceCapabilities = driver.capabilities()
            return told
    except Broken:
        return DeviceCapabilities()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("linban-kiosk")
    except PackageNotFoundError:
        return "unknown"
