-- Work: rows that fall due (package engine). due_at is schedule and lease in
-- one: a claim pushes it to the end of the lease, and epoch fences the holder.
-- due keeps what the row was scheduled for, through leases and retries. trace is
-- set while somebody waits for the row to come to rest.
create table work (
  kind    text    not null,
  key     text    not null,
  lane    text    not null,
  due_at  bigint  not null,
  due     bigint  not null,
  epoch   bigint  not null,
  owner   text    not null default '',
  attempt integer not null default 0,
  trace   text    not null default '',
  state   blob,
  primary key (kind, key)
) without rowid;

create index work_due on work (lane, due_at);
create index work_trace on work (trace) where trace <> '';
