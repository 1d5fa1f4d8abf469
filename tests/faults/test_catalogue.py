"""No line of the fault catalogue is forgotten: each has a test that plays it, or says why it has none."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.faults.table import lines, reasons

TESTS = Path(__file__).parents[1]
PROMISED = {"storage", "process", "network", "change"}
"""The areas in which every line must be played or explained; in the others a gap is told by the table only."""


@cache
def marked_lines() -> dict[int, list[str]]:
    """The lines that tests name, and the files they stand in; read, not imported, so soak tests count too."""
    found: dict[int, list[str]] = {}
    for file in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _is_mark(node.func):
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{file}: a line must be a number"
                    found.setdefault(int(str(argument.value)), []).append(file.name)
    return found


def _is_mark(function: ast.expr) -> bool:
    """Whether this is `pytest.mark.fault`."""
    mark = function.value if isinstance(function, ast.Attribute) and function.attr == "fault" else None
    return isinstance(mark, ast.Attribute) and mark.attr == "mark"


def test_every_number_from_1_to_130_is_a_line() -> None:
    assert sorted(lines()) == list(range(1, 131))


def test_marks_name_lines_that_there_are() -> None:
    assert set(marked_lines()) <= set(lines())


def test_every_promised_line_is_played_or_explained() -> None:
    silent = [
        number
        for number, (area, _words) in lines().items()
        if area in PROMISED and number not in marked_lines() and number not in reasons()
    ]
    assert silent == []


def test_a_line_that_is_played_does_not_excuse_itself() -> None:
    assert set(reasons()) & set(marked_lines()) == set()
