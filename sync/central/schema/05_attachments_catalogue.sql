-- What is handed in with cases, in pieces as it arrives; and the catalogues of services that were published.

create table attachment (
  terminal_id text not null, digest blob not null, entry_id blob not null, media_type text not null,
  size_bytes integer not null, received_bytes integer not null default 0, created_at text not null, stored_at text,
  primary key (terminal_id, digest)
) without rowid;
create index attachment_by_entry on attachment (terminal_id, entry_id);

-- A piece is one PATCH, some hundred kilobytes: too much for a row that lives inside its own index.
create table attachment_piece (
  terminal_id text not null, digest blob not null, first_byte integer not null, body blob not null,
  primary key (terminal_id, digest, first_byte)
);

-- For the whole fleet, so without a terminal in the key: a sharding database keeps a copy of these on each node.
create table publisher (public_key blob primary key, trusted_at text not null) without rowid;
create table catalogue (
  version integer primary key, digest text not null unique, manifest blob not null, signature blob not null,
  published_at text not null
);
create table pack (digest text primary key, body blob not null);
