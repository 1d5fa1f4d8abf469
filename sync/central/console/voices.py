"""What residents said of the service: ratings, and the tickets of what could not be done (办不成事)."""

from __future__ import annotations

from dataclasses import dataclass

from sync.central.store import Store

PAGE = 50


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating of one visit."""

    terminal_number: str
    service_code: str
    score: int
    reasons: str
    at: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """Something that could not be done, with the obstacle that was named."""

    terminal_number: str
    receipt_number: str
    service_code: str
    obstacle: str
    state: str
    at: str


class Voices:
    """Reads them, newest first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ratings(self, page: int) -> tuple[list[Rating], bool]:
        """A page, and whether there are more."""
        query = (
            "select t.terminal_number, r.service_code, r.score, r.reasons, r.at from rating r"
            " join terminal t on t.terminal_id = r.terminal_id order by r.at desc limit ? offset ?"
        )
        with self._store.reading() as run:
            rows = run.execute(query, (PAGE + 1, (page - 1) * PAGE)).fetchall()
        return [Rating(*row) for row in rows[:PAGE]], len(rows) > PAGE

    def scores(self) -> list[tuple[int, int]]:
        """How often each score was given, the best first."""
        with self._store.reading() as run:
            rows = run.execute(
                "select score, count(*) from rating group by score order by score desc"
            ).fetchall()
        return [(int(score), int(count)) for score, count in rows]

    def tickets(self, page: int) -> tuple[list[Ticket], bool]:
        """A page, and whether there are more."""
        query = (
            "select t.terminal_number, k.receipt_number, k.service_code, k.obstacle, k.state, k.at from ticket k"
            " join terminal t on t.terminal_id = k.terminal_id order by k.at desc limit ? offset ?"
        )
        with self._store.reading() as run:
            rows = run.execute(query, (PAGE + 1, (page - 1) * PAGE)).fetchall()
        return [Ticket(*row) for row in rows[:PAGE]], len(rows) > PAGE
