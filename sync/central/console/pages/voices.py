"""Ratings and tickets, as they come."""

from __future__ import annotations

from starlette.responses import Response

from sync.central.console.pages.fleet import page_number
from sync.central.console.roles import Right
from sync.central.console.visit import Visit, Way
from sync.central.console.voices import Voices


def ratings(visit: Visit) -> Response:
    """What residents thought of it."""
    page = page_number(visit)
    look = Voices(visit.desk.platform.store)
    rows, more = look.ratings(page)
    return visit.page("ratings.html", rows=rows, more=more, page=page, scores=look.scores())


def tickets(visit: Visit) -> Response:
    """What could not be done."""
    page = page_number(visit)
    rows, more = Voices(visit.desk.platform.store).tickets(page)
    return visit.page("tickets.html", rows=rows, more=more, page=page)


WAYS = (
    Way("GET", "/ratings", Right.VOICES, ratings),
    Way("GET", "/tickets", Right.VOICES, tickets),
)
