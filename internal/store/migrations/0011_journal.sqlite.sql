-- Events (package journal), many to a row: a segment holds events of one stream
-- in one hour. seq is the order of arrival and never used twice.
create table journal_segment (
  seq      integer primary key autoincrement,
  log      text   not null,
  stream   text   not null,
  hour     bigint not null, -- hours since 1970: the partition
  first    bigint not null, -- time of the earliest event
  last     bigint not null, -- and of the latest
  ingested bigint not null,
  events   bigint not null,
  size     bigint not null, -- bytes of all bodies before compression
  data     blob   not null
);

create index journal_segment_scan on journal_segment (log, hour, stream, first, last, seq, size);

-- What is known of a stream without reading it.
create table journal_stream (
  log      text   not null,
  stream   text   not null,
  first    bigint not null,
  last     bigint not null,
  ingested bigint not null,
  events   bigint not null,
  size     bigint not null,
  primary key (log, stream)
);
