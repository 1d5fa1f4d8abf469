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
from devices.contract import Broken, Check, Contract, Hands, NotRun, Rig
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


def contract_of(kind: registry.DeviceKind) -> Contract[Any]:
    """The contract of a class. Raises `NotRun` where there is none yet."""
    if kind.contract is None:
        raise NotRun(f"there is no contract for {kind.device} yet")
    return kind.contract()


@contextmanager
def simulated_rig(driver: str, kind: registry.DeviceKind, clock: Clock | None = None) -> Iterator[Rig[Any]]:
    """`driver` on the simulator of its class, in a folder of its own."""
    clock = clock or SystemClock()
    contract = contract_of(kind)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="linban-")))
        stage = stack.enter_context(contract.stage(folder))
        hands = SimulatorHands(stage.control)
        stack.callback(hands.close)
        yield Rig(make=lambda: kind.drivers[driver](stage.settings, clock), hands=hands, clock=clock)


def run_contract(
    driver: str, kind: registry.DeviceKind, rig: Rig[Any], port: str, progress: Progress | None = None
) -> ConformanceReport:
    """Every check, one after the other; trouble in one does not keep the next from being tried."""
    checks = checks_for(contract_of(kind))
    results: list[CheckResult] = []
    began_at = datetime.now().astimezone().isoformat(timespec="seconds")
    for number, check in enumerate(checks, start=1):
        result = run_check(check, rig)
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


def run_check(check: Check[Any], rig: Rig[Any]) -> CheckResult:
    """One check, from a healed device to a healed device."""
    started = time.monotonic()
    verdict, detail, evidence = Verdict.PASSED, "", {}
    try:
        heal(rig.hands)
        evidence = {key: str(value) for key, value in check.run(rig).items() if value != ""}
    except Broken as broken:
        verdict, detail = Verdict.FAILED, str(broken)
    except NotRun as reason:
        verdict, detail = Verdict.NOT_RUN, str(reason)
    except Exception as error:  # noqa: BLE001 - a driver that raises has broken the first promise of its port
        verdict, detail = Verdict.FAILED, f"raised {type(error).__name__}: {error}"
    finally:
        heal(rig.hands)
    return CheckResult(
        name=check.name,
        promise_zh=check.promise[0],
        promise_en=check.promise[1],
        verdict=verdict,
        detail=detail,
        evidence=evidence,
        seconds=round(time.monotonic() - started, 2),
    )


def heal(hands: Hands) -> None:
    """Everything right again, whatever a check has left."""
    try:
        hands.do("heal")
    except NotRun:
        pass


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
