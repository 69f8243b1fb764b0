-- CloudWatch alarms, metric and composite. shard is the work row that evaluates
-- the alarm ('' of a composite), rev the shard's revision when it was written.
create table alarm (
  account   text   {{c}} not null,
  region    text   {{c}} not null,
  name      text   {{c}} not null,
  kind      text   not null,
  shard     text   not null,
  rev       bigint not null,
  version   bigint not null,
  state     text   not null,
  namespace text   not null, -- of a single metric, else ''
  metric    text   not null,
  config    text   not null,
  status    text   not null,
  primary key (account, region, name)
);

create index alarm_of_shard on alarm (shard, rev);
create index alarm_of_metric on alarm (account, region, namespace, metric);

-- One row for each shard that has a work row. rev grows with every change of an
-- alarm in it; incarnation is another number when alarms left it.
create table alarm_shard (
  id          text   not null primary key,
  incarnation bigint not null,
  rev         bigint not null
);

-- Which alarms a composite alarm listens to: those of its rule, and its
-- suppressor.
create table alarm_edge (
  account text   {{c}} not null,
  region  text   {{c}} not null,
  parent  text   {{c}} not null,
  child   text   {{c}} not null,
  role    text   not null, -- 'rule' or 'suppressor'
  primary key (account, region, parent, child, role)
);

create index alarm_edge_child on alarm_edge (account, region, child);
