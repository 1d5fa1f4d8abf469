-- Live codes that identify an invented person.

create table identity_code (
  code_hash blob primary key, form text not null, person text not null, expires_at text not null,
  used_by text, used_at text
) without rowid;
