"""The table of the fault catalogue: which tests play each line, and how they ended.

pytest -m fault --fault-table build/faults     writes build/faults.html and build/faults.json
"""

from __future__ import annotations

import html
import json
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

CATALOGUE = Path(__file__).with_name("catalogue.toml")
_PROPERTY = "fault"
_WORST_FIRST = ("failed", "passed", "skipped", "not run")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; color: #1b2430 }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin: 2rem 0 .4rem; text-transform: capitalize }
table { border-collapse: collapse; width: 100% } td { border-top: 1px solid #d5dbe3; padding: .35rem .6rem; vertical-align: top }
td:first-child { width: 3rem; text-align: right; color: #5b6878 } td:nth-child(2) { width: 24rem }
td:nth-child(3) { width: 5rem; font-weight: 600 } .passed { color: #0b6b3a } .failed { color: #b3261e }
.none, .skipped { color: #7a4f00 } code { font-size: .8rem; color: #414d5c; overflow-wrap: anywhere } li { list-style: none }
ul { margin: 0; padding: 0 }
"""


def lines() -> dict[int, tuple[str, str]]:
    """Every line of the catalogue: number → (area, what happens)."""
    tree = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {
        int(number): (area, words)
        for area, entries in tree.items()
        if area != "reason"
        for number, words in entries.items()
    }


def reasons() -> dict[int, str]:
    """Why a line has no test."""
    tree = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {int(number): words for number, words in tree.get("reason", {}).items()}


class FaultTable:
    """A pytest plugin that collects the results of marked tests and writes the table when the run ends."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._results: dict[int, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one phase of one test; what failed stays failed."""
        if report.when != "call" and report.passed:
            return
        for name, number in report.user_properties:
            if name == _PROPERTY and self._results[int(str(number))].get(report.nodeid) != "failed":
                self._results[int(str(number))][report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Write both files."""
        self._target.parent.mkdir(parents=True, exist_ok=True)
        rows = [self._row(number, area, words) for number, (area, words) in sorted(lines().items())]
        self._target.with_suffix(".json").write_text(
            json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        self._target.with_suffix(".html").write_text(_page(rows), encoding="utf-8")

    def _row(self, number: int, area: str, words: str) -> dict[str, object]:
        tests = self._results.get(number, {})
        outcome = next((word for word in _WORST_FIRST if word in tests.values()), "none")
        row: dict[str, object] = {"line": number, "area": area, "fault": words, "result": outcome}
        return {**row, "tests": dict(sorted(tests.items())), "reason": reasons().get(number, "")}


def remember_lines(item: pytest.Item) -> None:
    """Put the item's lines where its reports carry them, over process borders too."""
    known = lines()
    for mark in item.iter_markers("fault"):
        for number in mark.args:
            if number not in known:
                raise pytest.UsageError(f"{item.nodeid}: no line {number} in {CATALOGUE.name}")
            item.user_properties.append((_PROPERTY, number))


def _page(rows: list[dict[str, object]]) -> str:
    parts = [f"<!doctype html><html lang=en><meta charset=utf-8><title>Faults</title><style>{_STYLE}</style>"]
    tested = sum(1 for row in rows if row["tests"])
    parts.append(f"<h1>What can happen to a terminal: {tested} of {len(rows)} lines played in this run</h1>")
    area = None
    for row in rows:
        if row["area"] != area:
            parts.append(f"{'</table>' if area else ''}<h2>{row['area']}</h2><table>")
            area = row["area"]
        tests = row["tests"]
        assert isinstance(tests, dict)
        listed = "".join(f"<li><code>{html.escape(name)}</code></li>" for name in tests)
        told = f"<ul>{listed}</ul>" if listed else html.escape(str(row["reason"]))
        parts.append(
            f"<tr><td>{row['line']}<td>{html.escape(str(row['fault']))}"
            f"<td class={row['result']}>{row['result']}<td>{told}</tr>"
        )
    return "".join(parts) + "</table></html>\n"
