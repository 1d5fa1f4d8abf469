"""Twenty thousand terminals: the list stays a list, and quick enough to be looked at."""

from __future__ import annotations

import time

import pytest

from kiosk.domain.entry import iso_utc
from sync.central.console.fleet import PAGE, Fleet, FleetWish
from tests.console.staff import Office

COUNT = 20_000
PATIENCE_S = 2.0
"""Ten times what it takes on two busy cores: a plan that looks at every entry takes minutes."""

pytestmark = pytest.mark.slow


def test_a_page_of_twenty_thousand(office: Office) -> None:
    now = iso_utc(office.clock.now())
    with office.platform.store.transaction() as run:
        run.executemany(
            "insert into terminal (terminal_id, terminal_number, region_code, public_key, enrolled_at, last_heard_at)"
            " values (?, ?, '370508', ?, ?, ?)",
            [(f"t{n:06}", f"{n:06}", n.to_bytes(32, "big"), now, now) for n in range(COUNT)],
        )
        run.executemany(
            "insert into heartbeat (terminal_id, at, version, pending, parked, oldest_unsent_s, disk_free_bytes,"
            " uptime_s, boot_id, tail_sequence, tail_digest, acknowledged_sequence, clock_trusted, faults, catalogue)"
            " values (?, ?, '1', ?, 0, ?, 80000000000, 1, '', 0, ?, 0, 1, '', '')",
            [(f"t{n:06}", now, n % 7, float(n % 30_000), b"") for n in range(COUNT)],
        )
        run.executemany(
            "insert into device_report values (?, 'receipt_printer', 'online', ?, '', ?)",
            [(f"t{n:06}", "out" if n % 500 == 0 else "full", now) for n in range(COUNT)],
        )
    fleet = Fleet(office.platform.store)
    started = time.perf_counter()
    count = fleet.count()
    counted = time.perf_counter()
    rows, found = fleet.page(FleetWish())
    paged = time.perf_counter()
    last, _ = fleet.page(FleetWish(page=COUNT // PAGE))
    _, out = fleet.page(FleetWish(alert="paper_out", search="0"))
    print(f"count {counted - started:.3f} s, page {paged - counted:.3f} s")
    assert (count.total, found, len(rows), len(last)) == (COUNT, COUNT, PAGE, PAGE)
    assert count.with_alert["paper_out"] == out == COUNT // 500
    assert rows[0].alerts
    assert not last[-1].alerts
    assert counted - started < PATIENCE_S
    assert paged - counted < PATIENCE_S
