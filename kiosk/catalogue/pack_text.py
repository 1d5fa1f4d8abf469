"""A pack's text as a tree of plain values, and nothing a writer can put into it that stops the program.

YAML's own loader fails in more ways than it says: a date of the thirteenth month, a number of five thousand digits,
a tag that its value does not fit; and it goes as deep as the text does, where the C one ends the process.
"""

from __future__ import annotations

from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 20
"""Three times what a pack needs."""


class NotYaml(Exception):
    """Text that is no tree of plain values; at which line (from 1), where that is known."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        self.problem, self.line = problem, line
        super().__init__(problem)


def read_tree(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes (which know their lines) and the values. Raises `NotYaml`."""
    try:
        _require_shallow(text)
        node = yaml.compose(text, Loader=_LOADER)
        return node, yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, in C where there is one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise NotYaml(str(getattr(error, "problem", error)), mark.line + 1 if mark else None) from error
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError) as error:
        raise NotYaml(f"a value that is none: {error}") from error


def _require_shallow(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise NotYaml(f"nested more than {_MAX_DEPTH} deep")
