"""The numbered parts that the platform's tables are made of: the files in `schema/`, each applied once.

A part is a file `NN_what.sql` in the dialect of `sync.central.engine`, written for SQLite: PostgreSQL gets it with
its own names of the types.  A part that was released is never edited; what changes comes as the next number.  Every
table of a terminal begins its key with `terminal_id`, so that a sharding PostgreSQL can spread it (`distribution.sql`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from sync.central.engine import UnusableDatabase

TABLE_OF_PARTS = """
create table if not exists schema_part (number integer primary key, title text not null, applied_at text not null)
"""

_NAME = re.compile(r"^(\d\d)_([a-z0-9_]+)\.sql$")
_POSTGRES_WORDS = (
    (re.compile(r"--[^\n]*"), ""),
    (re.compile(r"\bwithout rowid\b"), ""),
    (re.compile(r"\bblob\b"), "bytea"),
    (re.compile(r"\binteger\b"), "bigint"),
    (re.compile(r"\breal\b"), "double precision"),
    # Byte order, as SQLite has it: a locale would put "t10" somewhere else, and every index would be slower.
    (re.compile(r"\btext\b"), 'text collate "C"'),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One step of the schema."""

    number: int
    title: str
    sql: str


@cache
def parts() -> tuple[Part, ...]:
    """All parts that this version knows, in order."""
    found = []
    for file in resources.files("sync.central").joinpath("schema").iterdir():
        name = _NAME.match(file.name)
        if name:
            found.append(Part(int(name[1]), name[2], file.read_text(encoding="utf-8")))
    found.sort(key=lambda part: part.number)
    assert len({part.number for part in found}) == len(found), "two parts of the schema share a number"
    return tuple(found)


def missing(applied: set[int]) -> list[Part]:
    """What is still to be applied; raises `UnusableDatabase` when a later version was here."""
    known = {part.number for part in parts()}
    if applied - known:
        raise UnusableDatabase(
            f"the database was written by a later version (part {max(applied)} of its tables)"
        )
    return [part for part in parts() if part.number not in applied]


def for_postgres(sql: str) -> str:
    """A part as PostgreSQL reads it."""
    for word, replacement in _POSTGRES_WORDS:
        sql = word.sub(replacement, sql)
    return sql
