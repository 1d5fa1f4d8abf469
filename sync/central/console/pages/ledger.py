"""The ledger of a day, to read, to print and to take along."""

from __future__ import annotations

from itertools import islice

from starlette.responses import Response, StreamingResponse

from sync.central.console.acts import Act
from sync.central.console.ledger import Ledger, ledger_csv
from sync.central.console.roles import Right
from sync.central.console.visit import Visit, Way

_ON_PAGE = 500


def ledger(visit: Visit) -> Response:
    """The first lines of the day, and its totals."""
    day = visit.asked_day("day") or visit.today()
    asked, terminal_id = _terminal(visit)
    look = Ledger(visit.desk.platform.store)
    lines = list(islice(look.lines(day, terminal_id), _ON_PAGE))
    totals = look.totals(day, terminal_id)
    return visit.page(
        "ledger.html",
        lines=lines,
        totals=totals,
        count=sum(number for _, number in totals),
        day=day.isoformat(),
        terminal=asked,
    )


def ledger_file(visit: Visit) -> Response:
    """The whole day as CSV."""
    day = visit.asked_day("day") or visit.today()
    asked, terminal_id = _terminal(visit)
    visit.note(Act.LEDGER_READ, asked, day.isoformat())
    lines = Ledger(visit.desk.platform.store).lines(day, terminal_id)
    safe = "".join(letter for letter in asked if letter.isascii() and letter.isalnum())
    name = f"linban-ledger-{day.isoformat()}" + (f"-{safe}" if safe else "")
    return csv_answer(name, ledger_csv(lines, visit.service, visit.language))


def csv_answer(name: str, pieces: object) -> Response:
    """A file to keep, sent while it is still being read."""
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=headers)  # type: ignore[arg-type]


def _terminal(visit: Visit) -> tuple[str, str]:
    """What was asked for, and the terminal's id; an id that nobody has finds nothing."""
    asked = visit.asked("terminal")
    if not asked:
        return "", ""
    with visit.desk.platform.store.reading() as run:
        row = run.execute(
            "select terminal_id from terminal where terminal_number = ? or terminal_id = ?", (asked, asked)
        ).fetchone()
    return asked, str(row[0]) if row else asked


WAYS = (
    Way("GET", "/ledger", Right.LEDGER, ledger),
    Way("GET", "/ledger.csv", Right.LEDGER, ledger_file),
)
