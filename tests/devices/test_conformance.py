"""Every driver of every class keeps the contract of its class, over its real transport.

`pytest tests/devices/test_conformance.py --driver=NAME` tries one driver.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from devices import registry
from devices.conformance.every_device import checks_for
from devices.conformance.report import to_html, to_json
from devices.conformance.run import (
    CheckResult,
    ConformanceReport,
    Verdict,
    all_stages,
    contract_of,
    run_check,
    run_contract,
    simulated_rig,
)
from devices.contract import NotRun
from devices.id_card.driver import SdtReader
from devices.id_card.practice_cards import PRACTICE_CARDS
from devices.id_card.text_block import parse_identity
from devices.kind import DeviceKind
from kiosk.commands.simulate import simulate
from kiosk.domain.device_status import CompletionCode
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ports import (
    CaptureRemark,
    CardFault,
    CardNotRead,
    CardOutcome,
    CardRead,
    FingerprintFault,
    NoCard,
    NotCaptured,
    NotScanned,
    ScanFault,
)
from kiosk.ports.completion import completion_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stage" in metafunc.fixturenames:
        wanted = metafunc.config.getoption("--driver")
        chosen = [
            (kind, stage) for kind, stage in all_stages() if wanted in (None, stage, stage.partition("/")[0])
        ]
        metafunc.parametrize(("kind", "stage"), chosen, ids=[stage for _, stage in chosen])


def test_a_driver_keeps_its_contract(kind: DeviceKind, stage: str) -> None:
    try:
        with simulated_rig(stage, kind) as rig:
            report = run_contract(stage, kind, rig, "simulator")
    except NotRun as reason:
        pytest.skip(str(reason))
    broken = [f"{check.name}: {check.detail}" for check in report.checks if check.verdict is Verdict.FAILED]
    assert not broken
    assert report.count(Verdict.PASSED) >= 15


class _Liar(SdtReader):
    """Gives an identity whether there is a card or not."""

    def read(self, timeout_s: float, cancel: Any, on_found: Callable[[], None]) -> CardOutcome:
        on_found()
        document = parse_identity(PRACTICE_CARDS["测试乙"].text)
        assert not isinstance(document, CardFault)
        return CardRead(document=document)


class _Raiser(SdtReader):
    def read(self, timeout_s: float, cancel: Any, on_found: Callable[[], None]) -> CardOutcome:
        raise OSError("the cable")


@pytest.mark.parametrize(
    ("bad", "check", "complaint"),
    [
        (_Liar, "silence", "identity that no card"),
        (_Liar, "one-read-a-placing", "was read again"),
        (_Raiser, "works", "raised OSError"),
    ],
)
def test_a_driver_that_breaks_its_word_is_found_out(
    bad: type[SdtReader], check: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = next(kind for kind in registry.KINDS if "sdt" in kind.drivers)
    monkeypatch.setattr("devices.id_card.driver.SdtReader", bad)
    tried = next(each for each in checks_for(contract_of(kind)) if each.name == check)
    with simulated_rig("sdt", kind) as rig:
        result = run_check(tried, rig, contract_of(kind).work)
    assert result.verdict is Verdict.FAILED
    assert complaint in result.detail


def test_the_command_writes_a_report_to_sign(tmp_path: Path) -> None:
    done = CliRunner().invoke(simulate, ["--conformance", "scanner-serial", "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["driver"] == "scanner-serial"
    assert {check["verdict"] for check in told["checks"]} == {"passed"}
    assert json.loads((tmp_path / "scanner-serial.json").read_text()) == told
    page = (tmp_path / "scanner-serial.html").read_text(encoding="utf-8")
    assert "符合" in page
    assert "签字" in page
    assert "http" not in page.split("</style>")[1].replace("https://example.invalid", "")


def test_an_unknown_driver_is_answered_with_the_known_ones() -> None:
    done = CliRunner().invoke(simulate, ["--conformance", "nope"])
    assert done.exit_code == 2
    assert "sdt" in done.output


def test_what_a_device_says_of_itself_cannot_break_out_of_the_report() -> None:
    check = CheckResult(
        name="x",
        promise_zh="诺",
        promise_en="p",
        verdict=Verdict.FAILED,
        detail="<script>",
        evidence={"a": "<b>"},
    )
    report = ConformanceReport(
        driver="d", device="id_card_reader", port="p", simulated=False, began_at="2026-01-01T00:00:00+08:00",
        product_version="1", system="s", model="<img src=x>", serial_number="", firmware="", checks=(check,),
    )  # fmt: skip
    page = to_html(report, "0" * 64)
    assert "<script>" not in page
    assert "<img" not in page
    assert "不符合" in page
    assert json.loads(to_json(report))["checks"][0]["verdict"] == "failed"


@pytest.mark.parametrize(
    "outcome",
    [
        *(CardNotRead(fault=fault) for fault in CardFault),
        *(NotScanned(fault=fault) for fault in ScanFault),
        *FingerprintFault,
        *(NotCaptured(remark=remark) for remark in CaptureRemark),
        *(
            PrintOutcome(verdict=verdict, fault=fault)
            for verdict in PrintVerdict
            for fault in PrintFault
            if verdict is not PrintVerdict.PRINTED
        ),
        NoCard(),
        None,
    ],
    ids=repr,
)
def test_every_ending_that_is_no_success_has_one_other_completion_code(outcome: Any) -> None:
    assert completion_of(outcome) is not CompletionCode.SUCCESS


def test_what_no_port_returns_is_a_bug() -> None:
    with pytest.raises(TypeError):
        completion_of("printed")
