"""The ledger and the record of acts as files, and whether the record can be tampered with unseen."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from itertools import islice

import pytest

from sync.central.console import ledger as ledger_module
from sync.central.console.ledger import BYTE_ORDER_MARK, Ledger, csv_pieces, no_formula
from sync.central.console.roles import Role
from tests.console.practice import PracticeTerminal
from tests.console.staff import Office, Tab

OpenTab = Callable[..., Tab]
DAY = date(2026, 11, 22)


def _rows(text: str) -> list[list[str]]:
    assert text.startswith(BYTE_ORDER_MARK), "or the spreadsheet of the office garbles it"
    return list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK))))


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    pieces = "".join(csv_pieces(["x"], [[cell]]))
    assert _rows(pieces)[1][0] == "'" + cell
    assert no_formula("青石村") == "青石村"


def test_the_file_holds_every_entry_of_the_day_exactly_once(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_CHUNK", 3)
    other = PracticeTerminal(office.platform, "柳林镇")
    sent = [*terminal.send(*(terminal.entry() for _ in range(7))), *other.send(other.entry(), other.entry())]
    terminal.send(terminal.entry(spoil=True))
    tab = open_tab(Role.AUDITOR)
    answer = tab.get(f"/ledger.csv?day={DAY}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="linban-ledger-2026-11-22.csv"'
    heads, *rows = _rows(answer.content.decode("utf-8"))
    assert heads[2] == "收件号"
    assert len(rows) == 10
    assert sorted(row[2].replace(" ", "") for row in rows if row[8] == "已入库") == sorted(sent)
    assert [row[9] for row in rows if row[8] == "隔离"] == ["无法解封"]
    one = _rows(tab.get(f"/ledger.csv?day={DAY}&terminal={other.number}").content.decode("utf-8"))
    assert len(one) == 3
    assert len(_rows(tab.get("/ledger.csv?day=2026-11-21").content.decode("utf-8"))) == 1
    assert len(_rows(tab.get(f"/ledger.csv?day={DAY}&terminal=none").content.decode("utf-8"))) == 1
    assert len(office.noted("ledger_read")) == 4


def test_the_file_is_made_while_it_is_sent(
    office: Office, terminal: PracticeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_CHUNK", 2)
    terminal.send(*(terminal.entry() for _ in range(5)))
    lines = Ledger(office.platform.store).lines(DAY)
    first = list(islice(lines, 2))
    terminal.send(terminal.entry())  # nothing is locked while somebody reads
    assert len(first) + len(list(lines)) == 6


def test_the_page_shows_the_totals(open_tab: OpenTab, terminal: PracticeTerminal) -> None:
    terminal.send(terminal.entry(), terminal.entry(spoil=True))
    text = open_tab(Role.AUDITOR).get(f"/ledger?day={DAY}").text
    assert "共 2 条，已入库 1，隔离 1" in text


def test_acts_are_on_record_in_order_with_who_what_and_when(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    tab = open_tab(Role.OPERATOR)
    tab.post(f"/terminals/{terminal.id}/suspend")
    auditor = open_tab(Role.AUDITOR)
    text = auditor.get("/audit").text
    for word in ("停用终端", terminal.id, "operator.1", "登录"):
        assert word in text
    assert "停用终端" in auditor.get("/audit?act=terminal_suspended").text.partition("<tbody>")[2]
    assert "登录" not in auditor.get("/audit?act=terminal_suspended").text.partition("<tbody>")[2]
    _heads, *rows = _rows(auditor.get("/audit.csv").content.decode("utf-8"))
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    assert "记录完整" in auditor.get("/audit?check=1").text


@pytest.mark.parametrize(
    "tampering",
    [
        "update operator_act set operator = 'li.si' where number = 3",
        "delete from operator_act where number = 3",
        "delete from operator_act where number = 5",
        "update operator_act set at = '2026-01-01T00:00:00.000Z' where number = 3",
    ],
)
def test_a_record_that_was_tampered_with_says_so(office: Office, tampering: str) -> None:
    from sync.central.console.acts import Act

    for number in range(5):
        office.acts.note("test.jia", Act.CASE_MOVED, str(number))
    assert office.acts.first_broken() is None
    with office.platform.store.transaction() as run:
        run.execute(tampering)
    assert office.acts.first_broken() == (5 if "= 5" in tampering else 3)


def test_the_record_is_read_in_pages(office: Office, open_tab: OpenTab) -> None:
    from sync.central.console.acts import Act

    for number in range(150):
        office.acts.note("test.jia", Act.CASE_MOVED, f"subject-{number}")
    tab = open_tab(Role.AUDITOR)
    first = tab.get("/audit").text
    assert "subject-149" in first
    assert "subject-3<" not in first
    assert "/audit?before=" in first
    older = first.partition("/audit?before=")[2].partition("&")[0]
    assert "subject-3<" in tab.get(f"/audit?before={older}").text


def test_a_character_that_a_database_cannot_keep_breaks_no_line(office: Office, open_tab: OpenTab) -> None:
    assert open_tab(Role.AUDITOR).get("/ledger.csv?terminal=%00x").status_code == 200
    assert office.acts.first_broken() is None


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "x"])
def test_a_day_at_the_end_of_the_calendar_is_todays_ledger(open_tab: OpenTab, day: str) -> None:
    tab = open_tab(Role.AUDITOR)
    assert tab.get(f"/ledger?day={day}").status_code == 200
    assert tab.get(f"/ledger.csv?day={day}").status_code == 200
