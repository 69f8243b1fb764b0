-- Work: rows that fall due (package engine). due_at is schedule and lease in
-- one: a claim pushes it to the end of the lease, and epoch fences the holder.
-- due keeps what the row was scheduled for, through leases and retries. trace is
-- set while somebody waits for the row to come to rest.
-- Every step rewrites its row, so dead rows are swept early and often.
create table work (
  kind    text collate "C" not null,
  key     text collate "C" not null,
  lane    text collate "C" not null,
  due_at  bigint  not null,
  due     bigint  not null,
  epoch   bigint  not null,
  owner   text    not null default '',
  attempt integer not null default 0,
  trace   text    not null default '',
  state   bytea,
  primary key (kind, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

create index work_due on work (lane, due_at);
create index work_trace on work (trace) where trace <> '';
