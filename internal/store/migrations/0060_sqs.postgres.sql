-- Messages of queues (package sqs). A store is the contents of one queue; a
-- queue that is purged gets another. visible_at is when the message may be
-- received next: the end of its delay while tries is 0, of its visibility
-- timeout after that. receives names the holder: a receipt handle is good for
-- one value of it. seq is never used twice.
create table sqs_message (
  seq        bigint generated always as identity primary key,
  store      bigint  not null,
  visible_at bigint  not null,
  tries      integer not null default 0,
  sent_at    bigint  not null,
  receives   integer not null default 0,
  taken_at   bigint  not null default 0,
  first_at   bigint  not null default 0,
  id         text    not null,
  sender     text    not null,
  grp        text collate "C",
  dedup      text,
  source     text,
  extra      bytea,
  body       text    not null
);

create index sqs_message_due on sqs_message (store, visible_at, tries, sent_at);
create index sqs_message_group on sqs_message (store, grp, seq) where grp is not null;

-- Message groups of FIFO queues that hold messages. ready_at is when the group
-- may be received from: never while a message of it is in flight. tail_at keeps
-- delays from letting a message overtake the one before it.
create table sqs_group (
  store    bigint not null,
  grp      text collate "C"   not null,
  ready_at bigint not null,
  tail_at  bigint not null,
  primary key (store, grp)
);

create index sqs_group_ready on sqs_group (store, ready_at);

-- What FIFO queues have accepted in the last minutes. scope is the group where
-- the queue deduplicates within groups.
create table sqs_dedup (
  queue bigint not null,
  scope text collate "C" not null,
  dedup text collate "C" not null,
  at    bigint not null,
  id    text   not null,
  seq   bigint not null,
  primary key (queue, scope, dedup)
);

create index sqs_dedup_old on sqs_dedup (queue, at);

-- Receive requests that named themselves, to be repeated.
create table sqs_attempt (
  store    bigint not null,
  attempt  text collate "C" not null,
  at       bigint not null,
  messages text   not null,
  primary key (store, attempt)
);

-- Rows live for seconds and each receive makes another version: vacuum early.
alter table sqs_message set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table sqs_group set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
