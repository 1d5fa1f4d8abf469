"""Opening the platform's database: old files gain what they miss, later ones and careless servers are refused."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlcipher3 import dbapi2

from kiosk.clock import ManualClock
from sync.bench.postgres_server import PostgresServer, postgres
from sync.central import postgres_engine, schema_parts, sqlite_engine
from sync.central.database import open_database
from sync.central.engine import UnusableDatabase
from sync.central.schema_parts import Part, parts
from sync.central.store import Store

TERMINAL = ("t100001-aa", "100001", "370508", bytes(32), "2026-01-01T00:00:00.000Z")


def file_of_schema(file: Path, version: int) -> Path:
    """A file as it was before the parts were numbered in a table, with a terminal and a stored entry."""
    connection = dbapi2.connect(str(file), isolation_level=None)
    for part in parts()[:version]:
        connection.executescript(part.sql)
    connection.execute(f"pragma user_version = {version}")
    connection.execute(
        "insert into terminal (terminal_id, terminal_number, region_code, public_key, enrolled_at, high_water)"
        " values (?, ?, ?, ?, ?, 1)",
        TERMINAL,
    )
    connection.execute(
        "insert into entry values (?, ?, 1, 'case', 's', '1', '1000010000000012', 'x', 'b', 1, x'00', ?, ?, 'stored',"
        " '', 'x', 1)",
        (TERMINAL[0], bytes(16), bytes(32), bytes(32)),
    )
    connection.execute("insert into platform values ('epoch', 'as it was')")
    connection.close()
    return file


@pytest.mark.fault(19)
@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_an_earlier_version_gains_what_it_misses(tmp_path: Path, version: int) -> None:
    store = Store(file_of_schema(tmp_path / "old.db", version), ManualClock())
    assert store.epoch == "as it was"
    with store.reading() as run:
        numbers = [row[0] for row in run.execute("select number from schema_part order by number").fetchall()]
        assert numbers == [part.number for part in parts()]
        assert run.execute("select standing, high_water from terminal").fetchone() == ("ok", 1)
        assert run.execute("select count(*) from identity_code").fetchone() == (0,)
        assert run.execute("select receipt_number from entry").fetchone() == ("1000010000000012",)
    store.close()
    Store(tmp_path / "old.db", ManualClock()).close()


@pytest.mark.fault(18)
def test_a_database_of_a_later_version_is_refused(database: Path | str) -> None:
    if isinstance(database, Path):
        database.parent.mkdir()
    engine = open_database(database)
    with engine.transaction() as run:
        run.execute("insert into schema_part values (99, 'of the future', 'x')")
    engine.close()
    with pytest.raises(UnusableDatabase, match="later version \\(part 99"):
        open_database(database)


@pytest.mark.fault(18)
def test_a_file_of_an_unknown_schema_is_refused(tmp_path: Path) -> None:
    connection = dbapi2.connect(str(tmp_path / "new.db"))
    connection.execute("pragma user_version = 57")
    connection.close()
    with pytest.raises(UnusableDatabase, match="later version"):
        open_database(tmp_path / "new.db")


@pytest.mark.fault(19)
def test_a_part_that_fails_leaves_everything_as_it_was(
    database: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(database, Path):
        database.parent.mkdir()
    open_database(database).close()
    broken = (
        *parts(),
        Part(98, "broken", "create table half (a integer);\ncreate table half (a integer);\n"),
    )
    for module in (schema_parts, sqlite_engine):
        monkeypatch.setattr(module, "parts", lambda: broken)
    with pytest.raises((UnusableDatabase, dbapi2.OperationalError)):
        open_database(database)
    monkeypatch.undo()
    engine = open_database(database)
    with pytest.raises(Exception, match="half"), engine.reading() as run:
        run.execute("select * from half")
    engine.close()


def test_several_workers_find_an_empty_database_at_once(postgres_url: str) -> None:
    opened: list[Store] = []
    ready = threading.Barrier(4)

    def begin() -> None:
        ready.wait(timeout=10)
        opened.append(Store(postgres_url, ManualClock()))

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(opened) == 4
    assert len({store.epoch for store in opened}) == 1
    for store in opened:
        store.close()


def test_a_server_that_does_not_sync_is_refused() -> None:
    with postgres({"fsync": "off"}) as server:
        with pytest.raises(UnusableDatabase, match="fsync = off: it would lose acknowledged cases"):
            open_database(server.new_database())


def test_commits_wait_for_the_disk_whatever_the_database_says(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    del postgres_server
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'alter database "{name}" set synchronous_commit = off'.encode())
    engine = open_database(postgres_url)
    with engine.transaction() as run:
        assert run.execute("show synchronous_commit").fetchone() == ("on",)
    engine.close()


def test_a_database_in_another_encoding_is_refused(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("create database latin encoding 'LATIN1' template template0 locale 'C'")
    with pytest.raises(UnusableDatabase, match="encoded in LATIN1; UTF8 is needed"):
        open_database(postgres_server.url("latin"))


def test_an_old_server_is_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_engine, "_OLDEST", 990000)
    with pytest.raises(UnusableDatabase, match="is too old; 13 is needed"):
        open_database(postgres_url)


def test_a_password_is_not_shown(postgres_url: str) -> None:
    engine = open_database(postgres_url.replace("postgres@", "postgres:geheim@"))
    assert "geheim" not in engine.address
    engine.close()


def test_nobody_else_reads_a_file_where_opened_cases_lie(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / "central.db"
    store = Store(file, ManualClock())
    try:
        store.check()
        files = sorted(tmp_path.glob("central.db*"))
        assert {one.name for one in files} == {"central.db", "central.db-shm", "central.db-wal"}
        assert {one.stat().st_mode & 0o777 for one in files} == {0o600}
    finally:
        store.close()


@pytest.mark.parametrize("what", ["folder", "text"])
def test_what_is_no_database_is_a_sentence(tmp_path: Path, what: str) -> None:
    if what == "text":
        (tmp_path / "central.db").write_text("this is a diary and no database at all" * 200, encoding="ascii")
    else:
        (tmp_path / "central.db").mkdir()
    with pytest.raises(UnusableDatabase, match=r"central\.db cannot be opened as a database"):
        open_database(tmp_path / "central.db")


def test_the_same_statement_means_the_same_in_both(database: Path | str) -> None:
    """Bytes, sums, order of text, question marks and percent signs inside of text."""
    if isinstance(database, Path):
        database.parent.mkdir()
    engine = open_database(database)
    rows: list[Any] = [("t10", bytes(range(256)), 5), ("t-9", b"", 7), ("T1", b"\0", -1)]
    with engine.transaction() as run:
        run.execute(
            "create table thing (name text, body "
            + ("blob" if isinstance(database, Path) else "bytea")
            + ", n integer)"
        )
        run.load("thing", ("name", "body", "n"), rows)
    with engine.reading() as run:
        assert run.execute(
            'select name from thing where name <> ? order by name collate "C"'
            if engine.many_writers
            else "select name from thing where name <> ? order by name",
            ("x?",),
        ).fetchall() == [
            ("T1",),
            ("t-9",),
            ("t10",),
        ]
        (total,) = run.execute("select sum(n) from thing").fetchone() or (None,)
        assert (total, type(total)) == (11, int)
        assert bytes(
            (run.execute("select body from thing where n = ?", (5,)).fetchone() or (b"",))[0]
        ) == bytes(range(256))
        assert run.execute("select '50 % ?', ?", ("a",)).fetchone() == ("50 % ?", "a")
    engine.close()
