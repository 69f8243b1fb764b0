-- Minutes in which log events came to a group that has a metric filter with a
-- default value: the filter publishes the default where nothing matched.
create table logs_minute (
  log    text   {{c}} not null, -- the group's ID
  filter text   {{c}} not null,
  minute bigint not null,       -- since 1970
  state  bigint not null,       -- 0 nothing matched, 1 something did, 2 the default is published
  primary key (log, filter, minute)
);
