-- How the platform's tables spread over a sharding PostgreSQL (Citus and its kin).
--
-- Run it once, on the coordinator, in a database whose tables the platform has made (start `kiosk central` on it and
-- end it), before the first terminal is enrolled or while no worker runs:
--
--     create extension citus;
--     kiosk central --print-distribution | psql "$DATABASE"
--
-- Why it may be spread at all: everything that one terminal sends, and everything that is said to it, belongs to that
-- terminal alone.  Every table below begins its key with `terminal_id`, every unique index holds it, and each
-- statement of the platform that writes names one terminal (numbers are drawn by `insert … select max(number) + 1`,
-- which a sharding server passes to the one shard; it would refuse a subquery among values), so that a batch, its numbering and its acknowledgement
-- are one shard's business.  All of them are colocated: the joins of one terminal's rows never leave a node.
--
-- What stays on the coordinator: `terminal` (ten thousand rows: the lock by which a terminal's requests are taken in
-- one after the other, and its two names that must be unique in the whole county), and what belongs to no terminal
-- (codes, operators, the epoch).  The one foreign key from a terminal's rows to `terminal` cannot cross nodes and is
-- taken away; entries are only ever written under the lock of the terminal's row, so it guarded nothing more.

-- The project's tests prove the shape (every unique index of these tables holds `terminal_id`, no table of a terminal is
-- left out) on a plain server; they do not run a sharding one.

alter table entry drop constraint if exists entry_terminal_id_fkey;

select create_distributed_table('entry', 'terminal_id', shard_count => 32);
select create_distributed_table('conflicting_entry', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('chain_note', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('case_record', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('case_history', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('inbox', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('seen_nonce', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('heartbeat', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('heartbeat_history', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('device_report', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('audit_root', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('alarm', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('forwarding', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('case_word', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('rating', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('ticket', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('attachment', 'terminal_id', colocate_with => 'entry');
select create_distributed_table('attachment_piece', 'terminal_id', colocate_with => 'entry');

-- Not spread, because they are small and asked for across terminals: terminal, terminal_place, slip_key, reclaim,
-- succession.  And opening: a queue that every worker takes from the front of, small while the openers keep up.
