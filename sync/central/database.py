"""The platform's database by its address: `sqlite:///FILE` or `postgresql://…`.

The port that both engines keep is `sync.central.engine`; the tables are the numbered files in `schema/`
(`sync.central.schema_parts`).
"""

from __future__ import annotations

from pathlib import Path

from sync.central.engine import Engine, UnusableDatabase
from sync.central.sqlite_engine import SqliteEngine

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


def open_database(address: Path | str) -> Engine:
    """Open it durably, its tables in place; raises `UnusableDatabase`. A path is a SQLite file."""
    if isinstance(address, Path):
        return SqliteEngine(address)
    if address.startswith(_POSTGRES):
        # psycopg takes a quarter of a second to import, which a small platform on SQLite need not spend.
        try:
            from sync.central.postgres_engine import PostgresEngine
        except ImportError as error:
            raise UnusableDatabase(f"PostgreSQL needs psycopg and libpq: {error}") from error
        return PostgresEngine(address)
    return SqliteEngine(sqlite_file(address))


def sqlite_file(address: str) -> Path:
    """The file of `sqlite:///FILE`; raises `UnusableDatabase` for anything that is neither that nor PostgreSQL."""
    if address.startswith(_SQLITE) and len(address) > len(_SQLITE):
        return Path(address.removeprefix(_SQLITE))
    raise UnusableDatabase(f"{address!r} is neither sqlite:///FILE nor postgresql://…")
