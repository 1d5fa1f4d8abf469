"""The same contracts over the real transports: pcscd, CUPS, NUT, and USB as the kernel shows it.

What the simulators' stages promise is in `test_conformance`; here a program of others stands between the
driver and the simulated device, or in its place.  Modbus is not here: behind that simulator's line answers
pymodbus' own server (`devices.board.modbus_server`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from devices import registry
from devices.badge.kind import KIND as BADGES
from devices.conformance.every_device import checks_for
from devices.conformance.run import CheckResult, Verdict, contract_of, run_check
from devices.contract import Hands, Rig
from devices.id_card.simulator import IdCardReaderSimulator
from devices.kind import DeviceKind
from devices.power.kind import KIND as SUPPLIES
from devices.scanner.keyboard_player import SIMULATED
from devices.scanner.kind import KIND as SCANNERS
from devices.sheet_printer.kind import KIND as SHEETS
from devices.social_card.kind import KIND as SOCIAL_CARDS
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.clock import SystemClock
from kiosk.device_settings import (
    BadgeReaderSettings,
    BarcodeScannerSettings,
    PowerSupplySettings,
    SheetPrinterSettings,
    SocialCardReaderSettings,
)
from tests.devices.nut_world import needs_nut
from tests.devices.pcsc_world import PcscWorld
from tests.devices.print_world import a_printer, a_queue, needs_printer
from tests.devices.real_peer_hands import (
    NutHands,
    PcscHands,
    QueueHands,
    SpoolerHands,
    SwitchedNut,
    TamperedLine,
    TamperingNutHands,
)
from tests.devices.stage_hands import EVENT_NODE, require_stage, staged, staged_keyboard

pytestmark = pytest.mark.slow
FEW_CUTS = 6
"""A cut on the real service takes a second; the simulators' stages make four times as many."""
ON_THE_LINE = {"cut-anywhere", "silence", "noise", "slow", "fault-scripts"}
OF_THE_PLUG = {"opens", "works", "absent", "unplugged-idle", "replug", "no-leak"}
LONG = {"cut-anywhere", "noise", "fault-scripts", "next-card", "lifted", "refusals", "no-leak"}
"""What takes seconds or minutes here, and is tried in the long runs only; the simulators' stages try all of it."""
left_out = pytest.mark.parametrize(
    "left_out", [LONG, pytest.param(set(), marks=pytest.mark.soak)], ids=["short", "whole"]
)


def rig_of(kind: DeviceKind, driver: str, settings: Any, hands: Hands) -> Rig[Any]:
    clock = SystemClock()
    return Rig(
        make=lambda: registry.driver_called(kind, driver, settings, clock),
        hands=hands,
        clock=clock,
        cuts=FEW_CUTS,
    )


def verdicts(
    kind: DeviceKind, rig: Rig[Any], left_out: set[str] | None = None, only: set[str] | None = None
) -> list[CheckResult]:
    """Every check but those left out, or only those named; none may fail."""
    contract = contract_of(kind)
    checks = {check.name: check for check in checks_for(contract)}
    results = []
    for name, check in checks.items():
        if name in (left_out or ()) or (only is not None and name not in only):
            continue
        results.append(result := run_check(check, rig, contract.work))
        print(f"{result.verdict:8} {result.seconds:6.2f} {result.name} {result.detail} {result.evidence}")
    broken = [f"{result.name}: {result.detail}" for result in results if result.verdict is Verdict.FAILED]
    assert not broken
    assert only is None or len(results) == len(only)
    return results


def not_run(results: list[CheckResult]) -> set[str]:
    return {result.name for result in results if result.verdict is Verdict.NOT_RUN}


# -- cards through pcscd -------------------------------------------------------------------------------------


@left_out
def test_social_cards_through_the_pcsc_service(pcsc: PcscWorld, left_out: set[str]) -> None:
    settings = SocialCardReaderSettings(reader=pcsc.reader)
    rig = rig_of(SOCIAL_CARDS, "pcsc-social-card", settings, PcscHands(pcsc, "测试甲"))
    assert not not_run(verdicts(SOCIAL_CARDS, rig, left_out))


@left_out
def test_badges_through_the_pcsc_service(pcsc: PcscWorld, left_out: set[str]) -> None:
    settings = BadgeReaderSettings(reader=pcsc.reader)
    rig = rig_of(BADGES, "pcsc-badge", settings, PcscHands(pcsc, "badge-assistant"))
    assert not not_run(verdicts(BADGES, rig, left_out))


# -- sheets through CUPS -------------------------------------------------------------------------------------


