"""A one-time code enrols one terminal, once, for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import ManualClock
from kiosk.errors import LineFault, PlatformError
from sync.central.exchange import Platform
from sync.central.server import build_platform, serving


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def timed_platform(tmp_path: Path, clock: ManualClock) -> Iterator[tuple[Platform, str]]:
    built = build_platform(tmp_path / "central.db", tmp_path, clock)
    built.store.add_enrolment_code("4821093377", timedelta(minutes=10))
    with serving(built) as url:
        yield built, url
    built.store.close()


def refused(terminal: Any, code: str) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        terminal.enrol(code)
    return caught.value


def test_a_code_makes_a_terminal(
    timed_platform: tuple[Platform, str], make_terminal: Callable[..., Any]
) -> None:
    platform, url = timed_platform
    enrolment = make_terminal(url).enrol()
    assert enrolment.terminal_number == "100001"
    assert enrolment.sealing_key == platform.keys.sealing.public_key().public_bytes_raw()


@pytest.mark.fault(51)
def test_asking_again_after_a_lost_answer_gives_the_same_number(
    timed_platform: tuple[Platform, str], make_terminal: Callable[..., Any]
) -> None:
    terminal = make_terminal(timed_platform[1])
    assert terminal.enrol() == terminal.enrol()


def test_a_code_is_used_once(timed_platform: tuple[Platform, str], make_terminal: Callable[..., Any]) -> None:
    _, url = timed_platform
    make_terminal(url).enrol()
    second = make_terminal(url)
    error = refused(second, "4821093377")
    assert (error.fault, "used-code" in error.detail) == (LineFault.REFUSED, True)
    assert second.journal.settings.enrolment() is None


def test_a_wrong_code(timed_platform: tuple[Platform, str], make_terminal: Callable[..., Any]) -> None:
    error = refused(make_terminal(timed_platform[1]), "0000000000")
    assert (error.fault, "unknown-code" in error.detail) == (LineFault.REFUSED, True)


def test_an_expired_code(
    timed_platform: tuple[Platform, str], clock: ManualClock, make_terminal: Callable[..., Any]
) -> None:
    clock.advance(601)
    error = refused(make_terminal(timed_platform[1]), "4821093377")
    assert (error.fault, "expired-code" in error.detail) == (LineFault.REFUSED, True)


def test_guessing_codes_is_stopped_for_a_while(
    timed_platform: tuple[Platform, str], clock: ManualClock, make_terminal: Callable[..., Any]
) -> None:
    _, url = timed_platform
    terminal = make_terminal(url)
    for guess in range(20):
        assert refused(terminal, f"{guess:010d}").fault is LineFault.REFUSED
    assert refused(terminal, "4821093377").fault is LineFault.TOO_MANY
    clock.advance(601)
    timed_platform[0].store.add_enrolment_code("4821093377", timedelta(minutes=10))
    assert terminal.enrol().terminal_number == "100001"


def test_the_second_terminal_gets_the_next_number(
    timed_platform: tuple[Platform, str], make_terminal: Callable[..., Any]
) -> None:
    platform, url = timed_platform
    make_terminal(url).enrol()
    platform.store.add_enrolment_code("second", timedelta(minutes=10))
    assert make_terminal(url).enrol("second").terminal_number == "100002"


def test_a_terminal_that_enrols_again_keeps_its_number(
    timed_platform: tuple[Platform, str], make_terminal: Callable[..., Any]
) -> None:
    platform, url = timed_platform
    terminal = make_terminal(url)
    first = terminal.enrol()
    platform.store.add_enrolment_code("again", timedelta(minutes=10))
    assert terminal.enrol("again") == first


def test_a_code_that_an_enrolled_terminal_tried_is_still_good_for_whom_it_was_made(
    timed_platform: tuple[Platform, str], make_terminal: Callable[..., Any]
) -> None:
    platform, url = timed_platform
    first = make_terminal(url)
    first.enrol()
    platform.store.add_enrolment_code("5550001234", timedelta(minutes=10))
    assert first.enrol("5550001234").terminal_number == "100001"
    assert make_terminal(url).enrol("5550001234").terminal_number == "100002"


def test_the_platforms_keys_are_for_their_owner_only(
    timed_platform: tuple[Platform, str], tmp_path: Path
) -> None:
    modes = {
        name: (tmp_path / name).stat().st_mode & 0o777
        for name in ("sealing.key", "signing.key", "operator.token")
    }
    assert set(modes.values()) == {0o600}
