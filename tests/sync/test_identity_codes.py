"""A live code and the person behind it: asked now, answered once, never kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from kiosk.clock import ManualClock, SystemClock
from kiosk.config import PathSettings, PlatformSettings, Settings
from kiosk.errors import LineFault, PlatformError
from kiosk.ipc import IpcClient
from sync.agent import Agent
from sync.central.exchange import Platform
from sync.central.identity_codes import IdentityCodes
from sync.line_simulator import LineMode, LineSimulator
from sync.queries import Queries
from sync.wire import IdentityVerdict

ENROLMENT_CODE = "4821093377"
CODE = "TESTZW:0123456789abcdef"
PERSON = {"name": "测试甲", "number": "11010519491231002X", "sex": "2", "birth": "1949-12-31"}


@pytest.fixture
def make_code(platform: Platform, platform_url: str) -> Callable[..., None]:
    def make(code: str = CODE, valid_s: int = 60) -> None:
        done = requests.post(
            f"{platform_url}/v1/operator/identity-codes",
            headers={"authorization": f"Bearer {platform.keys.operator_token}"},
            json={"form": "service-code", "code": code, "valid_s": valid_s, **PERSON},
            timeout=5,
        )
        assert done.status_code == 200

    return make


@pytest.fixture
def queries(terminal: Any) -> Queries:
    terminal.line.succeeded()
    return Queries(
        lambda: terminal.client,
        terminal.line,
        lambda: (terminal.journal.settings.enrolment(), 0),
        SystemClock(),
    )


def identify(queries: Queries, code: str = CODE, try_id: str = "1", age_s: float = 0.0) -> Any:
    return queries.identify("service-code", code, SystemClock().monotonic() - age_s, try_id, 2.0)


def test_a_code_tells_whose_it_is_once(queries: Queries, make_code: Callable[..., None]) -> None:
    make_code()
    found = identify(queries)
    assert (found.verdict, found.name, found.number) == (IdentityVerdict.KNOWN, "测试甲", PERSON["number"])
    assert identify(queries, try_id="1") == found, "the same scan may have to ask again"
    second = identify(queries, try_id="2")
    assert (second.verdict, second.name) == (IdentityVerdict.USED, "")


def test_a_code_that_nobody_made(queries: Queries) -> None:
    assert identify(queries).verdict is IdentityVerdict.UNKNOWN


def test_a_code_in_another_form_is_unknown(queries: Queries, make_code: Callable[..., None]) -> None:
    make_code()
    found = queries.identify("insurance", CODE, SystemClock().monotonic(), "1", 2.0)
    assert found.verdict is IdentityVerdict.UNKNOWN


def test_an_expired_code(platform: Platform) -> None:
    from datetime import date

    from sync.wire import NewIdentityCode

    codes = IdentityCodes(platform.store)
    clock = ManualClock()
    platform.store.clock = clock
    wish = NewIdentityCode(
        form="f", code=CODE, name="测试甲", number=PERSON["number"], birth=date(1949, 12, 31), valid_s=60
    )
    codes.add(wish)
    clock.advance(61)
    assert codes.ask("f", CODE, "t", "1").verdict is IdentityVerdict.EXPIRED


def test_a_code_scanned_a_minute_ago_does_not_leave_the_terminal(
    queries: Queries, make_code: Callable[..., None]
) -> None:
    make_code()
    assert identify(queries, age_s=61).verdict is IdentityVerdict.EXPIRED
    assert identify(queries, age_s=-5).verdict is IdentityVerdict.EXPIRED
    assert identify(queries, try_id="2").verdict is IdentityVerdict.KNOWN, "the platform was not asked before"


def test_a_line_that_is_down_is_said_at_once(queries: Queries, terminal: Any, line: LineSimulator) -> None:
    line.set_mode(LineMode.BLACKHOLE)
    terminal.line.failed(LineFault.NO_LINE)
    started = time.monotonic()
    with pytest.raises(PlatformError) as raised:
        identify(queries)
    assert raised.value.fault is LineFault.NO_LINE
    assert time.monotonic() - started < 0.2


def test_a_lost_answer_is_not_waited_for_beyond_its_deadline(
    queries: Queries, line: LineSimulator, make_code: Callable[..., None]
) -> None:
    make_code()
    line.set_mode(LineMode.BLACKHOLE)
    started = time.monotonic()
    with pytest.raises(PlatformError):
        queries.identify("service-code", CODE, SystemClock().monotonic(), "1", 0.5)
    assert time.monotonic() - started < 1.5
    line.set_mode(LineMode.UP)
    assert identify(queries, try_id="1").verdict is IdentityVerdict.KNOWN


def test_two_terminals_cannot_use_one_code(platform: Platform, make_code: Callable[..., None]) -> None:
    make_code()
    codes = IdentityCodes(platform.store)
    verdicts: list[IdentityVerdict] = []

    def ask(terminal_id: str) -> None:
        verdicts.append(codes.ask("service-code", CODE, terminal_id, "1").verdict)

    threads = [threading.Thread(target=ask, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == [IdentityVerdict.KNOWN] + [IdentityVerdict.USED] * 7


def test_the_platforms_file_holds_no_code(
    platform: Platform, tmp_path: Any, make_code: Callable[..., None]
) -> None:
    make_code()
    platform.store.close()
    files = [file.read_bytes() for file in (tmp_path / "platform").glob("central.db*")]
    assert files
    assert not any(CODE.encode() in content for content in files)


def test_the_face_asks_over_the_socket_and_nothing_is_logged(
    tmp_path: Path, platform_url: str, make_code: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    make_code()
    caplog.set_level("DEBUG")
    settings = Settings(
        paths=PathSettings(state_dir=tmp_path / "state", run_dir=tmp_path / "run"),
        platform=PlatformSettings(url=platform_url, enrolment_code=ENROLMENT_CODE, heartbeat_s=1.0),
    )
    settings.paths.run_dir.mkdir()
    agent = Agent(settings)
    agent.start()
    face = IpcClient(settings.sync_socket)
    try:
        deadline = time.monotonic() + 5
        while face.call("status")["state"] != "online":
            assert time.monotonic() < deadline
            threading.Event().wait(0.02)
        ask: dict[str, Any] = {
            "form": "service-code",
            "code": CODE,
            "scanned_at_s": SystemClock().monotonic(),
            "try": "1",
        }
        known = face.call("identify_code", **ask)
        assert (known["ok"], known["answer"]["verdict"], known["answer"]["name"]) == (True, "known", "测试甲")
        assert face.call("identify_code", **{**ask, "try": "2"})["answer"]["verdict"] == "used"
        stale = face.call(
            "identify_code", **{**ask, "scanned_at_s": SystemClock().monotonic() - 61, "try": "3"}
        )
        assert stale["answer"]["verdict"] == "expired"
    finally:
        face.close()
        agent.close()
    assert not any(secret in caplog.text for secret in (CODE, "测试甲", PERSON["number"]))


@pytest.mark.parametrize("params", [{}, {"code": CODE}, {"form": "f", "code": "", "try": "1"}])
def test_a_question_that_is_not_whole_is_refused(terminal: Any, params: dict[str, str]) -> None:
    with pytest.raises(PlatformError) as raised:
        terminal.client.query("identity-code", params, 0, 2.0)
    assert raised.value.fault is LineFault.REFUSED
    assert CODE not in raised.value.detail