@contextmanager
def queue_before_a_printer(folder: Path) -> Iterator[tuple[SheetPrinterSettings, Path, Any]]:
    with a_printer() as simulator, a_queue(simulator) as cups:
        control = folder / "sheets.sock"
        simulator.serve_control(control)
        yield SheetPrinterSettings(uri=simulator.uri, spooler_uri=cups.uri), control, cups


needs_cups = pytest.mark.skipif(not Path("/usr/sbin/cupsd").exists(), reason="cupsd is not installed")


@needs_printer
@needs_cups
@left_out
def test_sheets_through_cups(tmp_path: Path, left_out: set[str]) -> None:
    with queue_before_a_printer(tmp_path) as (settings, control, _), ExitStack() as stack:
        hands = QueueHands(control)
        stack.callback(hands.close)
        results = verdicts(SHEETS, rig_of(SHEETS, "ipp", settings, hands), left_out)
        # Nothing counts bytes here: the printer is a program of its own.
        assert not_run(results) <= {"cut-anywhere"}


@needs_printer
@needs_cups
def test_cups_itself_comes_and_goes(tmp_path: Path) -> None:
    with queue_before_a_printer(tmp_path) as (settings, control, cups), ExitStack() as stack:
        hands = SpoolerHands(control, cups)
        stack.callback(hands.close)
        rig = rig_of(SHEETS, "ipp", settings, hands)
        assert not not_run(verdicts(SHEETS, rig, only=OF_THE_PLUG))


# -- power through NUT ---------------------------------------------------------------------------------------


@pytest.fixture
def nut(tmp_path: Path) -> Iterator[SwitchedNut]:
    real = SwitchedNut(tmp_path)
    yield real
    real.close()


@needs_nut
@left_out
def test_power_through_nut(nut: SwitchedNut, left_out: set[str]) -> None:
    settings = PowerSupplySettings(address=f"127.0.0.1:{nut.port}")
    # Each plug costs the two seconds that `upsd` needs until its driver has told it everything.
    left_out = left_out and left_out | {"replug"}
    results = verdicts(SUPPLIES, rig_of(SUPPLIES, "nut", settings, NutHands(nut)), left_out)
    # `upsd` neither counts bytes nor sends what is none of its language; the next test does it for it.
    assert not_run(results) <= {"cut-anywhere", "noise", "slow"}


@needs_nut
def test_power_through_nut_on_a_bad_line(nut: SwitchedNut) -> None:
    with TamperedLine(nut) as line:
        line.start()
        hands = TamperingNutHands(nut, line)
        rig = rig_of(SUPPLIES, "nut", PowerSupplySettings(address=f"127.0.0.1:{line.far_end.port}"), hands)
        rig.wire_bytes = len(nut.ask(b"LIST VAR kiosk\n"))
        assert not not_run(verdicts(SUPPLIES, rig, only=ON_THE_LINE))


# -- ID cards through USB ------------------------------------------------------------------------------------


@left_out
@pytest.mark.parametrize(("kind", "address"), [("sam", "usb:0400:C35A"), ("hid", "hid:2B8B:2721")])
def test_id_cards_through_usb(kind: str, address: str, left_out: set[str], tmp_path: Path) -> None:
    require_stage()
    far_end, control = TcpFarEnd(), tmp_path / "sam.sock"
    with IdCardReaderSimulator(far_end) as simulator:
        simulator.start()
        simulator.serve_control(control)
        with staged(kind, far_end) as stage:
            checks = stage.conformance("sdt", address, control, FEW_CUTS, left_out)
    assert len(checks) >= 15
    assert not [check for check in checks if check["verdict"] != "passed"]


# -- codes through a keyboard's event node -------------------------------------------------------------------


@pytest.mark.parametrize(
    "left_out", [LONG - {"noise"}, pytest.param(set(), marks=pytest.mark.soak)], ids=["short", "whole"]
)
def test_codes_through_an_event_node(left_out: set[str], tmp_path: Path) -> None:
    require_stage()
    with contract_of(SCANNERS).stages["scanner-keyboard"](tmp_path) as typing:
        assert isinstance(typing.settings, BarcodeScannerSettings)
        assert typing.wire_bytes
        with staged_keyboard(Path(typing.settings.port.removeprefix(SIMULATED))) as stage:
            checks = stage.conformance(
                "scanner-keyboard", EVENT_NODE, typing.control, FEW_CUTS, left_out, typing.wire_bytes
            )
    assert len(checks) >= 15
    # A keyboard types characters, so no bytes that mean nothing can come from it.
    assert [check["name"] for check in checks if check["verdict"] == "not_run"] == ["undecodable"]
    assert not [check for check in checks if check["verdict"] == "failed"]
