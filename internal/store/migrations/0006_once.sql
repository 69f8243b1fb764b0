-- Tokens of things done once (Once). They are forgotten after a day.
create table once (
  token text   {{c}} not null primary key,
  at    bigint not null
);

create index once_at on once (at);
