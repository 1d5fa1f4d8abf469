"""`kiosk bench page`: from the tap to the painted next page, inside the real face."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

from kiosk.bench.sample import goal, summary
from kiosk.catalogue.loader import load_catalogue
from kiosk.config import PACKAGE_ROOT
from kiosk.demo.resident import Resident
from kiosk.demo.world import OFFSCREEN, make_world, processes
from kiosk.supervisor import Supervisor

_ROUNDS = 20


def run() -> dict[str, Any]:
    """Milliseconds of page turns between attract, home, service card and back, first visits included."""
    pack = load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs["pension-certification"]
    with tempfile.TemporaryDirectory(prefix="linban-") as folder:
        world = make_world(Path(folder), remote=True, face_environment=OFFSCREEN)
        supervisor = Supervisor(processes(world), world.run_dir)
        thread = threading.Thread(target=supervisor.run, name="supervisor")
        thread.start()
        resident = Resident(world, world.language.value)
        try:
            turns = _turns(resident, pack.name.zh_CN)
        finally:
            resident.close()
            supervisor.stop()
            thread.join()
    everything = [value for values in turns.values() for value in values]
    return {
        "page_turn_ms": summary(everything, 1),
        "p95": goal(summary(everything, 1)["p95"], 100, "ms"),
        **{f"{name}_ms": summary(values, 1) for name, values in turns.items()},
    }


def _turns(resident: Resident, service: str) -> dict[str, list[float]]:
    resident.wait_for("attract")
    turns: dict[str, list[float]] = {"attract_to_home": [resident.timed_press(resident.name("start"))]}
    turns |= {"home_to_service": [], "service_to_home": []}
    resident.wait_for("home")
    for _ in range(_ROUNDS):
        turns["home_to_service"].append(resident.timed_press(service))
        resident.wait_for("service")
        turns["service_to_home"].append(resident.timed_press(resident.name("back")))
        resident.wait_for("home")
    return turns
