"""The shape of what every topic says."""

from __future__ import annotations

from enum import Enum

Table = dict[Enum, tuple[str, str]]
"""One kind of reason: the words for each of its members, in Chinese and in English."""

Topic = dict[type[Enum], Table]
"""The kinds of reason that belong together, each with its table."""
