-- Runs of canaries. A run belongs to one start of its canary, and there is at
-- most one for each time its schedule was due.
create table canary_run (
  id        text   {{c}} not null primary key,
  canary_id text   {{c}} not null,
  start_no  bigint not null,
  scheduled bigint not null,
  state     text   not null,
  doc       text   not null
);

create unique index canary_run_tick on canary_run (canary_id, start_no, scheduled);
create index canary_run_newest on canary_run (canary_id, scheduled, id);
