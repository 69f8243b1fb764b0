-- Metrics (package series). A series is a metric with its dimensions; its key
-- is a hash of them, so that writers need not look it up.
create table metric_series (
  id        {{bytes}} not null primary key,
  account   text {{c}} not null,
  region    text {{c}} not null,
  namespace text {{c}} not null,
  name      text {{c}} not null,
  dims      text {{c}} not null, -- sorted pairs, separated by control characters
  seen      bigint    not null   -- when data last came, to the minute or so
);

create index metric_series_list on metric_series (account, region, namespace, name, dims);

-- The newest data as it came: appended, never changed, folded into chunks
-- within hours. dist is null where there is one value, or only a statistic set.
create table metric_head (
  series {{bytes}} not null,
  time   bigint    not null,
  period bigint    not null, -- microseconds: 1 s or 60 s
  unit   text      not null,
  count  {{float}} not null,
  sum    {{float}} not null,
  min    {{float}} not null,
  max    {{float}} not null,
  dist   {{bytes}}
);

create index metric_head_series on metric_head (series, time);

-- Everything older: the buckets of one series, of one period, in one window of
-- time, encoded.
create table metric_chunk (
  series {{bytes}} not null,
  period bigint    not null,
  start  bigint    not null,
  data   {{bytes}} not null,
  primary key (series, period, start)
);

create index metric_chunk_age on metric_chunk (period, start);
