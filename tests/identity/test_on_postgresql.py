"""Paper, places and sticks on a county's PostgreSQL: the statements are shared, and here they prove it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.documents.signed_receipt import signed_text
from kiosk.domain.case import PlatformState
from kiosk.journal.slip_key import usable_slip_key
from sync.bench.postgres_server import bin_dir, postgres
from sync.central.reclaim import Reclaims
from sync.central.server import build_platform, serving
from sync.central.stick import import_stick
from sync.identity import enrol_again, open_identity
from sync.paper_wire import Reclaim
from sync.usb_bundle import export, import_answers
from tests.identity.terminal_world import World, journal_of, record

CLOCK = SystemClock()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if bin_dir() is None:
        pytest.skip("no PostgreSQL is installed")
    with postgres() as server:
        platform = build_platform(server.new_database(), tmp_path / "platform")
        with serving(platform) as url:
            yield World(tmp_path, platform, url)
        platform.store.close()


@pytest.mark.slow
@pytest.mark.fault(25, 125)
def test_lost_terminal_its_successor_a_stick_and_a_slip(world: World) -> None:
    settings = world.settings
    world.enrol(settings)
    (on_paper,) = record(settings, 1)
    with journal_of(settings) as journal:
        key = usable_slip_key(journal.settings)
    assert key is not None
    reclaims = Reclaims(world.platform.store)
    assert reclaims.reclaim(signed_text(on_paper, key), "测试甲").result is Reclaim.RECLAIMED
    assert [one.receipt_number for one in reclaims.without_body()] == [on_paper.number]

    settings.terminal_key_file.unlink()
    new = enrol_again(settings, CLOCK, world.code("100001"))
    later = record(settings, 2)
    root = world.folder / "stick"
    root.mkdir()
    found = open_identity(settings, CLOCK)
    with journal_of(settings) as journal:
        assert export(journal, found.key, root, CLOCK).entries == 3
        for stored, known in ((3, 0), (0, 3)):
            (taken,) = import_stick(world.platform, root)
            assert (taken.stored, taken.known, taken.refused) == (stored, known, [])
        assert import_answers(journal, found.key.public_key().public_bytes_raw(), root).acknowledged == 3
    assert world.stored() == {on_paper.number: "100001", **{one.number: "100002" for one in later}}
    assert reclaims.without_body() == []
    paper = reclaims.of(on_paper.number)
    assert paper is not None
    assert (paper.body_came, paper.agrees) == (True, True)
    assert world.platform.cases.change_state(on_paper.number, PlatformState.ACCEPTED)
    (message,) = world.platform.cases.inbox(new.terminal_id, 0).messages
    assert message.receipt_number == on_paper.number
    assert os.listdir(root) == ["linban-100002"]
