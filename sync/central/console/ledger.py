"""The ledger: one line an entry, of a day and perhaps of one terminal; on a page, and as CSV for a spreadsheet.

No line holds anything about a person.  What a spreadsheet would run as a formula is written so that it does not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sync.central.console.figures import grouped, moment, phrase_in, utc_bounds
from sync.central.console.words import word
from sync.central.store import Store

_CHUNK = 500
_HEADS = (
    "终端编号",
    "序号",
    "收件号",
    "种类",
    "事项",
    "事项代码",
    "终端记录时间",
    "平台入库时间",
    "结果",
    "原因",
    "办件状态",
    "收到次数",
)
BYTE_ORDER_MARK = "\ufeff"
"""Without it the spreadsheet most used in offices takes UTF-8 for the local code page."""
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One entry as it is accounted for."""

    terminal_number: str
    sequence: int
    receipt_number: str
    kind: str
    service_code: str
    recorded_at: str
    stored_at: str
    result: str
    reason: str
    state: str
    times_received: int


class Ledger:
    """Reads the lines in the order in which they came."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def lines(self, day: date, terminal_id: str = "") -> Iterator[LedgerLine]:
        """The lines of a Chinese day, fetched in pieces: neither the whole day in memory nor a lock held."""
        since, until = utc_bounds(day)
        narrowed = " and e.terminal_id = ?" if terminal_id else ""
        query = (
            "select t.terminal_number, e.sequence, e.receipt_number, e.kind, e.service_code, e.recorded_at, e.stored_at,"  # noqa: S608 — our own words
            " e.result, e.reason, coalesce(c.state, ''), e.times_received, e.terminal_id, e.entry_id"
            " from entry e join terminal t on t.terminal_id = e.terminal_id"
            " left join case_record c on c.terminal_id = e.terminal_id and c.entry_id = e.entry_id"
            "  and c.receipt_number = e.receipt_number"
            f" where e.stored_at >= ? and e.stored_at < ?{narrowed}"
            " and (e.stored_at > ? or e.terminal_id > ? or (e.terminal_id = ? and e.entry_id > ?))"
            " order by e.stored_at, e.terminal_id, e.entry_id limit ?"
        )
        at, terminal, entry = since, "", b""
        while True:
            params = (
                at,
                until,
                *([terminal_id] if terminal_id else []),
                at,
                terminal,
                terminal,
                entry,
                _CHUNK,
            )
            with self._store.reading() as run:
                rows = run.execute(query, params).fetchall()
            yield from (LedgerLine(*row[:11]) for row in rows)
            if len(rows) < _CHUNK:
                return
            at, terminal, entry = rows[-1][6], rows[-1][11], bytes(rows[-1][12])

    def totals(self, day: date, terminal_id: str = "") -> list[tuple[str, int]]:
        """How many lines of the day have each result."""
        since, until = utc_bounds(day)
        narrowed = " and terminal_id = ?" if terminal_id else ""
        with self._store.reading() as run:
            rows = run.execute(
                f"select result, count(*) from entry where stored_at >= ? and stored_at < ?{narrowed}"  # noqa: S608 — our own words
                " group by result order by result desc",
                (since, until, *([terminal_id] if terminal_id else [])),
            ).fetchall()
        return [(result, int(count)) for result, count in rows]


def ledger_csv(lines: Iterable[LedgerLine], service: Callable[[str], str], language: str) -> Iterator[str]:
    """The lines as CSV (RFC 4180), piece by piece; `service` names a service by its code."""
    say = phrase_in(language)
    rows = (
        [
            line.terminal_number,
            str(line.sequence),
            grouped(
                line.receipt_number
            ),  # a spreadsheet keeps fifteen digits of a number, and it has sixteen
            line.kind,
            service(line.service_code),
            line.service_code,
            moment(line.recorded_at),
            moment(line.stored_at),
            word("result", line.result, language),
            word("reason", line.reason, language) if line.reason else "",
            word("state", line.state, language) if line.state else "",
            str(line.times_received),
        ]
        for line in lines
    )
    return csv_pieces([say(head) for head in _HEADS], rows)


def csv_pieces(heads: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """A CSV file in pieces that are worth sending."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(heads)
    for number, row in enumerate(rows, start=1):
        writer.writerow([no_formula(cell) for cell in row])
        if number % _CHUNK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def no_formula(cell: str) -> str:
    """The cell as text in any spreadsheet."""
    return "'" + cell if cell.startswith(_STARTS_FORMULA) else cell
