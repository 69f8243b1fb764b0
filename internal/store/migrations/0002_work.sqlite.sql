-- Work: rows that fall due (package engine). due_at is schedule and lease in
-- one: a claim pushes it to the end of the lease, and epoch fences the holder.
create table work (
  kind    text    not null,
  key     text    not null,
  lane    text    not null,
  due_at  bigint  not null,
  epoch   bigint  not null,
  owner   text    not null default '',
  attempt integer not null default 0,
  state   blob,
  primary key (kind, key)
) without rowid;

create index work_due on work (lane, due_at);
