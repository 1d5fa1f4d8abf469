"""Look-ups on behalf of a session, and what a cancel that comes late leaves behind."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kiosk.clock import SystemClock
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import LineFault, PlatformError
from sync.line import Line
from sync.platform_client import PlatformClient
from sync.queries import Queries

ENROLMENT = Enrolment(
    terminal_id="t1",
    terminal_number="100001",
    region_code="370508",
    sealing_key=bytes(32),
    signing_key=bytes(32),
)


class Client:
    """As much of a client as a look-up sees: once called off, it refuses for ever."""

    def __init__(self, world: World) -> None:
        self._world, self.called_off, self.closed = world, False, False

    def become(self, enrolment: Enrolment) -> None:
        assert not self.closed

    def query(self, service: str, params: dict[str, str], sequence: int, whole_s: float) -> dict[str, Any]:
        if self.called_off:
            raise PlatformError(LineFault.NO_LINE, "called off")
        if self._world.cancel_while_it_answers:
            assert self._world.queries.cancel("progress")
        return {"state": "received"}

    def call_off(self) -> None:
        self.called_off = True

    def close(self) -> None:
        self.closed = True


class World:
    """Look-ups, and the clients that they made."""

    def __init__(self) -> None:
        self.made: list[Client] = []
        self.cancel_while_it_answers = False
        clock = SystemClock()
        self.queries = Queries(self._new_client, Line(clock), lambda: (ENROLMENT, 1), clock)

    def ask(self) -> dict[str, Any]:
        return self.queries.ask("case-progress", {"receipt_number": "x"}, 1.0, "progress")

    def _new_client(self) -> PlatformClient:
        self.made.append(Client(self))
        return cast("PlatformClient", self.made[-1])


@pytest.fixture
def world() -> World:
    return World()


def test_a_connection_is_kept_for_the_next_look_up(world: World) -> None:
    assert world.ask() == world.ask()
    assert len(world.made) == 1


def test_a_cancel_that_comes_with_the_answer_spoils_no_later_look_up(world: World) -> None:
    world.cancel_while_it_answers = True
    world.ask()
    world.cancel_while_it_answers = False
    assert world.ask() == {"state": "received"}
    assert [client.closed for client in world.made] == [True, False]
