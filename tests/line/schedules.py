"""Spells of bad luck in a row, drawn from a seed: the same seed plays the same toxics in the same order."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

from tests.line.chaos_line import PASSES, Exchange, Toxic
from tests.line.toxics import MAKERS

_LONG = frozenset({"blackhole", "half_open", "drip", "lost_answer", "endless", "bomb"})
"""Each of these costs a whole deadline, or megabytes: one at a time."""


@dataclass(frozen=True)
class Aim:
    """Which exchanges a spell strikes."""

    name: str
    part: str

    def hits(self, exchange: Exchange) -> bool:
        return self.part in exchange.target


AIMS = (
    Aim("all", ""),
    Aim("entries", "/entries"),
    Aim("attachments", "/attachments"),
    Aim("heartbeat", "/heartbeat"),
)


@dataclass
class Spell:
    """One kind of fault for so many exchanges."""

    toxic: Toxic
    aim: Aim
    left: int
    patience: int = 5
    """So many exchanges of other kinds may pass meanwhile: one that finds nothing to strike ends too."""

    def __str__(self) -> str:
        return f"{self.toxic}×{self.left}@{self.aim.name}"


class Schedule:
    """Plays its spells one after the other, then nothing more. `choose` is called by the line's thread only."""

    def __init__(self, spells: list[Spell]) -> None:
        self._spells = spells
        self._words = " ".join(map(str, spells))
        self.over = threading.Event()

    def __str__(self) -> str:
        return self._words

    @classmethod
    def drawn(cls, seed: int, most_spells: int = 7) -> Schedule:
        """Some spells of everything there is."""
        draw = random.Random(seed)
        spells = []
        for _ in range(draw.randint(3, most_spells)):
            name = draw.choice(sorted(MAKERS))
            aim = draw.choices(AIMS, (3, 5, 2, 1))[0]
            times = 1 if name in _LONG else draw.randint(1, 4)
            spells.append(Spell(MAKERS[name](draw), aim, times))
            if draw.random() < 0.3:
                spells.append(Spell(PASSES, AIMS[0], draw.randint(1, 5)))
        return cls(spells)

    def choose(self, exchange: Exchange) -> Toxic:
        """See `ChaosLine.choose`."""
        while self._spells and not (self._spells[0].left and self._spells[0].patience):
            self._spells.pop(0)
        if not self._spells:
            self.over.set()
            return PASSES
        spell = self._spells[0]
        if not spell.aim.hits(exchange):
            spell.patience -= 1
            return PASSES
        spell.left -= 1
        return spell.toxic
