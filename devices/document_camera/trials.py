"""Drawn situations of a counter, each with what should be said of it; how often it is, and how far corners are off.

`python -m devices.document_camera.trials --scenes 300 --seed 1` prints the figures.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import cv2
import numpy as np

from devices.document_camera.judgement import Sight, look
from devices.document_camera.papers import PaperKind, draw_paper
from devices.document_camera.scene import (
    Glare,
    Placed,
    Plate,
    Scene,
    exposed,
    moved,
    shoot,
    still,
    true_corners,
)
from kiosk.ports.document_camera import CaptureRemark

Dice = np.random.Generator

_NOTHING = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One situation: the scene as it is, as it was a moment before, and what should be said."""

    situation: str
    scene: Scene
    expected: CaptureRemark | None
    before: Scene | None = None
    """None: it was the same."""
    subject: int = 0
    """Which of the sheets it is about."""


@dataclass(slots=True)
class Report:
    """What came of it."""

    said: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(situation, remark), counted."""
    expected: dict[str, str] = field(default_factory=dict)
    corner_px: list[float] = field(default_factory=list)
    """The worst corner of each whole sheet that was found, in pixels of the full picture."""
    elsewhere: int = 0
    """Sheets of which something else was taken for a corner (more than 25 pixels away)."""
    look_ms: list[float] = field(default_factory=list)

    @property
    def right(self) -> float:
        """The part of all situations of which the right thing was said."""
        hits = sum(count for (what, said), count in self.said.items() if said == self.expected[what])
        return hits / max(sum(self.said.values()), 1)

    def part(self, situation: str, said: str) -> float:
        """How often this was said of that."""
        whole = sum(count for (what, _), count in self.said.items() if what == situation)
        return self.said[situation, said] / max(whole, 1)

    def lines(self) -> Iterator[str]:
        """As text."""
        for what in self.expected:
            row = {said: count for (one, said), count in sorted(self.said.items()) if one == what}
            yield f"{what:<10} should be {self.expected[what]:<9} was {row}"
        if self.corner_px:
            half, most = np.percentile(self.corner_px, (50, 95))
            yield f"right: {self.right:.1%}   corners: median {half:.2f} px, 95% {most:.2f} px, elsewhere {self.elsewhere}"
        yield f"a look: median {np.median(self.look_ms):.0f} ms of one core"


def _light(dice: Dice) -> dict[str, float]:
    """Ordinary conditions."""
    return {
        "light": dice.uniform(0.62, 0.93),
        "lamp": dice.uniform(0, 0.25),
        "shadow": float(dice.choice([0, 0, 0.25, 0.4])),
        "noise": dice.uniform(1, 3.5),
        "warm": dice.uniform(-0.05, 0.12),
        "focal": dice.uniform(1.0, 1.4),
        "defocus_px": float(dice.choice([0, 0.7, 1.5])),
    }


def _placed(dice: Dice, kind: PaperKind | None = None) -> Placed:
    kind = kind or list(PaperKind)[int(dice.integers(len(PaperKind)))]
    sheet = draw_paper(kind, int(dice.integers(1 << 30)))
    tall = sheet.height_mm > 180
    turn = float(dice.choice([90, 270] if tall else [0, 90, 180, 270]))
    free = 8 if sheet.height_mm > 220 else 30
    return Placed(
        sheet=sheet,
        x_mm=dice.uniform(-free, free),
        y_mm=dice.uniform(-free, free),
        turn_deg=turn + dice.uniform(-5, 5),
    )


def _scene(dice: Dice, *placed: Placed) -> Scene:
    return Scene(
        placed=placed,
        plate=list(Plate)[int(dice.integers(len(Plate)))],
        tilt_deg=(dice.uniform(-6, 6), dice.uniform(-6, 6)),
        jpeg=int(dice.integers(75, 95)),
        seed=int(dice.integers(1 << 30)),
        **_light(dice),  # type: ignore[arg-type]
    )


def _good(dice: Dice) -> Trial:
    return Trial(situation="good", scene=_scene(dice, _placed(dice)), expected=None)


def _glare_on(dice: Dice, placed: Placed, strength: float) -> Glare:
    half = min(placed.sheet.width_mm, placed.sheet.height_mm) * 0.3
    return Glare(
        x_mm=placed.x_mm + dice.uniform(-half, half),
        y_mm=placed.y_mm + dice.uniform(-half, half),
        radius_mm=dice.uniform(7, min(40.0, half + 4)),
        strength=strength,
        slim=float(dice.choice([1.0, 0.5])),
    )


def _glare(dice: Dice) -> Trial:
    placed = _placed(dice)
    scene = replace(_scene(dice, placed), glares=(_glare_on(dice, placed, dice.uniform(110, 260)),))
    return Trial(situation="glare", scene=scene, expected=CaptureRemark.GLARE)


def _shine(dice: Dice) -> Trial:
    """A sheen that takes nothing away."""
    placed = _placed(dice)
    scene = _scene(dice, placed)
    scene = replace(
        scene, light=min(scene.light, 0.88), glares=(_glare_on(dice, placed, dice.uniform(6, 18)),)
    )
    return Trial(situation="shine", scene=scene, expected=None)


def _blur(dice: Dice) -> Trial:
    scene = replace(_scene(dice, _placed(dice)), defocus_px=float(dice.choice([4, 5, 7, 10])))
    return Trial(situation="blur", scene=scene, expected=CaptureRemark.BLURRED)


def _dark(dice: Dice) -> Trial:
    scene = replace(_scene(dice, _placed(dice)), light=dice.uniform(0.12, 0.27))
    return Trial(situation="dark", scene=scene, expected=CaptureRemark.TOO_DARK)


def _moving(dice: Dice) -> Trial:
    scene = _scene(dice, _placed(dice))
    angle, far = dice.uniform(0, 2 * np.pi), dice.uniform(1.2, 8)
    before = moved(scene, far * np.cos(angle), far * np.sin(angle))
    return Trial(situation="moving", scene=scene, expected=CaptureRemark.MOVING, before=before)


def _held(dice: Dice) -> Trial:
    """A hand holds an edge of the sheet; it is a good picture of the rest."""
    placed = replace(_placed(dice, PaperKind.FORM), x_mm=dice.uniform(-8, 8), y_mm=dice.uniform(-8, 8))
    scene = replace(_scene(dice, placed), hand=(dice.uniform(-60, 60), placed.y_mm + dice.uniform(88, 100)))
    return Trial(situation="held", scene=scene, expected=None)


def _cut_off(dice: Dice) -> Trial:
    kinds = (PaperKind.FORM, PaperKind.NOTE, PaperKind.NOTICE, PaperKind.REGISTER_PAGE)
    kind = kinds[int(dice.integers(len(kinds)))]
    placed = replace(_placed(dice, kind), turn_deg=90 + dice.uniform(-10, 10))
    wide, high = placed.sheet.height_mm, placed.sheet.width_mm
    side, beyond = int(dice.integers(4)), dice.uniform(15, 0.5 * high)
    x = (1, -1, 0, 0)[side] * (180 - wide / 2 + beyond)
    y = (0, 0, 1, -1)[side] * (135 - high / 2 + beyond)
    return Trial(
        situation="cut_off",
        scene=_scene(dice, replace(placed, x_mm=x, y_mm=y)),
        expected=CaptureRemark.CUT_OFF,
    )


def _empty(dice: Dice) -> Trial:
    scene = _scene(dice)
    if dice.random() < 0.4:
        scene = replace(scene, hand=(dice.uniform(-100, 100), dice.uniform(-50, 90)))
    return Trial(situation="empty", scene=scene, expected=CaptureRemark.NO_PAGE)


def _two(dice: Dice) -> Trial:
    """A card beside a sheet: the sheet is meant."""
    card = replace(_placed(dice, PaperKind.ID_CARD), x_mm=-108.0, turn_deg=dice.uniform(-20, 20))
    note = replace(_placed(dice, PaperKind.NOTE), x_mm=55.0, y_mm=0.0, turn_deg=dice.uniform(-15, 15))
    return Trial(situation="two", scene=_scene(dice, card, note), expected=None, subject=1)


SITUATIONS: tuple[Callable[[Dice], Trial], ...] = (
    _good,
    _glare,
    _shine,
    _blur,
    _dark,
    _moving,
    _held,
    _cut_off,
    _empty,
    _two,
)


def looked_at(trial: Trial) -> tuple[Sight, float]:
    """The sight of the second of two frames, and the seconds of this core that it took."""
    picture = still(trial.scene)
    scene = trial.scene
    first = (
        shoot(trial.before)
        if trial.before is not None
        else exposed(picture, scene.noise, scene.jpeg, scene.seed + 1)
    )
    before = look(first, None)
    second = exposed(picture, scene.noise, scene.jpeg, scene.seed + 2)
    started = time.thread_time()
    sight = look(second, before)
    return sight, time.thread_time() - started


def corner_error_px(trial: Trial, sight: Sight) -> float | None:
    """How far the worst corner is off, whichever of them is called the first; None without a whole sheet."""
    if sight.corners is None or sight.page is None or sight.page.cut_off or not trial.scene.placed:
        return None
    true = true_corners(trial.scene, which=trial.subject)
    turns = [np.roll(sight.corners, k, axis=0) - true for k in range(4)]
    return min(float(np.hypot(*off.T).max()) for off in turns)


def run(scenes: int, seed: int, failures: Path | None = None) -> Report:
    """As many scenes, one situation after the other; pictures of those that went wrong into a folder."""
    cv2.setNumThreads(1)
    report, dice = Report(), np.random.default_rng(seed)
    for number in range(scenes):
        trial = SITUATIONS[number % len(SITUATIONS)](dice)
        sight, took_s = looked_at(trial)
        said = str(sight.remark or _NOTHING)
        report.expected[trial.situation] = str(trial.expected or _NOTHING)
        report.said[trial.situation, said] += 1
        report.look_ms.append(took_s * 1000)
        off = corner_error_px(trial, sight)
        if off is not None and off < 25:
            report.corner_px.append(off)
        report.elsewhere += off is not None and off >= 25
        wrong = said != report.expected[trial.situation] or (off is not None and off >= 25)
        if failures is not None and wrong:
            _keep(failures / f"{number:04d}-{trial.situation}-{said}.jpg", trial, sight)
    return report


def _keep(file: Path, trial: Trial, sight: Sight) -> None:
    picture = still(trial.scene)
    if sight.corners is not None:
        cv2.polylines(picture, [np.round(sight.corners).astype(np.int32)], True, (0, 0, 255), 4)
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA))


@click.command()
@click.option("--scenes", default=100, show_default=True, help="How many.")
@click.option("--seed", default=1, show_default=True, help="Of the dice.")
@click.option("--failures", type=click.Path(path_type=Path), help="A folder for pictures of what went wrong.")
def main(scenes: int, seed: int, failures: Path | None) -> None:
    """Draw scenes, look at them, and say how often the right thing was said."""
    for line in run(scenes, seed, failures).lines():
        click.echo(line)


if __name__ == "__main__":
    main()
