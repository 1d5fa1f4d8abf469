"""`kiosk demo`: a scripted resident goes through a service, through the real processes, without a screen."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from kiosk.catalogue.loader import load_catalogue
from kiosk.catalogue.pack import Pack, ServiceKind
from kiosk.commands.run import temporary_folder
from kiosk.commands.version import versions
from kiosk.config import PACKAGE_ROOT, Mode
from kiosk.demo.contact_sheet import make_sheet
from kiosk.demo.platform_view import cases_stored
from kiosk.demo.resident import Resident, ResidentStuck
from kiosk.demo.world import LANGUAGES, OFFSCREEN, SCREENS, World, make_world, processes
from kiosk.domain.case import PlatformState
from kiosk.domain.device_status import DeviceClass
from kiosk.domain.receipt import qr_text
from kiosk.errors import LinbanError
from kiosk.flow.availability import LineState
from kiosk.flow.journey import Delivery
from kiosk.sentences import sentence
from kiosk.supervisor import Supervisor

_DELIVERY_PATIENCE_S = 20.0


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for what was seen."
)
@click.option("--mode", type=click.Choice([m.value for m in Mode]), default="standard", show_default=True)
@click.option("--lang", type=click.Choice(list(LANGUAGES)), default="zh", show_default=True)
@click.option("--size", type=click.Choice(list(SCREENS)), default="portrait", show_default=True)
@click.option(
    "--service", "service_code", default="pension-certification", show_default=True, help="Code of a service."
)
@click.option(
    "--offline", is_flag=True, help="Cut the line before the confirmation, bring it back afterwards."
)
@click.option("--json", "as_json", is_flag=True, help="Print summary.json instead of sentences.")
def demo(out: Path, mode: str, lang: str, size: str, service_code: str, offline: bool, as_json: bool) -> None:
    """A scripted resident does a service through the real processes, headless.

    Leaves in the folder: NN-page.png (every screen), screens.png (all on one sheet), slip.png and slip.bin (what the printer got), summary.json.
    Exits 0 only when the platform has stored the case exactly once.

    \b
    Examples:
      kiosk demo --out pictures
      kiosk demo --out pictures --offline --mode elder --lang zh
      kiosk demo --out pictures --service case-progress --lang en --size landscape
    """
    pack = load_catalogue(PACKAGE_ROOT / "assets" / "packs").get(service_code)
    if pack is None:
        raise click.UsageError(f"no service has the code {service_code!r}; `kiosk services list` names them")
    out.mkdir(parents=True, exist_ok=True)
    _clear(out)
    width, height, px_per_mm = SCREENS[size]
    with temporary_folder() as folder:
        world = make_world(
            folder,
            width_px=width,
            height_px=height,
            px_per_mm=px_per_mm,
            mode=Mode(mode),
            language=LANGUAGES[lang],
            remote=True,
            face_environment=OFFSCREEN,
        )
        summary = _visit(world, pack, out, offline)
        if summary["error"]:
            shutil.copytree(folder / "logs", out / "logs", dirs_exist_ok=True)
    make_sheet(sorted(out.glob("[0-9][0-9]-*.png")), out / "screens.png")
    (out / "summary.json").write_text(
        json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    _report(summary, out, as_json)
    sys.exit(0 if summary["ok"] else 1)


def _clear(out: Path) -> None:
    """An earlier run's files would be taken for this one's."""
    for pattern in ("[0-9][0-9]-*.png", "screens.png", "slip.png", "slip.bin", "summary.json"):
        for file in out.glob(pattern):
            file.unlink()
    shutil.rmtree(out / "logs", ignore_errors=True)


def _visit(world: World, pack: Pack, out: Path, offline: bool) -> dict[str, Any]:
    """One visit, from the start of the processes to their end, as the summary tells it."""
    supervisor = Supervisor(processes(world), world.run_dir)
    runner = threading.Thread(target=supervisor.run, name="supervisor")
    started = time.monotonic()
    runner.start()
    resident = Resident(world, world.language.value, pictures=out, elder=world.mode is Mode.ELDER)
    visit = _Visit(world, resident, out, offline)
    error = ""
    try:
        visit.do(pack)
    except LinbanError as problem:
        error = str(problem)
    finally:
        resident.close()
        supervisor.stop()
        runner.join()
    return {
        "ok": not error and visit.stored == 1,
        "error": error,
        "service": pack.code,
        "mode": world.mode.value,
        "language": world.language.value,
        "offline": offline,
        "receipt_number": visit.receipt_number,
        "delivery": visit.delivery,
        "stored_on_platform": visit.stored,
        "slip": visit.slip,
        "seconds": round(time.monotonic() - started, 2),
        "steps": [asdict(step) for step in resident.steps],
        "versions": versions(),
    }


class _Visit:
    """What the resident does, and what is then true."""

    def __init__(self, world: World, resident: Resident, out: Path, offline: bool) -> None:
        self._world, self._resident, self._out, self._offline = world, resident, out, offline
        self.receipt_number = ""
        self.delivery = "none"
        self.stored = 0
        self.slip = "none"

    def do(self, pack: Pack) -> None:
        """The service of `pack`; a progress look-up needs a case of its own first."""
        self._resident.wait_until_open()
        catalogue = load_catalogue(PACKAGE_ROOT / "assets" / "packs")
        if pack.kind is ServiceKind.CASE_PROGRESS:
            case = catalogue.of_kind(ServiceKind.CASE)
            if case is None:
                raise ResidentStuck("there is no service whose progress could be asked for")
            self._do_case(case)
            self._look_up()
        else:
            self._do_case(pack)

    def _do_case(self, pack: Pack) -> None:
        before_confirm = self._cut_line if self._offline else None
        self.receipt_number = self._resident.do_case(pack, before_confirm)
        self._collect_slip()
        if self._offline:
            self._check_waiting()
            self._resident.set_line("up")
        self._check_delivered()
        self._resident.picture(self._out / f"{len(self._resident.pages) + 1:02d}-delivered.png")
        self._resident.pages.append("delivered")
        self._resident.press(self._resident.name("done"))
        self._resident.wait_for("attract")

    def _cut_line(self) -> None:
        """Cut the line and see that the terminal has noticed."""
        self._resident.set_line("cut")
        self._resident.see(sentence(LineState.OFFLINE, self._resident.language))

    def _collect_slip(self) -> None:
        printer = self._world.simulator_socket(DeviceClass.RECEIPT_PRINTER)
        self._resident.see(self._resident.name("slip_ready"))
        answer = self._resident.world_call(
            printer, "last_slip", png=str(self._out / "slip.png"), bin=str(self._out / "slip.bin")
        )
        self.slip = "printed" if answer else "none"
        self._resident.take_slip()

    def _check_waiting(self) -> None:
        """Offline: 收件 was said, the platform has nothing, and the page promises no more than that."""
        words = sentence(Delivery.WAITING_FOR_LINE, self._resident.language)
        self._resident.see(words)
        if stored := cases_stored(self._world, self.receipt_number):
            raise ResidentStuck(f"the line is cut and the platform has the case {stored} times")
        self.delivery = Delivery.WAITING_FOR_LINE.value

    def _check_delivered(self) -> None:
        words = sentence(Delivery.DELIVERED, self._resident.language)
        self._resident.see(words, _DELIVERY_PATIENCE_S)
        self.delivery = Delivery.DELIVERED.value
        self.stored = cases_stored(self._world, self.receipt_number)

    def _look_up(self) -> None:
        """Hold the slip before the scanner, on the attract page: its case opens."""
        self._resident.show_slip(qr_text(self.receipt_number), "progress")
        self._resident.see(sentence(PlatformState.RECEIVED, self._resident.language))


def _report(summary: dict[str, Any], out: Path, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, indent=2))
        return
    for step in summary["steps"]:
        click.echo(f"  {step['page']:<12} after {step['seconds']:.2f} s")
    if summary["ok"]:
        click.echo(
            f"Receipt {summary['receipt_number']}: {summary['delivery']}, stored on the platform exactly once."
        )
    else:
        click.echo(
            f"It did not work: {summary['error'] or 'the platform does not have the case exactly once'}",
            err=True,
        )
    click.echo(f"{summary['seconds']:.1f} s. Pictures, slip and summary.json are in {out}")
