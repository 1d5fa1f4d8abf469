"""`kiosk bench camera`: what it is given, and what it says of each decoder."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from devices.camera import scene
from devices.camera.bench_contest import OURS, ZXING, photograph_contest
from devices.camera.bench_live import still_scene
from devices.camera.bench_photographs import Photograph, photographs, rendered
from kiosk.bench.sample import goal_at_least
from kiosk.commands.bench import bench

LINK = "https://example.cn/r/410722360815"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(bench, ["camera", *arguments])
    return result.exit_code, result.stderr


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    code, said = run("--photos", str(tmp_path / "none"))
    assert code == 2
    assert "does not exist" in said


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "cannot be read"),
        ("{", "is not a list"),
        ("[]", "names no photograph"),
        ('[{"file": "a.png"}]', "is not a list"),
        ('[{"file": "a.png", "text": "x"}]', "a.png cannot be read"),
        ('[{"file": "manifest.json", "text": "x"}]', "is no image"),
    ],
)
def test_a_folder_that_cannot_be_used_is_a_sentence_and_exit_2(
    tmp_path: Path, manifest: str | None, said: str
) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    code, sentence = run("--photos", str(tmp_path))
    assert code == 2
    assert said in sentence


def test_photographs_are_for_the_camera_only(tmp_path: Path) -> None:
    assert CliRunner().invoke(bench, ["page", "--photos", str(tmp_path)]).exit_code == 2


def test_a_manifest_names_files_and_texts(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), scene.code_picture(LINK.encode()))
    (tmp_path / "manifest.json").write_text(
        json.dumps([{"file": "a.png", "text": LINK, "from": "somewhere"}])
    )
    found = photographs(tmp_path)
    assert [(each.name, each.text, each.grey.ndim) for each in found] == [("a.png", LINK, 2)]


def test_every_decoder_is_told_right_from_wrong_from_unread() -> None:
    counter = scene.counter(3, 640, 480)
    code = scene.code_picture(LINK.encode())
    contest = photograph_contest(
        [
            Photograph("flat", scene.shown(counter, code, width_px=300), LINK),
            Photograph("bent", scene.shown(counter, code, width_px=300, bend=0.03), LINK),
            Photograph("other text", scene.shown(counter, code, width_px=300), "something else"),
            Photograph("empty", counter, LINK),
        ]
    )
    ours, zxing = contest[OURS], contest[ZXING]
    assert (ours["right"], ours["wrong"], ours["unread"]) == (2, 1, 1)
    assert (zxing["right"], zxing["wrong_files"], zxing["unread_files"]) == (
        1,
        ["other text"],
        ["bent", "empty"],
    )
    assert contest["wrong_readings"]["met"] is False
    assert contest["right_above_the_best_peer"]["met"] is True
    assert set(contest) >= {"pyzbar", "opencv", "opencv-aruco", "typical_hit_to_zxing"}


def test_rendered_photographs_are_many_and_read(tmp_path: Path) -> None:
    del tmp_path
    made = rendered(12)
    assert len({each.name for each in made}) == 12
    assert len({each.text for each in made}) == 12


def test_a_still_counter_costs_next_to_nothing() -> None:
    # The goal is 0.06; here only that the gate is at work at all, whatever else runs on this machine.
    assert still_scene()["to_zxing"]["value"] < 0.2


def test_a_goal_from_below() -> None:
    assert goal_at_least(3, 2, "×") == {"value": 3, "at_least": 2, "unit": "×", "met": True}
    assert goal_at_least(1, 2, "×")["met"] is False
